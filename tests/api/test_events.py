"""Events over HTTP: once, whole batches, only about what was served."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog import events, impressions, people, quarantine, tenants
from catalog.errors import NotFound
from catalog.ids import TenantId, new_id
from catalog.impressions import Impression
from catalog.keys import Scope
from tests.make import NOW


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


def by_impression(feed, place=0, **given):
    said = {"id": new_id(), "type": "open", "at": "2026-03-02T10:01:00+01:00"}
    return said | {"impression": feed["items"][place]["impression"]} | given


def test_another_body_under_the_same_id_is_a_conflict_and_keeps_back_no_other_event(world, feed, send):
    first, fresh = event(feed), event(feed, 1)
    send(first)
    alone = send(first | {"type": "share"})
    assert (alone.status_code, alone.json()["code"]) == (409, "event_conflict")
    among = send(fresh, first | {"type": "share"}, fresh | {"type": "like"}).json()["results"]
    assert [(each["status"], each["code"]) for each in among] == [
        ("accepted", None),
        ("refused", "event_conflict"),
        ("refused", "event_conflict"),
    ]
    assert sorted(stored(world)) == sorted([first["id"], fresh["id"]])


@pytest.mark.parametrize("field", ["slate_id", "article_id", "employee_id"])
def test_what_no_slate_served_is_refused_and_keeps_back_no_other_event(world, feed, send, field):
    alone = send(event(feed, **{field: new_id()}))
    assert (alone.status_code, alone.json()["code"]) == (422, "not_served")
    good = event(feed)
    among = send(event(feed, **{field: new_id()}), good).json()["results"]
    assert [(each["status"], each["code"]) for each in among] == [("refused", "not_served"), ("accepted", None)]
    assert "no slate" in among[0]["detail"]
    assert stored(world) == [good["id"]]


def test_an_impression_stands_for_slate_article_and_person(world, feed, send):
    given = by_impression(feed, 1)
    assert send(given).json()["results"][0]["status"] == "accepted"
    named = event(feed, 1, id=given["id"])
    assert send(named).json()["results"][0]["status"] == "duplicate"  # it is the same event, however it is named


def test_an_impression_that_was_changed_is_refused(world, feed, send):
    token = feed["items"][0]["impression"]
    other = feed["items"][1]["impression"]
    assert len(token) == 86
    wrongs = [
        token[:-1] + ("A" if token[-1] != "A" else "Q"),
        token[:40] + other[40:],
        token[:-2],
        "x",
        token + "A",
        "é",
    ]
    for wrong in wrongs:
        answer = send(by_impression(feed, impression=wrong))
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_impression"), wrong
    good = by_impression(feed)
    among = send(by_impression(feed, impression="x"), good).json()["results"]
    assert [each["status"] for each in among] == ["refused", "accepted"]
    assert stored(world) == [good["id"]]


def test_an_impression_of_another_organisation_is_none_of_ours(world, feed, send):
    other = TenantId("other")
    with world.database.of(other).write() as connection:
        tenants.ensure(connection, other, "Other", NOW)
        impressions.rotate(connection, other, NOW)
        theirs = impressions.signer(connection, other)
    item = feed["items"][0]["article"]["id"]
    token = theirs.sign(Impression(feed["slate_id"], item, feed["employee_id"]))
    assert send(by_impression(feed, impression=token)).json()["code"] == "bad_impression"


def test_a_key_is_believed_for_a_month_after_another_took_its_place(world, feed):
    token = feed["items"][0]["impression"]
    with world.database.write() as connection:
        for days, readable in ((1, True), (30, True), (32, False)):
            impressions.rotate(connection, world.tenant, NOW + timedelta(days=days))
            signer = impressions.signer(connection, world.tenant)
            if readable:
                assert signer.read(token).slate == feed["slate_id"]
    with pytest.raises(impressions.BadImpression):
        signer.read(token)


def test_a_clock_that_is_wrong_is_corrected_by_when_the_batch_was_sent(world, feed, send):
    told = event(feed, at="2026-03-02T15:00:00Z")  # NOW is 09:00: the sender is six hours and a minute ahead
    answer = send(told, sent_at="2026-03-02T15:01:00Z")
    assert answer.json()["results"][0]["status"] == "accepted"
    with world.database.read() as connection:
        [kept] = events.since(connection, world.tenant, 0)
    assert kept.at == NOW - timedelta(minutes=1)
    assert (kept.said_at, kept.sent_at, kept.received_at) == (
        datetime(2026, 3, 2, 15, tzinfo=UTC),
        datetime(2026, 3, 2, 15, 1, tzinfo=UTC),
        NOW,
    )
    again = send(told, sent_at="2026-03-02T15:03:00Z")  # sent again later: the same event all the same
    assert again.json()["results"][0]["status"] == "duplicate"


def test_what_cannot_have_happened_then_waits_for_a_person(world, feed, send):
    ahead, before = event(feed, at="2026-03-04T09:00:00Z"), event(feed, 1, at="2026-02-28T09:00:00Z")
    for _ in range(2):
        results = send(ahead, before, event(feed)).json()["results"]
        assert [each["status"] for each in results[:2]] == ["quarantined"] * 2
        assert results[0]["code"] == "quarantined"
    header = world.header(Scope.EVENTS)
    first = world.client.get("/v1/events/quarantine", params={"limit": 1}, headers=header).json()
    second = world.client.get("/v1/events/quarantine", params={"cursor": first["next"]}, headers=header).json()
    reasons = {each["id"]: each["reason"] for each in first["items"] + second["items"]}
    assert reasons == {ahead["id"]: "future", before["id"]: "past"}
    assert second["next"] is None
    assert world.client.get("/v1/events/quarantine", params={"cursor": "x"}, headers=header).status_code == 422
    assert not {ahead["id"], before["id"]} & set(stored(world))


def test_what_is_released_counts_from_when_we_heard_of_it_and_is_then_known(world, feed, send):
    ahead, gone = event(feed, at="2026-03-04T09:00:00Z"), event(feed, 1, at="2026-03-04T09:00:00Z")
    send(ahead, gone)
    with world.database.write() as connection:
        events.release(connection, world.tenant, [ahead["id"]])
        quarantine.drop(connection, world.tenant, [gone["id"]])
        with pytest.raises(NotFound):
            quarantine.drop(connection, world.tenant, [gone["id"]])
        [kept] = events.since(connection, world.tenant, 0)
    assert (kept.id, kept.at, kept.axes) == (ahead["id"], NOW, world.seller.axes)
    assert send(ahead).json()["results"][0]["status"] == "duplicate"


def test_an_erased_person_leaves_nothing_in_quarantine(world, feed, send):
    send(event(feed, at="2026-03-04T09:00:00Z"))
    with world.database.write() as connection:
        assert people.export(connection, world.tenant, world.seller.id)["quarantined"]
        people.erase(connection, world.tenant, world.seller.id)
        assert quarantine.page(connection, world.tenant, 10) == []


def test_an_item_is_named_once(world, feed, send):
    both = event(feed) | {"impression": feed["items"][0]["impression"]}
    half = {name: value for name, value in event(feed).items() if name != "slate_id"}
    for wrong in (both, half):
        answer = send(wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
        assert "impression" in answer.json()["detail"]


def past(world, **given):
    said = {"employee": world.seller.email, "article": world.meant["sales"].url, "type": "open"}
    return said | {"at": "2026-01-05T10:00:00+01:00"} | given


def test_history_of_another_tool_comes_once_and_what_does_not_fit_keeps_back_nothing(world):
    header = world.header(Scope.EVENTS)
    batch = [past(world), past(world, employee="nobody@else.example"), past(world, article="ext:unknown")]
    batch += [past(world, type="seen"), past(world, at="2027-01-01T00:00:00Z"), past(world, employee=world.seller.id)]
    for expected in ("accepted", "duplicate"):
        answer = world.client.post("/v1/events:import", json={"events": batch}, headers=header)
        results = answer.json()["results"]
        assert [each["status"] for each in results] == [expected, *["refused"] * 4, "duplicate"]
    assert [each["detail"].split(":")[0] for each in results[1:5]] == [
        "unknown person",
        "unknown article",
        "unknown event",
        "in the future",
    ]
    with world.database.read() as connection:
        [kept] = events.since(connection, world.tenant, 0)
    assert (kept.imported, kept.slate_id, kept.axes) == (True, None, world.seller.axes)


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
