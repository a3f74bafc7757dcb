"""Replay finds nothing where the log tells the truth, and names what differs where it does not."""

from sqlalchemy import update

from catalog import articles, slates, tables
from catalog.database import Database
from catalog.ids import TenantId
from catalog.records import State
from evaluation.replay import Mismatch, replay
from ranking.config import RankingOptions
from tests.evaluation.conftest import TENANT

OPTIONS = RankingOptions()


def test_the_server_logged_what_the_code_computes(afterwards: Database) -> None:
    heard: list[int] = []
    assert replay(afterwards, TENANT, OPTIONS, progress=heard.append) == []
    with afterwards.read() as connection:
        assert sum(heard) == sum(1 for _ in slates.every(connection, TENANT)) > 70


def test_one_altered_number_is_found(afterwards: Database) -> None:
    with afterwards.write() as connection:
        slate = list(slates.every(connection, TENANT))[-1]
        item = slate.items[2]
        at = slate.feature_names.index("log_age")
        logged = float.fromhex(item.features[at].hex()) * (1 + 2**-52)
        altered = (*item.features[:at], logged, *item.features[at + 1 :])
        i = tables.slate_items
        where = (i.c.tenant_id == TENANT, i.c.slate_id == slate.id, i.c.article_id == item.article_id)
        connection.execute(update(i).where(*where).values(features=altered))
    assert replay(afterwards, TENANT, OPTIONS) == [
        Mismatch(slate.id, item.article_id, "log_age", logged, item.features[at])
    ]


def test_a_future_that_leaked_into_the_past_is_found(afterwards: Database) -> None:
    """Say of one late slate that it was ranked before anything had happened: its features know too much."""
    with afterwards.write() as connection:
        slate = list(slates.every(connection, TENANT))[-1]
        connection.execute(update(tables.slates).where(tables.slates.c.id == slate.id).values(seq=0))
    found = replay(afterwards, TENANT, OPTIONS)
    assert {mismatch.slate for mismatch in found} == {slate.id}
    assert all(mismatch.logged != mismatch.rebuilt for mismatch in found)


def test_an_article_that_went_is_reported_and_the_list_is_bounded(afterwards: Database) -> None:
    with afterwards.write() as connection:
        slate = next(slates.every(connection, TENANT))
        gone = slate.items[0].article_id
        articles.move(connection, TENANT, articles.get(connection, TENANT, gone), State.WITHDRAWN)
    found = replay(afterwards, TENANT, OPTIONS, limit=7)
    assert len(found) == 7
    assert found[0] == Mismatch(slate.id, gone)


def test_no_slates_no_differences(sqlite_database: Database, tenant: TenantId) -> None:
    assert replay(sqlite_database, tenant, OPTIONS) == []
