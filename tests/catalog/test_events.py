"""The event log: exactly once, without gaps, only what was served. On both databases."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from catalog import events, people, slates, tenants
from catalog.errors import Invalid
from catalog.events import EventConflict, NotServed
from catalog.ids import SlateId, new_id
from catalog.records import EventType
from tests import make


@pytest.fixture
def offered(database, tenant):
    person = make.employee("sales")
    with database.write() as connection:
        items = [make.store_live(connection, tenant, make.audience("sales"), seed=seed).id for seed in range(3)]
        slate = make.slate(person.id, items)
        make.store_slate(connection, tenant, person, slate)
    return slate


def log(database, tenant):
    with database.read() as connection:
        return list(events.since(connection, tenant, 0))


def test_a_batch_is_numbered_without_gaps_and_keeps_who_the_person_was(database, tenant, offered):
    batch = [make.event(offered, position) for position in (1, 2, 3)]
    with database.write() as connection:
        done = events.append(connection, tenant, batch)
    assert [one.status for one in done] == ["accepted"] * 3
    found = log(database, tenant)
    assert [event.seq for event in found] == [1, 2, 3]
    assert {event.id for event in found} == {event.id for event in batch}
    assert all(event.axes == offered.axes for event in found)


def test_answers_are_the_events_of_slates_in_order_however_many_are_read_at_once(
    database, tenant, offered, monkeypatch
):
    monkeypatch.setattr(events, "_PAGE", 2)
    history = make.event(offered, 1, slate_id=None, axes=offered.axes)
    with database.write() as connection:
        events.append(connection, tenant, [make.event(offered, 1, EventType.SEEN), make.event(offered, 1)])
        events.append_history(connection, tenant, [history])
        events.append(connection, tenant, [make.event(offered, place) for place in (2, 3)])
    with database.read() as connection:
        found = list(events.answers(connection, tenant))
    whole = [event for event in log(database, tenant) if event.slate_id]
    assert len(found) == len(whole) == 4
    for one, event in zip(found, whole, strict=True):
        assert one == (event.slate_id, event.article_id, event.type, event.at, event.received_at)
        assert isinstance(one.type, EventType)


def test_sent_again_changes_nothing(database, tenant, offered):
    batch = [make.event(offered, 1), make.event(offered, 2)]
    for expected in ("accepted", "duplicate"):
        with database.write() as connection:
            assert {one.status for one in events.append(connection, tenant, batch)} == {expected}
    assert len(log(database, tenant)) == 2


def test_twice_in_one_batch_is_once_in_the_log(database, tenant, offered):
    event = make.event(offered)
    with database.write() as connection:
        events.append(connection, tenant, [event, event])
    assert [found.id for found in log(database, tenant)] == [event.id]


def test_the_same_id_with_another_body_is_refused(database, tenant, offered):
    event = make.event(offered)
    with database.write() as connection:
        events.append(connection, tenant, [event])
    for other in (replace(event, type=EventType.SHARE), replace(event, article_id=offered.items[1].article_id)):
        with pytest.raises(EventConflict), database.write() as connection:
            events.append(connection, tenant, [make.event(offered, 2), other])
    with pytest.raises(EventConflict), database.write() as connection:
        fresh = make.event(offered, 3)
        events.append(connection, tenant, [fresh, replace(fresh, type=EventType.LIKE)])
    assert len(log(database, tenant)) == 1


def test_what_no_slate_served_is_refused_and_takes_the_batch_along(database, tenant, offered):
    good = make.event(offered)
    strangers = [
        replace(good, id=new_id(), slate_id=SlateId(new_id())),
        replace(good, id=new_id(), employee_id=new_id()),
        replace(good, id=new_id(), article_id=new_id()),
    ]
    for stranger in strangers:
        with pytest.raises(NotServed, match="no slate"), database.write() as connection:
            events.append(connection, tenant, [good, stranger])
    assert log(database, tenant) == []


def test_writers_at_the_same_time_leave_no_gap(database, tenant, offered):
    def send() -> None:
        for _ in range(5):
            with database.write() as connection:
                events.append(connection, tenant, [make.event(offered, position) for position in (1, 2)])

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in log(database, tenant)] == list(range(1, 41))
    with database.read() as connection:
        assert tenants.get(connection, tenant).seq == 40


def test_a_slate_comes_back_as_it_was_served(database, tenant, offered):
    with database.read() as connection:
        before, seq = offered.created_at - timedelta(seconds=1), offered.seq
        assert slates.latest(connection, tenant, offered.employee_id, before, seq) == offered
        assert slates.latest(connection, tenant, offered.employee_id, offered.created_at, seq) is None
        assert slates.latest(connection, tenant, offered.employee_id, before, seq + 1) is None
        assert list(slates.every(connection, tenant)) == [offered]


def test_an_erased_person_leaves_counts_and_nothing_else(database, tenant, offered):
    with database.write() as connection:
        events.append(connection, tenant, [make.event(offered)])
        touched = people.erase(connection, tenant, offered.employee_id)
    assert touched == {"slates removed": 1, "events anonymised": 1}
    (left,) = log(database, tenant)
    assert (left.employee_id, left.slate_id, left.axes) == (None, None, {})
    with database.read() as connection:
        assert people.every(connection, tenant) == []
        assert list(slates.every(connection, tenant)) == []


def test_export_shows_all_that_is_kept(database, tenant, offered):
    event = make.event(offered)
    with database.write() as connection:
        events.append(connection, tenant, [event])
        kept = people.export(connection, tenant, offered.employee_id)
    assert kept["employee"]["id"] == offered.employee_id
    assert [row["id"] for row in kept["slates"]] == [offered.id]
    assert {row["article_id"] for row in kept["offered"]} == {item.article_id for item in offered.items}
    assert all(row["features"] for row in kept["offered"])
    assert [(row["event_id"], row["axes"]) for row in kept["events"]] == [(event.id, offered.axes)]


def test_history_comes_last_once_and_with_its_person(database, tenant, offered):
    past = make.event(offered, slate_id=None, at=offered.created_at - timedelta(days=90), axes={"function": {"hr"}})
    with database.write() as connection:
        events.append(connection, tenant, [make.event(offered)])
    for expected in ("accepted", "duplicate"):
        with database.write() as connection:
            assert {one.status for one in events.append_history(connection, tenant, [past])} == {expected}
    served, found = log(database, tenant)
    assert (found.seq, found.at, found.slate_id, found.employee_id) == (2, past.at, None, offered.employee_id)
    assert found.axes == {"function": {"hr"}}
    assert (found.imported, served.imported) == (True, False)
    with database.write() as connection:
        people.erase(connection, tenant, offered.employee_id)
    assert [(event.employee_id, event.axes) for event in log(database, tenant)] == [(None, {})] * 2


@pytest.mark.parametrize(
    "given", [{}, {"slate_id": None, "employee_id": None}, {"slate_id": None, "type": EventType.SEEN}]
)
def test_what_is_no_history_is_refused_as_such(database, tenant, offered, given):
    with database.write() as connection, pytest.raises(Invalid, match="no history"):
        events.append_history(connection, tenant, [make.event(offered, **given)])
    with database.write() as connection, pytest.raises(NotServed):
        events.append(connection, tenant, [make.event(offered, slate_id=None)])
    assert log(database, tenant) == []
