"""Items and turns: what is due, who may be visited now, and what handed-in content becomes."""

from datetime import timedelta

import pytest

from catalog import items, sources
from catalog.errors import NotFound
from catalog.hosts import Manners, host_of
from catalog.records import Document, ItemState
from catalog.sources import SourceExists
from tests import make
from tests.make import NOW

LEASE = timedelta(minutes=1)
ONE = Manners(per_host=1)


def stored(connection, tenant, *urls, **given):
    """A source with an item for each address."""
    source = make.source(**given)
    sources.add(connection, tenant, source)
    announced = [make.feed_item(source.id, url=url) for url in urls]
    items.remember(connection, tenant, announced, NOW)
    return source, announced


def claimed(connection, tenant, manners, now=NOW):
    """The addresses of all items that can be claimed, one after the other."""
    found = []
    while claim := items.claim_due(connection, tenant, 1, now, LEASE, manners):
        found.append(claim.rows[0].url)
    return sorted(found, key=str)


def test_a_source_is_added_once(database, tenant):
    feed = make.source()
    with database.write() as connection:
        sources.add(connection, tenant, feed)
        assert sources.get(connection, tenant, feed.id) == feed
        with pytest.raises(SourceExists):
            sources.add(connection, tenant, make.source(url=feed.url))
        with pytest.raises(NotFound):
            sources.get(connection, tenant, "none")


def test_items_are_remembered_claimed_and_ended(database, tenant):
    with database.write() as connection:
        feed, [item] = stored(connection, tenant, "https://news.example/1")
        assert items.known(connection, tenant, feed.id, [item.key]) == {item.key: item}
        assert (sources.count_due(connection, tenant, NOW), items.count_due(connection, tenant, NOW)) == (1, 1)
        claim = items.claim_due(connection, tenant, 5, NOW, LEASE, ONE)
        assert [items.item_of(row) for row in claim.rows] == [item]
        items.end(connection, tenant, item.id, claim.token, ItemState.FAILED, last_error="no text")
        assert items.count_due(connection, tenant, NOW) == 0
        assert items.states(connection, tenant, feed.id) == {ItemState.FAILED: 1}
        assert items.troubled(connection, tenant, feed.id, 5) == [("https://news.example/1", "no text")]


def test_a_host_gets_no_more_visits_at_once_than_its_turns(database, tenant):
    pages = [f"https://{host}.example/{n}" for host in ("a", "b") for n in range(3)]
    with database.write() as connection:
        stored(connection, tenant, *pages, due_at=NOW + LEASE)
        assert [url[8] for url in claimed(connection, tenant, Manners(per_host=2))] == ["a", "a", "b", "b"]


def test_a_feed_and_a_page_share_their_hosts_turns(database, tenant):
    with database.write() as connection:
        stored(connection, tenant, "https://news.example/1")
        assert sources.claim_due(connection, tenant, 1, NOW, LEASE, ONE)
        assert claimed(connection, tenant, ONE) == []
        assert claimed(connection, tenant, Manners(per_host=2)) == ["https://news.example/1"]


def test_a_turn_comes_back_when_its_lease_runs_out(database, tenant):
    with database.write() as connection:
        stored(connection, tenant, "https://news.example/1", "https://news.example/2", due_at=NOW + LEASE)
        first = claimed(connection, tenant, ONE)
        assert len(first) == 1
        assert len(claimed(connection, tenant, ONE, NOW + LEASE)) == 1


def test_a_host_that_asked_for_patience_gets_it(database, tenant):
    with database.write() as connection:
        stored(connection, tenant, "https://a.example/1", "https://b.example/1", due_at=NOW + LEASE)
        assert claimed(connection, tenant, Manners(2, frozenset({"a.example"}))) == ["https://b.example/1"]


def test_documents_need_no_turn_and_are_forgotten_once_read(database, tenant):
    with database.write() as connection:
        _, handed = stored(connection, tenant, None, None, None, url="push:intranet")
        for item in handed:
            items.attach(connection, tenant, item.id, Document("text/plain", "note", b"words"))
        assert claimed(connection, tenant, ONE) == [None, None, None]
        items.attach(connection, tenant, handed[0].id, Document("text/plain", "note", b"other words"))
        assert items.document(connection, tenant, handed[0].id) == Document("text/plain", "note", b"other words")
        items.drop_document(connection, tenant, handed[0].id)
        assert items.document(connection, tenant, handed[0].id) is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://News.example/a", "news.example"),
        ("http://10.0.0.1:8080/", "10.0.0.1:8080"),
        ("https://user@news.example/", "news.example"),
        ("file:///srv/news", ""),
        ("push:intranet", ""),
        (None, ""),
    ],
)
def test_only_the_web_has_hosts(url, host):
    assert host_of(url) == host
