"""What a source was good for, counted over items, articles, slates and events. On both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event as listener

from catalog import articles, events, items, slates, sources, yields
from catalog.records import EventType, ItemState, State
from catalog.yields import Yield
from tests import make
from tests.make import NOW

MONTH = NOW - timedelta(days=30)


@pytest.fixture
def feed(database, tenant):
    found = make.source()
    with database.write() as connection:
        sources.add(connection, tenant, found)
    return found


def measured(database, tenant, since=MONTH):
    with database.read() as connection:
        return yields.of_all(connection, tenant, since)


def announce(connection, tenant, source, state, *, count=1, at=NOW):
    found = [make.feed_item(source.id) for _ in range(count)]
    items.remember(connection, tenant, found, at, state)


def approve(connection, tenant, source, count=1, **given):
    return [
        make.store_live(connection, tenant, make.audience("sales"), source_id=source.id, seed=seed, **given)
        for seed in range(count)
    ]


def test_a_source_that_gave_nothing_has_a_yield_too(database, tenant, feed):
    found = measured(database, tenant)[feed.id]
    assert found == Yield()
    assert (found.approved_share, found.engagement) == (None, None)


def test_items_are_counted_by_what_became_of_them(database, tenant, feed):
    with database.write() as connection:
        announce(connection, tenant, feed, ItemState.STORED, count=4)
        announce(connection, tenant, feed, ItemState.DUPLICATE, count=3)
        announce(connection, tenant, feed, ItemState.FAILED)
        announce(connection, tenant, feed, ItemState.BOILERPLATE)
        announce(connection, tenant, feed, ItemState.CAPPED, count=2)
        announce(connection, tenant, feed, ItemState.OLD)
    found = measured(database, tenant)[feed.id]
    assert (found.items, found.duplicates, found.failed, found.capped, found.old) == (12, 3, 2, 2, 1)
    assert found.last_item == NOW


def test_what_came_before_the_period_only_tells_when_the_last_item_came(database, tenant, feed):
    long_ago = MONTH - timedelta(days=1)
    with database.write() as connection:
        announce(connection, tenant, feed, ItemState.STORED, count=4, at=long_ago)
        approve(connection, tenant, feed, created_at=long_ago)
    assert measured(database, tenant)[feed.id] == Yield(last_item=long_ago)
    assert measured(database, tenant, long_ago)[feed.id].articles == 1


def test_the_approved_share_leaves_out_what_waits_and_what_was_withdrawn(database, tenant, feed):
    with database.write() as connection:
        stored = approve(connection, tenant, feed, 6)
        articles.move(connection, tenant, stored[0], State.REJECTED)
        articles.move(connection, tenant, stored[1], State.WITHDRAWN)
        articles.move(connection, tenant, stored[2], State.IN_REVIEW)
        articles.save(connection, tenant, make.article(source_id=feed.id))
    found = measured(database, tenant)[feed.id]
    assert (found.articles, found.waiting, found.approved, found.rejected, found.decided) == (7, 2, 3, 1, 4)
    assert found.approved_share == 0.75


def test_engagement_is_the_share_of_served_items_that_readers_did_something_with(database, tenant, feed):
    person, other = make.employee("sales"), make.source()
    with database.write() as connection:
        sources.add(connection, tenant, other)
        wanted = [article.id for article in approve(connection, tenant, feed, 4)]
        slate = make.slate(person.id, [*wanted, approve(connection, tenant, other)[0].id])
        make.store_slate(connection, tenant, person, slate)
        told = [
            *((1, EventType.SEEN), (1, EventType.OPEN), (1, EventType.OPEN), (1, EventType.SHARE)),
            *((2, EventType.SEEN), (2, EventType.DISMISS), (3, EventType.SEEN)),
        ]
        events.append(connection, tenant, [make.event(slate, position, kind) for position, kind in told])
    found = measured(database, tenant)
    mine = found[feed.id]
    assert (mine.served, mine.engaged, mine.opens, mine.shares, mine.engagement) == (4, 1, 2, 1, 0.25)
    assert (found[other.id].served, found[other.id].engagement) == (1, 0.0)


def test_the_same_article_offered_twice_is_two_served_items(database, tenant, feed):
    person = make.employee("sales")
    with database.write() as connection:
        article = approve(connection, tenant, feed)[0].id
        first = make.slate(person.id, [article])
        make.store_slate(connection, tenant, person, first)
        slates.save(connection, tenant, make.slate(person.id, [article]))
        slates.save(connection, tenant, make.slate(person.id, [article], created_at=MONTH - timedelta(days=1)))
        events.append(connection, tenant, [make.event(first)])
    assert measured(database, tenant)[feed.id].engagement == 0.5


def test_another_organisation_and_articles_of_no_source_count_for_nobody(database, tenant, feed):
    with database.write() as connection:
        articles.save(connection, tenant, make.article())
    assert measured(database, tenant) == {feed.id: Yield()}
    assert measured(database, "other") == {}


def test_many_sources_cost_no_more_queries_than_one(sqlite_database, tenant):
    with sqlite_database.write() as connection:
        for _ in range(50):
            sources.add(connection, tenant, make.source())
    asked = []
    with sqlite_database.read() as connection:
        listener.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
        assert len(yields.of_all(connection, tenant, MONTH)) == 50
    assert len([query for query in asked if query.startswith("SELECT")]) == 6


def test_news_is_counted_per_source(database, tenant, feed):
    with database.write() as connection:
        announce(connection, tenant, feed, ItemState.DUE, count=2)
        announce(connection, tenant, feed, ItemState.DUE, at=MONTH)
    with database.read() as connection:
        assert yields.announced(connection, tenant, NOW - timedelta(days=7)) == {feed.id: 2}


def test_the_worst_source_is_last():
    proven = Yield(items=60, articles=50, approved=45, rejected=5)
    lucky = Yield(items=1, articles=1, approved=1)
    unknown = Yield(items=5, articles=5, waiting=5)
    read = Yield(items=20, articles=20, approved=10, rejected=10, served=10, engaged=5)
    unread = replace(read, engaged=0)
    refused = Yield(items=20, articles=20, rejected=20)
    nothing = Yield()
    best_first = [proven, lucky, read, unread, unknown, refused, nothing]
    worst_first = best_first[::-1]
    assert sorted(worst_first, key=lambda each: each.usefulness, reverse=True) == best_first


COUNTS = st.integers(0, 1000)


@given(COUNTS, COUNTS)
def test_approving_one_more_never_makes_a_source_worse_nor_rejecting_one_better(approved, rejected):
    before = Yield(items=1, approved=approved, rejected=rejected)
    better, worse = replace(before, approved=approved + 1), replace(before, rejected=rejected + 1)
    assert worse.usefulness < before.usefulness < better.usefulness
