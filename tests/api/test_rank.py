"""A caller's own list: ranked for one person, checked like a feed, logged like one, and never taken for one."""

import pytest

from catalog import articles, people, slates
from catalog.database import Database
from catalog.ids import SlateId, new_id
from catalog.keys import Scope
from catalog.records import State
from evaluation.replay import replay
from ranking.config import RankingOptions
from ranking.slate import UNKNOWN
from tests import make
from tests.make import NOW


@pytest.fixture
def rank(world):
    header = world.header(Scope.RECOMMEND)

    def ask(*refs, person=None, **more):
        body = {"employee": (person or world.seller).id, "articles": list(refs)} | more
        return world.client.post("/v1/rank", json=body, headers=header)

    return ask


def codes(answer):
    return {each["ref"]: each["code"] for each in answer.json()["left_out"]}


def test_a_list_is_ranked_for_one_person_and_says_why_not(world, rank):
    mine, other, everybody = (world.meant[name].id for name in ("sales", "engineering", "*"))
    unknown = new_id()
    answer = rank(other, everybody, mine, unknown, "ext:nobody/knows", mine.upper(), language="nl")
    told = answer.json()
    assert answer.status_code == 200
    assert {item["ref"] for item in told["items"]} == {mine, everybody}
    assert [item["position"] for item in told["items"]] == [1, 2]
    assert told["items"][0]["score"] >= told["items"][1]["score"]
    assert all(item["reasons"] and item["impression"] for item in told["items"])
    assert codes(answer) == {
        other: "audience",
        unknown: "not_found",
        "ext:nobody/knows": "not_found",
        mine.upper(): "repeated",
    }


def test_what_is_not_live_has_no_place(world, rank):
    gone = world.meant["sales"]
    with world.database.write() as connection:
        articles.move(connection, world.tenant, articles.get(connection, world.tenant, gone.id), State.WITHDRAWN)
    answer = rank(gone.id)
    assert (answer.json()["items"], codes(answer)) == ([], {gone.id: "not_live"})


def test_events_name_its_slate_and_what_was_dismissed_is_left_out(world, rank):
    mine = world.meant["sales"].id
    item = rank(mine).json()["items"][0]
    event = {"id": new_id(), "type": "dismiss", "impression": item["impression"], "at": NOW.isoformat()}
    sent = world.client.post("/v1/events", json={"events": [event]}, headers=world.header(Scope.EVENTS))
    assert sent.is_success, sent.text
    assert codes(rank(mine)) == {mine: "done_with"}


def test_a_list_is_logged_for_what_it_is_and_is_nobodys_feed(world, rank):
    mine = [article.id for article in world.meant.values()]
    feed = world.feed(world.seller).json()
    listed = rank(*mine).json()
    with world.database.read() as connection:
        slate = slates.get(connection, world.tenant, SlateId(listed["slate_id"]))
    assert slate.listed
    assert {item.propensity for item in slate.items} == {UNKNOWN}
    assert world.feed(world.seller).json()["slate_id"] == feed["slate_id"]


def test_replay_makes_it_again_from_less_than_was_live(world, rank):
    world.feed(world.seller)
    rank(world.meant["sales"].id)
    rank(world.meant["*"].id, world.meant["sales"].id)
    assert replay(world.database, world.tenant, RankingOptions()) == []


def test_what_is_closed_between_ranking_and_the_check_has_the_rest_ranked_anew(world, rank, monkeypatch):
    """Withdrawn at the very moment between: the list that is logged is whole, so replay makes it again."""
    mine, everybody = world.meant["sales"].id, world.meant["*"].id
    service = world.client.app.state.services.feeds(world.tenant)
    real = service.hand_out
    calls = []

    def late(database: Database, slate, *record):
        if not calls:
            with database.write() as connection:
                found = articles.get(connection, world.tenant, mine)
                articles.move(connection, world.tenant, found, State.WITHDRAWN)
        calls.append(slate)
        return real(database, slate, *record)

    monkeypatch.setattr(service, "hand_out", late)
    answer = rank(mine, everybody)
    assert [item["ref"] for item in answer.json()["items"]] == [everybody]
    assert codes(answer) == {mine: "not_live"}
    assert [len(slate.items) for slate in calls] == [2, 1]
    assert replay(world.database, world.tenant, RankingOptions()) == []


def test_nobody_is_ranked_for_who_did_not_opt_in(world, rank):
    stranger = make.employee("sales", opted_in=False)
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [stranger])
    answer = rank(world.meant["sales"].id, person=stranger)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_opted_in")


@pytest.mark.parametrize("refs", [[], ["x"], ["ext:" + "a" * 201], ["ext:a"] * 501])
def test_a_list_has_1_to_500_names(rank, refs):
    answer = rank(*refs)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
