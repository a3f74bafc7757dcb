"""Sitemaps: only what is new, and never what a stranger's XML would like us to do. The cases are golden files."""

import contextlib
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import feeds, items, sitemaps
from ingest.items import Feed, NotAFeed
from tests.make import NOW

URL = "https://site.example/sitemap.xml"
TODAY = NOW.date().isoformat()


def parse(body: str | bytes) -> Feed:
    return feeds.parse(body.encode() if isinstance(body, str) else body, URL, "application/xml", NOW)


def sitemap(*entries: str, doctype: str = "") -> str:
    return f'<?xml version="1.0"?>{doctype}<urlset>{"".join(f"<url>{entry}</url>" for entry in entries)}</urlset>'


def page(number: int, date: str = TODAY) -> str:
    return f"<loc>https://site.example/{number}</loc><lastmod>{date}</lastmod>"


def index(*addresses: str) -> str:
    listed = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</sitemapindex>'


@given(st.lists(st.integers(-10, 60)))
def test_only_the_last_month_counts_newest_first(ages):
    found = parse(sitemap(*(page(n, (NOW - timedelta(days=age)).isoformat()) for n, age in enumerate(ages))))
    assert len(found.items) == sum(-1 <= age <= 30 for age in ages)
    assert len(found.items) + len(found.left_out) == len(ages)
    dates = [item.published_at for item in found.items]
    assert dates == sorted(dates, reverse=True)
    assert all(date <= NOW for date in dates)


def test_the_newest_thousand_are_plenty():
    hour = timedelta(hours=1) / 10
    found = parse(sitemap(*(page(n, (NOW - n * hour).isoformat()) for n in reversed(range(1200)))))
    assert [item.url for item in found.items] == [f"https://site.example/{n}" for n in range(items.MOST_ITEMS)]
    assert found.left_out == ("more than 1000",) * 200


def test_a_list_of_sitemaps_says_which_address_to_give():
    body = index("javascript:alert(1)", "https://site.example/pages.xml", "/news.xml", "https://site.example/pages.xml")
    with pytest.raises(NotAFeed, match=r"give the address of one, such as https://site\.example/news\.xml or "):
        parse(body)
    assert sitemaps.children(body.encode(), URL) == ("https://site.example/news.xml", "https://site.example/pages.xml")


@pytest.mark.parametrize("body", [sitemap("<loc>https://site.example/1</loc>"), sitemap(page(1, "soon"))])
def test_a_sitemap_without_dates_is_no_source(body):
    with pytest.raises(NotAFeed, match="without dates"):
        parse(body)


def test_an_empty_sitemap_is_an_empty_feed():
    assert parse(sitemap()) == Feed("", None, ())


def test_a_prefix_and_a_long_prologue_do_not_hide_a_sitemap():
    body = sitemap(page(1)).replace("<urlset", '<s:urlset xmlns:s="http://x"').replace("/urlset", "/s:urlset")
    [item] = parse(body.replace("?>", "?>\n" + "<!-- <rss> --> <?xml-model href='#'?>" * 50, 1)).items
    assert item.url == "https://site.example/1"


def test_an_ampersand_nobody_escaped_does_not_change_an_address():
    found = parse(sitemap(page(1), f"<loc>https://site.example/?a=1&id=2&copy=3</loc><lastmod>{TODAY}</lastmod>"))
    assert [item.url for item in found.items] == ["https://site.example/1", "https://site.example/?a=1&id=2&copy=3"]


def test_entities_neither_multiply_nor_name_a_file(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    lines = ['<!ENTITY e0 "lol">', *(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))]
    doctype = f'<!DOCTYPE urlset [{"".join(lines)}<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    news = "<n:news xmlns:n='http://n'><n:title>&x;&e9;</n:title></n:news>"
    start = time.process_time()
    try:
        found = str(sitemaps.parse(sitemap(page(1) + news, doctype=doctype).encode(), URL, NOW))
    except NotAFeed as error:
        found = str(error)
    assert time.process_time() - start < 3
    assert "hunter2" not in found
    assert len(found) < 1000


@pytest.mark.parametrize(
    "start",
    [
        b"<?" * 8000,
        b"<?a?>" * 3000,
        b"<!--" * 4000,
        b"<!-- -->" * 2000,
        b" " * 16_000,
        b"<!DOCTYPE " * 1600,
        b"<a:" * 5000,
    ],
)
def test_no_prologue_takes_long_to_look_at(start):
    begin = time.process_time()
    assert not sitemaps.is_sitemap(start + b"<rss>")
    assert time.process_time() - begin < 1


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_refused(rest):
    with contextlib.suppress(NotAFeed):
        assert parse(b"<urlset><url>" + rest).items == ()
