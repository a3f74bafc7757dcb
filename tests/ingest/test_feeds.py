"""Feeds: one golden file per case, and what is not a feed."""

import json
import time
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ingest import feeds, items
from ingest.items import Feed, NotAFeed
from tests.make import NOW

GOLDEN = Path(__file__).parents[1] / "golden" / "feeds"
CASES = sorted(path for path in GOLDEN.iterdir() if path.suffix != ".json")
URL = "https://site.example/feeds/all.xml"


def parse(body: bytes | str) -> Feed:
    return feeds.parse(body.encode() if isinstance(body, str) else body, URL, "application/xml", NOW)


def rss(*items: str) -> str:
    listed = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>T</title>{listed}</channel></rss>'


def as_json(feed: Feed) -> dict[str, Any]:
    """What a golden file holds of a feed."""
    found = asdict(feed)
    for item in found["items"]:
        item["published_at"] = item["published_at"].isoformat()
        assert len(item.pop("digest")) == 64
    ttl = feed.ttl.total_seconds() / 60 if feed.ttl else None
    return found | {"items": list(found["items"]), "left_out": list(feed.left_out), "ttl": ttl}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_golden(path):
    assert as_json(parse(path.read_bytes())) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("body", "looks"),
    [
        (b"", "an empty answer"),
        (b"  \n", "an empty answer"),
        (b"<!DOCTYPE html><html><head><title>Blog</title></head><body><p>Hi</p></body></html>", "an HTML page"),
        (b"\xef\xbb\xbf<html><body>Hi</body></html>", "an HTML page"),
        (b'{"openapi": "3.1.0", "info": {}}', "JSON of another kind"),
        (b'[{"title": "x"}]', "JSON"),
        (b"\x1f\x8b\x08\x00\x00", "a compressed file"),
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
    found = parse(rss(*many))
    assert len(found.items) == items.MOST_ITEMS
    assert found.left_out == ("more than 1000",) * 200


def test_what_is_left_out_is_told():
    links = ("https://a.example/1", "javascript:alert(1)", "https://a.example/1/?utm_source=rss", "https://a.example/2")
    found = parse(rss(*(f"<title>A</title><link>{link}</link>" for link in links)))
    assert [item.url for item in found.items] == [links[0], links[3]]
    assert found.left_out == ("no web address", "same id as one before")


@pytest.mark.parametrize(
    ("told", "ttl"),
    [
        ("", None),
        ("<ttl>60</ttl>", timedelta(hours=1)),
        ("<ttl> 5 </ttl>", timedelta(minutes=5)),
        ("<ttl>99999</ttl>", timedelta(days=1)),
        ("<ttl>0</ttl>", None),
        ("<ttl>-60</ttl>", None),
        ("<ttl>an hour</ttl>", None),
        (f"<ttl>{'9' * 5000}</ttl>", None),
        ("<sy:updatePeriod> hourly </sy:updatePeriod>", timedelta(hours=1)),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>6</sy:updateFrequency>", timedelta(hours=4)),
        ("<sy:updatePeriod>yearly</sy:updatePeriod>", timedelta(days=1)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", None),
        ("<sy:updatePeriod>often</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", None),
        ("<sy:updateFrequency>2</sy:updateFrequency>", None),
    ],
)
def test_how_long_a_feed_asks_to_be_left_alone(told, ttl):
    syndication = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    assert parse(f'<rss version="2.0" {syndication}><channel><title>T</title>{told}</channel></rss>').ttl == ttl


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_what_a_body_is_does_not_depend_on_its_encoding(encoding):
    address = "https://a.example/1"
    for body in (
        rss(f"<title>Één</title><link>{address}</link>"),
        json.dumps({"version": "https://jsonfeed.org/version/1", "items": [{"title": "Één", "url": address}]}),
    ):
        prolog = f'<?xml version="1.0" encoding="{encoding[:6]}"?>' if body.startswith("<") else ""
        [item] = parse((prolog + body).encode(encoding)).items
        assert (item.title, item.url) == ("Één", address)


def test_a_feed_that_only_mentions_a_sitemap_is_a_feed():
    body = "<?xml version='1.0'?><!-- <urlset> -->" + rss(
        "<title>&lt;urlset&gt;</title><link>https://a.example/</link>"
    )
    assert [item.url for item in parse(body).items] == ["https://a.example/"]


def test_pictures_and_languages_are_no_news():
    media = '<media:thumbnail xmlns:media="http://search.yahoo.com/mrss/" url="https://a.example/p.jpg"/>'
    tongue = '<dc:language xmlns:dc="http://purl.org/dc/elements/1.1/">fr</dc:language>'
    [plain_item], [rich] = parse(rss(FIRST)).items, parse(rss(FIRST + media + tongue)).items
    assert (rich.image_url, rich.language) == ("https://a.example/p.jpg", "fr")
    assert rich.digest == plain_item.digest


@pytest.mark.parametrize("told", ["HTTPS://a.example/1", "https://jan:geheim@a.example/1", "https://a.example/1"])
def test_an_address_is_one_that_everybody_reads_alike(told):
    picture = f'<enclosure url="{told}" type="image/png" length="1"/>'
    [item] = parse(rss(f"<title>A</title><link>{told}</link>{picture}")).items
    assert item.url == item.image_url == "https://a.example/1"


def test_an_address_of_any_length_is_one_we_can_keep():
    short, long = "https://a.example/1", f"https://a.example/1?utm_source={'x' * 3000}"
    endless = f"https://a.example/1?utm_source={'x' * 100_000}"
    found = parse(
        rss(*(f"<title>A</title><guid>{n}</guid><link>{u}</link>" for n, u in enumerate((short, long, endless))))
    )
    assert [item.url for item in found.items] == [short, short]
    assert found.left_out == ("no web address",)


def test_entities_that_multiply_are_harmless():
    lines = ['<!ENTITY e0 "lol">', *(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))]
    bomb = f'<?xml version="1.0"?><!DOCTYPE rss [{"".join(lines)}]>' + rss(
        "<title>&e9;</title><link>https://a.example/</link>"
    )
    start = time.process_time()
    assert all(len(item.title) < 100 for item in parse(bomb).items)
    assert time.process_time() - start < 3


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
