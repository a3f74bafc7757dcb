"""Replay finds nothing where the log tells the truth, and names what differs where it does not."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from catalog import articles, people, slates, tables
from catalog.database import Database
from catalog.ids import TenantId
from catalog.records import State
from curation import pinning
from curation.review import Desk, Reviewer
from evaluation.replay import Mismatch, Records, read, replay, visits
from models.heuristic import HeuristicRanker
from ranking.config import RankingOptions
from ranking.explain import PINNED
from ranking.feed import FeedService
from ranking.slate import generator, rank
from tests import make
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


def test_what_was_pinned_at_the_time_is_known(afterwards: Database) -> None:
    """Pinned, pinned otherwise and unpinned: with little room for candidates, each of these changes who is one.

    A slate is made again with the pins of its time, whatever is pinned today; with those of another time it differs.
    """
    few = RankingOptions(max_size=6, fresh=2, similar=2, co_visited=1, relevant=2, popular=1, explore=2)
    service = FeedService(TENANT, HeuristicRanker, few)
    with afterwards.read() as connection:
        live = articles.approved(connection, TENANT, make.ENCODER)
        staff = people.every(connection, TENANT)
        served = {slate.id for slate in slates.every(connection, TENANT)}
    oldest = [article.id for article in live if article.audience == make.audience("*")][:3]
    now = make.NOW
    for step in range(6):
        now += few.standing
        with afterwards.write() as connection:
            desk = Desk(connection, TENANT, now)
            if step < 3:
                until = now + timedelta(minutes=50)
                pinning.pin(desk, oldest[step], Reviewer("Anne"), until=until, must_read=step == 0)
            elif step == 3:
                pinning.unpin(desk, oldest[2], Reviewer("Anne"))
        for person in staff:
            service.serve(afterwards, person.id, now, 6)
    with afterwards.read() as connection:
        records = read(connection, TENANT)
    new = replace(records, slates=[slate for slate in records.slates if slate.id not in served])
    pinned = {item.article_id for slate in new.slates for item in slate.items if item.reasons[0].code in PINNED}
    assert pinned == set(oldest)
    assert remade(new, few) == 0
    assert remade(replace(new, pins=()), few) > 0


def remade(records: Records, options: RankingOptions) -> int:
    """How many slates are not, bit for bit, what ranking makes of the records."""
    return sum(
        rank(
            visit.snapshot,
            visit.state,
            visit.person,
            HeuristicRanker(),
            options,
            visit.slate.created_at,
            generator(visit.slate.id),
            6,
        )
        != visit.slate.items
        for visit in visits(records)
    )


def test_no_slates_no_differences(sqlite_database: Database, tenant: TenantId) -> None:
    assert replay(sqlite_database, tenant, OPTIONS) == []
