"""Many at once mean what one at a time means, on both databases."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from catalog import bulk, people
from catalog.database import values
from catalog.ids import EventId, new_id
from catalog.records import EventType
from catalog.tables import employees, events
from tests import make
from tests.make import NOW


@pytest.fixture
def row(database, tenant):
    """Makes a row of the event log about an article that there is."""
    with database.write() as connection:
        article = make.store_live(connection, tenant, make.audience("sales"))
    event = replace(make.event(make.slate(new_id(), [article.id])), axes={"function": frozenset({"sales", "né'e"})})

    def made(seq, **given):
        said = values(event, "id", "seq") | {"tenant_id": tenant, "seq": seq, "event_id": EventId(new_id())}
        return said | {"body_hash": "0" * 64, "said_at": None} | given

    return made


def test_rows_are_what_they_are_one_by_one(database, row):
    east = timezone(timedelta(hours=5, minutes=30))
    given = [row(1), row(2, at=NOW.astimezone(east) + timedelta(microseconds=1)), row(3, type=EventType.SHARE)]
    columns = list(events.c)
    with database.write() as connection:
        bulk.append(connection, events, given)
        bulk.append(connection, events, [])
        ours = connection.execute(select(*columns).order_by(events.c.seq)).all()
        connection.execute(events.delete())
        for each in given:
            connection.execute(insert(events).values(each))
        assert connection.execute(select(*columns).order_by(events.c.seq)).all() == ours
    assert [each.at for each in ours] == [each["at"] for each in given]


def test_a_batch_that_breaks_a_rule_is_refused_whole(database, row):
    one = row(1)
    for wrong in ({"event_id": one["event_id"]}, {"article_id": new_id()}, {"body_hash": None}):
        with pytest.raises(IntegrityError), database.write() as connection:
            bulk.append(connection, events, [one, row(2, **wrong)])
    with database.read() as connection:
        assert connection.execute(select(events)).all() == []


@pytest.mark.parametrize("number", [0, 1, 40_000])
def test_however_many_names_there_are(database, tenant, number):
    names = [f'né\'e "{place}"' for place in range(number)]
    with database.read() as connection:
        dialect = connection.dialect.name
        given = {"names": bulk.names(dialect, names)}
        assert connection.execute(select(bulk.told(dialect)), given).scalars().all() == names
        among = bulk.one_of(dialect, employees.c.id)
        assert connection.execute(select(employees.c.id).where(among), given).all() == []


def test_one_of_them_is_found(database, tenant):
    person = make.employee("sales")
    with database.write() as connection:
        people.upsert(connection, tenant, [person, make.employee("hr")])
        dialect = connection.dialect.name
        query = select(employees.c.id).where(bulk.one_of(dialect, employees.c.id))
        given = {"names": bulk.names(dialect, [person.id, None, "x"])}
        assert connection.execute(query, given).scalars().all() == [person.id]
