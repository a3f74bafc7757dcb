"""Addresses that employees send in: read once, no more than a few a day, and known ones start nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from catalog import articles, items, sources
from catalog.hosts import Manners
from catalog.ids import new_id
from catalog.items import SUGGESTIONS
from catalog.keys import Scope
from catalog.records import ItemState
from ingest.suggested import MOST_SUGGESTIONS
from tests import make
from tests.make import NOW

PAGE = "https://news.example/lock"


@pytest.fixture
def suggest(world):
    header = world.header(Scope.CONTENT)

    def post(url, person=world.seller.id, **more):
        path = f"/v1/employees/{person}/suggestions"
        return world.client.post(path, json={"url": url, **more}, headers=header)

    return post


def due(world):
    """The items that a worker would read now."""
    with world.database.write() as connection:
        return items.claim_due(connection, world.tenant, 100, NOW, timedelta(minutes=1), Manners(100))


def test_a_suggested_page_waits_to_be_read_like_any_other(world, suggest):
    answer = suggest(f"{PAGE}/?utm_source=mail#top")
    assert (answer.status_code, answer.json()) == (202, {"url": PAGE, "status": "accepted", "article_id": None})
    [row] = due(world).rows
    found = items.item_of(row)
    assert (found.url, found.suggested_by, found.title, found.summary) == (PAGE, world.seller.id, "", "")
    with world.database.read() as connection:
        source = sources.get(connection, world.tenant, found.source_id)
        assert items.document(connection, world.tenant, found.id) is None
    assert (source.url, source.internal) == (SUGGESTIONS, False)


def test_what_is_known_starts_nothing(world, suggest):
    suggest(PAGE)
    assert suggest(f"{PAGE}#again", world.engineer.id).json() == {"url": PAGE, "status": "known", "article_id": None}
    sales = world.meant["sales"]
    assert suggest(sales.url).json() == {"url": sales.url, "status": "known", "article_id": sales.id}
    assert len(due(world).rows) == 1


def test_a_curator_can_see_who_suggested_an_article(world, suggest):
    suggest(PAGE)
    claim = due(world)
    article = make.article(url=PAGE)
    with world.database.write() as connection:
        articles.save(connection, world.tenant, article)
        items.end(connection, world.tenant, claim.rows[0].id, claim.token, ItemState.STORED, article.id)
        assert items.suggesters(connection, world.tenant, article.id) == [world.seller.id]


def test_a_page_that_could_not_be_read_can_be_suggested_again(world, suggest):
    suggest(PAGE)
    claim = due(world)
    with world.database.write() as connection:
        items.end(connection, world.tenant, claim.rows[0].id, claim.token, ItemState.FAILED)
    assert suggest(PAGE, world.engineer.id).json()["status"] == "accepted"
    assert items.item_of(due(world).rows[0]).suggested_by == world.engineer.id


def test_a_day_has_room_for_so_many_each(world, suggest):
    with ThreadPoolExecutor(4) as pool:
        turns = range(MOST_SUGGESTIONS + 4)
        answers = list(pool.map(lambda turn: suggest(f"{PAGE}/{turn}").status_code, turns))
    assert (answers.count(202), answers.count(409)) == (MOST_SUGGESTIONS, 4)
    assert suggest(f"{PAGE}/more").json()["code"] == "enough_suggested"
    assert suggest(f"{PAGE}/more", world.engineer.id).status_code == 202


@pytest.mark.parametrize(
    "wrong", ["", "news.example", "file:///etc/passwd", "javascript:alert(1)", "https://", "x" * 3000]
)
def test_what_is_no_address_is_refused(world, suggest, wrong):
    assert suggest(wrong).status_code == 422
    assert not due(world).rows


def test_only_employees_suggest_and_only_addresses(world, suggest):
    assert suggest(PAGE, new_id()).json()["code"] == "unknown_employee"
    assert suggest(PAGE, "me").status_code == 422
    assert suggest(PAGE, note="read this").status_code == 422
    path = f"/v1/employees/{world.seller.id}/suggestions"
    assert world.client.post(path, json={"url": PAGE}).status_code == 401
    assert not due(world).rows
