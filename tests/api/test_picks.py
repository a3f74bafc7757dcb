"""The picks of a day over HTTP: read, not ranked, and checked again at the moment of reading."""

import pytest

from catalog import articles, people
from catalog.consents import Consent
from catalog.keys import Scope
from catalog.records import State
from models.heuristic import HeuristicRanker
from ranking.config import RankingOptions
from ranking.feed import FeedService
from ranking.picks import Picker, PickOptions
from tests import make
from tests.make import NOW


@pytest.fixture
def read(world):
    """Somebody's picks, as a program gets them."""

    def get(person, **query):
        path = f"/v1/employees/{person.id}/picks"
        return world.client.get(path, params=query, headers=world.header(Scope.RECOMMEND))

    return get


@pytest.fixture
def made(world):
    feeds = FeedService(world.tenant, HeuristicRanker, RankingOptions())
    Picker(world.tenant, feeds, PickOptions()).make(world.database, NOW.date(), lambda: NOW, lambda _: None)


def titles(answer):
    return {item["article"]["title"] for item in answer.json()["items"]}


@pytest.mark.usefixtures("made")
def test_everybody_reads_their_own(world, read):
    assert titles(read(world.seller)) == {"For sales", "For *"}
    assert titles(read(world.engineer)) == {"For engineering", "For *"}
    found = read(world.seller, language="nl").json()
    assert found["day"] == NOW.date().isoformat()
    assert all(reason["text"] for item in found["items"] for reason in item["reasons"])
    event = {"id": "6f1c2c1e-0d5b-4c53-9d0e-0a4f4c1f7f11", "type": "open", "slate_id": found["slate_id"]}
    about = {"article_id": found["items"][0]["article"]["id"], "employee_id": found["employee_id"]}
    body = {"events": [event | about | {"at": NOW.isoformat()}]}
    assert world.client.post("/v1/events", json=body, headers=world.header(Scope.EVENTS)).status_code < 300


@pytest.mark.usefixtures("made")
def test_what_was_withdrawn_since_is_left_out(world, read):
    with world.database.write() as connection:
        articles.move(connection, world.tenant, world.meant["sales"], State.WITHDRAWN)
    assert titles(read(world.seller)) == {"For *"}


@pytest.mark.usefixtures("made")
def test_who_left_or_has_none_of_that_day_reads_nothing(world, read):
    assert read(world.seller, day="2026-03-01").json()["items"] == []
    with world.database.write() as connection:
        people.set_opted_in(connection, world.tenant, world.seller.id, Consent(NOW, False, "test"))
    found = read(world.seller).json()
    assert (found["slate_id"], found["items"]) == (None, [])


@pytest.mark.parametrize(("query", "status"), [({"day": "soon"}, 422), ({"language": "xx"}, 422)])
def test_bad_queries_are_refused(world, read, query, status):
    assert read(world.seller, **query).status_code == status


def test_nobody_we_know(read):
    assert read(make.employee()).status_code == 404
