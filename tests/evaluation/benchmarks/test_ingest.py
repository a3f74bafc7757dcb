"""The ingest benchmarks, small: what they count, and that bad sources are really bad."""

import random

import pytest

from evaluation.benchmarks import ingest, newsstand, path
from evaluation.benchmarks.extraction import KnownPage
from evaluation.benchmarks.ingest import NewsOptions
from evaluation.benchmarks.newsstand import Manner
from evaluation.benchmarks.processor import family_seconds, peak_bytes

SMALL = NewsOptions(sources=6, items=2, hang=1, drip=1, bombs=1, words=120)


def test_every_healthy_page_is_stored_amid_bad_sources(tmp_path):
    ticks = []
    found = {figure.name: figure for figure in ingest.measure(tmp_path, SMALL, ticks.append)}
    assert found["healthy pages lost amid bad ones"].ours == 0
    assert found["pages stored"].ours > 0
    assert found["healthy sources, finished amid bad ones"].ratio > 0
    assert sum(ticks) >= SMALL.steps


def test_the_last_hosts_are_the_bad_ones():
    hosts = [f"127.0.0.{n}" for n in range(1, 21)]
    answers = ingest.shelf(NewsOptions(sources=20, items=1, hang=4, drip=4, bombs=4), hosts)
    feeds = [answers(host, "/feed") for host in hosts]
    pages = [answers(host, "/story/0") for host in hosts]
    bad_feeds = [feed is not None and (feed.manner is not Manner.AT_ONCE or len(feed.body) > 1e6) for feed in feeds]
    bad_pages = [page is not None and (page.manner is not Manner.AT_ONCE or len(page.body) > 1e6) for page in pages]
    assert (sum(bad_feeds), sum(bad_pages)) == (9, 3)
    assert not any(bad_feeds[:8] + bad_pages[:8])
    assert all(one or other for one, other in zip(bad_feeds[8:], bad_pages[8:], strict=True))


def test_the_whole_path_is_measured_beside_the_bare_parsers(tmp_path):
    pages = [KnownPage(f"https://a.example/{n}", newsstand.page(random.Random(n), 200), "") for n in range(10)]
    [figure] = path.measure(tmp_path, pages, lambda _: None)
    assert figure.peer == path.PEERS
    assert figure.ours > 0


def test_work_of_this_process_is_counted():
    begun = family_seconds()
    assert sum(range(3_000_000)) > 0
    assert family_seconds() > begun
    assert peak_bytes() > 1e6


@pytest.mark.parametrize("title", ["A & B", "<b>"])
def test_the_benchmarks_feed_is_well_formed(title):
    assert b"&amp;" in newsstand.rss(title, [("x", "/1")]) or b"&lt;" in newsstand.rss(title, [("x", "/1")])
