"""Picks in a feed reader: valid for both kinds, for one person alone, and checked again at every reading."""

import io
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import feedparser
import pytest

from catalog import articles, people
from catalog.consents import Consent
from catalog.ids import TenantId
from catalog.keys import Scope
from catalog.records import State
from ranking.picks import Picker, PickOptions
from tests import make
from tests.make import NOW

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def picked(world):
    """Everybody has picks of today, of which one has markup and no address."""
    with world.database.write() as connection:
        world.meant["odd"] = make.store_live(
            connection,
            world.tenant,
            make.audience("sales"),
            seed=8,
            title="Fish & <b>chips</b>",
            lead="It's \u0001 5 < 6",
            url=None,
            author="",
        )
    feeds = world.client.app.state.services.feeds(world.tenant)
    Picker(world.tenant, feeds, PickOptions()).make(world.database, NOW.date(), lambda: NOW, lambda _: None)


@pytest.fixture
def addresses(world, picked):
    answer = world.client.post(f"/v1/employees/{world.seller.id}/syndication", headers=world.header(Scope.PEOPLE))
    assert answer.status_code == 201
    return answer.json()


def test_the_json_feed_keeps_to_version_1_1(world, addresses):
    answer = world.client.get(addresses["json_feed"])
    told = answer.json()
    assert answer.headers["content-type"] == "application/feed+json"
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert told["title"]
    assert told["feed_url"].endswith(addresses["json_feed"])
    assert len(told["items"]) == 3
    for item in told["items"]:
        assert isinstance(item["id"], str)
        assert item["content_text"]
        assert datetime.fromisoformat(item["date_published"]).tzinfo
        assert all(author["name"] for author in item.get("authors", []))
        assert item.get("url", "https://").startswith("https://")
    assert len({item["id"] for item in told["items"]}) == 3


def test_the_atom_feed_keeps_to_rfc_4287(world, addresses):
    answer = world.client.get(addresses["atom"])
    assert answer.headers["content-type"] == "application/atom+xml"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{ATOM}feed"
    for needed in ("id", "title", "updated"):
        assert len(root.findall(ATOM + needed)) == 1
    own = [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert len(own) == 1
    assert own[0].endswith(".atom")
    assert root.find(f"{ATOM}author/{ATOM}name").text
    entries = root.findall(f"{ATOM}entry")
    ids = [entry.find(f"{ATOM}id").text for entry in [root, *entries]]
    assert len(set(ids)) == len(ids) == 4
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", each) for each in ids)
    for entry in entries:
        for needed in ("title", "updated", "published"):
            assert len(entry.findall(ATOM + needed)) == 1
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.find(f"{ATOM}updated").text)
        assert entry.find(f"{ATOM}content").text
        links = [link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
        assert len(links) <= 1


def test_a_parser_reads_what_was_written(world, addresses):
    found = feedparser.parse(io.BytesIO(world.client.get(addresses["atom"]).content))
    assert not found.bozo
    odd = next(entry for entry in found.entries if "chips" in entry.title)
    assert odd.title == "Fish & <b>chips</b>"
    assert "5 < 6" in odd.content[0].value
    assert {entry.id for entry in found.entries} == {
        item["id"] for item in world.client.get(addresses["json_feed"]).json()["items"]
    }


def test_only_what_changed_is_sent(world, addresses):
    for kind in ("json_feed", "atom"):
        first = world.client.get(addresses[kind])
        assert first.headers["Cache-Control"] == "private, max-age=900"
        by_tag = world.client.get(addresses[kind], headers={"If-None-Match": first.headers["ETag"]})
        by_date = world.client.get(addresses[kind], headers={"If-Modified-Since": first.headers["Last-Modified"]})
        older = world.client.get(addresses[kind], headers={"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"})
        broken = world.client.get(addresses[kind], headers={"If-Modified-Since": "yesterday"})
        assert [each.status_code for each in (by_tag, by_date, older, broken)] == [304, 304, 200, 200]


def test_it_shows_what_may_be_shown_now(world, addresses):
    with world.database.write() as connection:
        known = articles.get(connection, world.tenant, world.meant["sales"].id)
        articles.move(connection, world.tenant, known, State.WITHDRAWN)
    shown = world.client.get(addresses["json_feed"]).json()["items"]
    assert known.id not in str(shown)
    assert len(shown) == 2
    with world.database.write() as connection:
        people.set_opted_in(connection, world.tenant, world.seller.id, Consent(NOW, False, "test"))
    assert world.client.get(addresses["json_feed"]).json()["items"] == []


def test_an_address_ends_when_it_is_revoked_replaced_or_its_person_is_erased(world, addresses):
    header, path = world.header(Scope.PEOPLE), f"/v1/employees/{world.seller.id}"
    again = world.client.post(f"{path}/syndication", headers=header).json()
    gone = world.client.get(addresses["atom"])
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert world.client.delete(f"{path}/syndication", headers=header).status_code == 204
    assert world.client.get(again["atom"]).json() == gone.json()
    last = world.client.post(f"{path}/syndication", headers=header).json()
    world.client.delete(path, headers=header)
    assert world.client.get(last["atom"]).status_code == 404


def test_the_secret_is_nowhere_to_be_found(world, addresses, caplog):
    secret = addresses["atom"].split("/")[3]
    with world.database.read() as connection:
        kept = people.export(connection, world.tenant, world.seller.id)
    world.client.get(addresses["atom"])
    assert secret not in str(kept)
    assert secret not in caplog.text
    other = addresses["atom"].replace(f"/{world.tenant}/", "/another/")
    assert world.client.get(other).json() == world.client.get(addresses["atom"].replace(secret, "x" * 43)).json()


def test_the_newest_day_comes_first_and_an_article_once(world, addresses):
    feeds = world.client.app.state.services.feeds(world.tenant)
    tomorrow = NOW + timedelta(days=1)
    Picker(TenantId(world.tenant), feeds, PickOptions(again=timedelta(0))).make(
        world.database, tomorrow.date(), lambda: tomorrow, lambda _: None
    )
    told = world.client.get(addresses["json_feed"]).json()
    assert len({item["id"] for item in told["items"]}) == len(told["items"])
    assert max(item["date_modified"] for item in told["items"]) == NOW.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
