"""Events over HTTP: once, whole batches, only about what was served."""

import pytest

from catalog import events
from catalog.ids import new_id
from catalog.keys import Scope


def event(feed, place=0, **given):
    said = {
        "id": new_id(),
        "type": "open",
        "slate_id": feed["slate_id"],
        "article_id": feed["items"][place]["article"]["id"],
        "employee_id": feed["employee_id"],
        "at": "2026-03-02T10:01:00+01:00",
    }
    return said | given


@pytest.fixture
def feed(world):
    return world.feed(world.seller).json()


@pytest.fixture
def send(world):
    header = world.header(Scope.EVENTS)

    def post(*batch, **more):
        return world.client.post("/v1/events", json={"events": list(batch), **more}, headers=header)

    return post


def stored(world):
    with world.database.read() as connection:
        return [event.id for event in events.since(connection, world.tenant, 0)]


def test_a_batch_is_stored_and_sent_again_is_a_duplicate(world, feed, send):
    batch = [event(feed, 0), event(feed, 1, type="seen")]
    for status in ("accepted", "duplicate"):
        answer = send(*batch)
        assert answer.status_code == 200
        assert [result["status"] for result in answer.json()["results"]] == [status] * 2
    assert sorted(stored(world)) == sorted(one["id"] for one in batch)


def test_what_somebody_did_changes_their_next_slate(world, feed, send):
    send(event(feed, 0, type="share"))
    assert world.feed(world.seller).json()["slate_id"] != feed["slate_id"]


def test_another_body_under_the_same_id_is_a_conflict(world, feed, send):
    first = event(feed)
    send(first)
    answer = send(event(feed, 1), first | {"type": "share"})
    assert (answer.status_code, answer.json()["code"]) == (409, "event_conflict")
    assert stored(world) == [first["id"]]


@pytest.mark.parametrize("field", ["slate_id", "article_id", "employee_id"])
def test_what_no_slate_served_is_refused_and_nothing_is_half_written(world, feed, send, field):
    answer = send(event(feed), event(feed, **{field: new_id()}))
    assert (answer.status_code, answer.json()["code"]) == (422, "not_served")
    assert "nothing of this batch was stored" in answer.json()["detail"]
    assert stored(world) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "stare"},
        {"at": "2026-03-02T10:01:00"},
        {"at": "tomorrow"},
        {"at": "9999-12-31T23:59:59-14:00"},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": 1700000000},
        {"id": "1"},
        {"slate_id": "../../etc"},
        {"extra": 1},
        {"article_id": None},
    ],
)
def test_malformed_events_are_named(world, feed, send, wrong):
    answer = send(event(feed) | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert f"events.0.{next(iter(wrong))}" in answer.json()["detail"]
    assert stored(world) == []


def test_empty_and_oversized_batches_are_refused(send, feed):
    assert send().status_code == 422
    assert send(*(event(feed) for _ in range(1001))).status_code == 422


def test_what_is_not_json_is_refused(world):
    header = world.header(Scope.EVENTS) | {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[1]", b'{"events": "x"}', b"\xff\xfe"):
        answer = world.client.post("/v1/events", content=body, headers=header)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), body
