"""Leases: nothing is lost, nothing is done twice. On both databases."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest

from catalog import articles, tables
from catalog.claims import LeaseLost, finish
from catalog.database import Database
from catalog.ids import TenantId
from catalog.records import State
from tests import make
from tests.make import NOW

LEASE = timedelta(minutes=5)


def save(database: Database, tenant: TenantId, count: int) -> None:
    with database.write() as connection:
        for _ in range(count):
            articles.save(connection, tenant, make.article())


def take(database: Database, tenant: TenantId, limit: int = 10, now=NOW):
    with database.write() as connection:
        return articles.claim_extracted(connection, tenant, limit, now, LEASE)


def test_what_is_claimed_is_not_claimed_again(database, tenant):
    save(database, tenant, 3)
    first, second = take(database, tenant, 2), take(database, tenant, 2)
    assert (len(first.rows), len(second.rows)) == (2, 1)
    assert {row.id for row in first.rows}.isdisjoint(row.id for row in second.rows)
    assert not take(database, tenant)


def test_an_expired_lease_is_work_again_and_the_late_worker_is_refused(database, tenant):
    save(database, tenant, 1)
    late = take(database, tenant)
    again = take(database, tenant, now=NOW + LEASE)
    assert [row.id for row in again.rows] == [row.id for row in late.rows]
    row_id = late.rows[0].id
    with pytest.raises(LeaseLost), database.write() as connection:
        finish(connection, tables.articles, tenant, row_id, late.token, {"state": State.TAGGED})
    with database.write() as connection:
        finish(connection, tables.articles, tenant, row_id, again.token, {"state": State.TAGGED})
    with database.read() as connection:
        assert articles.get(connection, tenant, row_id).state is State.TAGGED


def test_another_tenant_sees_no_work(database, tenant):
    save(database, tenant, 1)
    assert not take(database, TenantId("other"))


def test_workers_at_the_same_time_share_without_overlap(database, tenant):
    save(database, tenant, 20)
    start, taken = Barrier(4), []

    def work() -> None:
        start.wait()
        while rows := take(database, tenant, 3).rows:
            taken.extend(row.id for row in rows)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 20
