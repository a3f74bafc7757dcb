"""Feeds: one golden file per case, and what is not a feed."""

import json
import time
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest

from ingest import feeds
from ingest.feeds import Feed, NotAFeed
from tests.make import NOW

GOLDEN = Path(__file__).parents[1] / "golden" / "feeds"
URL = "https://site.example/feeds/all.xml"


def parse(body: bytes | str) -> Feed:
    return feeds.parse(body.encode() if isinstance(body, str) else body, URL, "application/xml", NOW)


def rss(*items: str) -> str:
    listed = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>T</title>{listed}</channel></rss>'


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.xml")), ids=lambda path: path.stem)
def test_golden(path):
    found = asdict(parse(path.read_bytes()))
    for item in found["items"]:
        item["published_at"] = item["published_at"].isoformat()
        assert len(item.pop("digest")) == 64
    found["items"] = list(found["items"])
    assert found == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("body", "looks"),
    [
        (b"", "an empty answer"),
        (b"  \n", "an empty answer"),
        (b"<!DOCTYPE html><html><head><title>Blog</title></head><body><p>Hi</p></body></html>", "an HTML page"),
        (b"\xef\xbb\xbf<html><body>Hi</body></html>", "an HTML page"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "JSON"),
        (b"%PDF-1.7 \x00\x01", "another kind of file"),
        (b'<?xml version="1.0"?><opml version="2.0"><body/></opml>', "another kind of file"),
    ],
)
def test_what_is_not_a_feed_says_so_in_one_line(body, looks):
    with pytest.raises(NotAFeed) as caught:
        parse(body)
    assert looks in str(caught.value)
    assert URL in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_body_that_looks_like_a_path_or_an_address_is_not_opened(tmp_path):
    real = tmp_path / "feed.xml"
    real.write_text(rss("<title>Read me</title><link>https://a.example/1</link>"))
    for body in (str(real), real.as_uri(), "http://127.0.0.1:1/feed"):
        with pytest.raises(NotAFeed):
            parse(body)


def test_a_feed_without_items_is_a_feed():
    assert parse(rss()) == Feed("T", None, ())


def test_a_thousand_items_are_plenty():
    many = (f"<title>{n}</title><link>https://a.example/{n}</link>" for n in range(1200))
    assert len(parse(rss(*many)).items) == feeds.MOST_ITEMS


def test_entities_that_multiply_are_harmless():
    lines = ['<!ENTITY e0 "lol">', *(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))]
    bomb = f'<?xml version="1.0"?><!DOCTYPE rss [{"".join(lines)}]>' + rss(
        "<title>&e9;</title><link>https://a.example/</link>"
    )
    start = time.perf_counter()
    assert all(len(item.title) < 100 for item in parse(bomb).items)
    assert time.perf_counter() - start < 3


def test_entities_that_name_a_file_stay_empty(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    doctype = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    assert "hunter2" not in str(parse(doctype + rss("<title>&x;</title><link>https://a.example/</link>")))


ITEM = "<guid>g</guid><title>Title</title><link>https://a.example/1{}</link><pubDate>{}</pubDate><description>{}</description>"
FIRST = ITEM.format("", "Sun, 01 Feb 2026 08:00:00 GMT", "Words")


@pytest.mark.parametrize(
    ("again", "same"),
    [
        (ITEM.format("", "Mon, 02 Feb 2026 08:00:00 GMT", "Words"), True),
        (ITEM.format("?utm_source=feed", "Sun, 01 Feb 2026 08:00:00 GMT", "<p>Words</p>"), True),
        (ITEM.format("", "Sun, 01 Feb 2026 08:00:00 GMT", "Other words"), False),
        (ITEM.format("2", "Sun, 01 Feb 2026 08:00:00 GMT", "Words"), False),
    ],
)
def test_the_digest_follows_words_and_link_not_dates(again, same):
    [first], [second] = parse(rss(FIRST)).items, parse(rss(again)).items
    assert (first.digest == second.digest) is same


def test_reading_later_changes_only_what_had_no_date():
    later = NOW + timedelta(hours=1)
    dated, undated = FIRST, "<title>U</title><link>https://a.example/u</link>"
    before = parse(rss(dated, undated))
    after = feeds.parse(rss(dated, undated).encode(), URL, "application/xml", later)
    assert after.items == (before.items[0], replace(before.items[1], published_at=later))


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("jan@news.example (Jan de Vries)", "Jan de Vries"),
        ("Jan de Vries (jan@news.example)", "Jan de Vries"),
        ("jan@news.example", ""),
        ("Jan de Vries (freelance)", "Jan de Vries (freelance)"),
    ],
)
def test_an_author_is_a_name_without_a_mail_address(told, name):
    [item] = parse(rss(f"<title>A</title><link>https://a.example/1</link><author>{told}</author>")).items
    assert item.author == name
