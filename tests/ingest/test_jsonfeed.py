"""JSON Feed: any JSON at all is read, or refused in one line. The cases are golden files, see test_feeds."""

import contextlib
import time

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import feeds, items
from ingest.items import Feed, NotAFeed
from tests.make import NOW

URL = "https://site.example/feed.json"
VERSION = "https://jsonfeed.org/version/1.1"
FIELDS = ("id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "banner_image")
MORE = ("date_published", "date_modified", "author", "authors", "attachments", "language", "name", "mime_type")


def parse(body: bytes) -> Feed:
    return feeds.parse(body, URL, "application/feed+json", NOW)


def told(**fields: object) -> bytes:
    return orjson.dumps({"version": VERSION, **fields})


words = st.text(max_size=20) | st.sampled_from(
    ["https://a.example/1", "javascript:alert(1)", "2026-01-01", "//[", "9" * 99]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(FIELDS + MORE), inside, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(("title", "items", "author", "authors", "language")), values))
def test_fields_may_be_of_any_type(fields):
    found = parse(told(**fields))
    entries = fields.get("items")
    assert len(found.items) + len(found.left_out) == (len(entries) if isinstance(entries, list) else 0)


@given(st.lists(st.dictionaries(st.sampled_from(FIELDS + MORE), values), max_size=6))
def test_every_entry_is_an_item_or_left_out(entries):
    found = parse(told(items=entries))
    assert len(found.items) + len(found.left_out) == len(entries)
    for item in found.items:
        assert item.url.startswith(("https://", "http://"))
        assert item.image_url is None or item.image_url.startswith(("https://", "http://"))
        assert items.EARLIEST <= item.published_at <= NOW
        item.key.encode()


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_bytes_of_any_kind_are_read_or_refused(rest):
    with contextlib.suppress(NotAFeed):
        assert parse(b'{"version": "https://jsonfeed.org/version/1", "title": "' + rest).items == ()


@pytest.mark.parametrize(
    "body",
    [
        b"{" + b'"items":[' * 100_000,
        b'{"version": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"version": "https://jsonfeed.org/version/1", "items": [' + b"9" * 100_000 + b"]}",
        b'{"version": "https://jsonfeed.org/version/1", "items"',
        b'{"version": 1}',
        b'{"version": "1.1", "items": []}',
        b"{}",
    ],
)
def test_what_is_no_json_feed_is_refused(body):
    with pytest.raises(NotAFeed):
        parse(body)


def test_a_line_break_or_half_an_emoji_in_a_text_is_no_reason_to_give_up():
    body = told(items=[{"url": "https://a.example/1", "title": "LINE"}]).replace(b"LINE", b"One\n\\ud83dtwo\xff")
    [item] = parse(body).items
    assert item.title == "One two\ufffd"


def test_a_thousand_items_are_plenty_and_cost_little():
    entry = {"url": "https://a.example/", "content_html": "<p>x</p>" * 10}
    entries = [entry | {"id": number} for number in range(20_000)]
    start = time.process_time()
    found = parse(told(items=entries))
    assert time.process_time() - start < 5
    assert len(found.items) == items.MOST_ITEMS
    assert set(found.left_out) == {"more than 1000"}


def test_a_text_of_many_megabytes_is_cut_before_it_is_cleaned():
    start = time.process_time()
    [item] = parse(told(items=[{"url": "https://a.example/", "title": "<b>é " * 2_000_000}])).items
    assert time.process_time() - start < 5
    assert len(item.title) <= items.TITLE_CHARACTERS
