"""Thousands of real feeds and lists of feeds, most of them odd: nothing is lost without a reason."""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import feedparser
import pytest

from ingest import feeds, items, opml
from ingest.items import Feed, NotAFeed
from tests.make import NOW

ARCHIVES = ("feedparser-tests", "miniflux", "feedsmith", "facilitair-nl")
URL = "https://site.example/feeds/all.xml"
TYPE = "application/xml"


def members(archive: Path, *endings: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if name.endswith(endings):
                yield name, opened.read(name)


def bare(body: bytes) -> feedparser.FeedParserDict:
    """What feedparser finds, by itself."""
    headers = {"content-location": URL, "content-type": TYPE}
    return feedparser.parse(io.BytesIO(body), response_headers=headers, sanitize_html=False)


def entries(body: bytes) -> int | None:
    """How many entries feedparser finds by itself; None where it finds no feed."""
    found = bare(body)
    return len(found.entries) if found.version or found.entries else None


def read(body: bytes) -> Feed | None:
    try:
        return feeds.parse(body, URL, TYPE, NOW)
    except NotAFeed:
        return None


@pytest.mark.parametrize(
    ("archive", "files", "not_feeds", "taken", "left_out"),
    [
        ("feedparser-tests", 2106, 8, 105, {items.NO_ADDRESS: 1111, items.SAME_ID: 1}),
        ("miniflux", 8, 0, 255, {items.NO_ADDRESS: 1}),
        ("feedsmith", 13, 0, 26, {items.NO_ADDRESS: 4, items.SAME_ID: 1}),
        ("facilitair-nl", 6, 0, 33, {items.SAME_ID: 1}),
    ],
)
def test_every_entry_is_an_item_or_left_out_for_a_reason(data, archive, files, not_feeds, taken, left_out):
    bodies = list(members(data / "feeds" / f"{archive}.zip", ".xml"))
    found = [read(body) for _, body in bodies]
    lost = [
        name
        for (name, body), feed in zip(bodies, found, strict=True)
        if entries(body) != (len(feed.items) + len(feed.left_out) if feed else None)
    ]
    assert lost == []
    assert (len(bodies), found.count(None)) == (files, not_feeds)
    assert sum(len(feed.items) for feed in found if feed) == taken
    assert Counter(reason for feed in found if feed for reason in feed.left_out) == left_out


def test_a_json_feed_loses_nothing(data):
    [(_, body)] = members(data / "feeds" / "feedparser-tests.zip", ".json")
    found = read(body)
    assert found is not None
    assert (found.title, len(found.items), found.left_out) == ("My Example Feed", 2, ())


def test_no_item_has_an_unsafe_address_or_a_date_that_cannot_be(data):
    for archive in ARCHIVES:
        for _, body in members(data / "feeds" / f"{archive}.zip", ".xml", ".json"):
            feed = read(body)
            for item in feed.items if feed else ():
                assert items.EARLIEST <= item.published_at <= NOW
                for address in (item.url, item.image_url or item.url):
                    assert address.startswith(("https://", "http://"))


def test_a_list_in_use_keeps_every_address_though_most_are_broken(data):
    read = {name: opml.read(body) for name, body in members(data / "feeds" / "awesome-rss-feeds-opml.zip", ".opml")}
    assert len(read) == 118
    assert [problem for found in read.values() for problem in found.problems] == []
    assert Counter(name.split("/")[-3] for name, found in read.items() for _ in found.found) == {
        "recommended": 2 * 527,  # each list once with folders, once without
        "countries": 2 * 259,
    }
    assert len({outline.url for found in read.values() for outline in found.found}) == 781
