"""Where the feeds of a site are, told from one page of it: likeliest first, and no page is too broken to ask."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import discover, urls

URL = "https://site.example/nieuws/"
RSS = '<link rel="alternate" type="application/rss+xml" href="{}">'


def candidates(markup: str, url: str = URL) -> tuple[str, ...]:
    return discover.candidates(markup.encode(), url)


def page(head: str = "", body: str = "") -> str:
    return f"<!doctype html><html><head><title>Site</title>{head}</head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (RSS.format("/feed/"), "https://site.example/feed"),
        (RSS.format("rss"), "https://site.example/nieuws/rss"),
        (RSS.format("//feeds.example/a?b=1"), "https://feeds.example/a?b=1"),
        ('<base href="https://base.example/x/">' + RSS.format("rss"), "https://base.example/x/rss"),
        ("<LINK REL='Alternate Home' TYPE='application/atom+xml; charset=utf-8' HREF=atom>", f"{URL}atom"),
        ('<link type="application/feed+json" rel=alternate href="a.json" />', f"{URL}a.json"),
        ('<link rel="feed" href="stream">', f"{URL}stream"),
        ('<link rel="alternate" type="application/json" href="/feed.json">', "https://site.example/feed.json"),
        ('<link rel="alternate" type="text/xml" href="/nieuws.rss">', "https://site.example/nieuws.rss"),
    ],
)
def test_what_a_page_says_is_its_feed_comes_first(head, found):
    assert candidates(page(head))[0] == found


@pytest.mark.parametrize(
    "head",
    [
        '<link rel="alternate" hreflang="en" href="/en/">',
        '<link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/2">',
        '<link rel="alternate" type="application/json+oembed" href="/oembed?url=x">',
        '<link rel="stylesheet" type="application/rss+xml" href="/style">',
        RSS.format("javascript:alert(1)"),
        RSS.format("data:text/xml,x"),
        RSS.format("http://[bad"),
        RSS.format(URL),
        "<link rel=alternate type=application/rss+xml>",
        "",
    ],
)
def test_what_is_no_feed_leaves_the_well_known_places(head):
    found = candidates(page(head))
    assert found == candidates("")
    assert found[0] == "https://site.example/feed"


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("/rss", "/rss"),
        ("/feed/", "/feed"),
        ("news.rss", "/nieuws/news.rss"),
        ("/blog/atom.xml#latest", "/blog/atom.xml"),
        ("/RSS.aspx", "/RSS.aspx"),
        ("rss-nieuws.xml", "/nieuws/rss-nieuws.xml"),
        ("/?feed=rss2", "/?feed=rss2"),
        ("/a?page=1&format=rss", "/a?format=rss&page=1"),
        ("feeds/a.rdf", "/nieuws/feeds/a.rdf"),
    ],
)
def test_links_that_look_like_a_feed_come_next(href, address):
    found = candidates(page(RSS.format("/own"), f'<a href="/contact">x</a><a href="{href}">RSS</a>'))
    assert found[:2] == ("https://site.example/own", f"https://site.example{address}")


@pytest.mark.parametrize(
    "href", ["/feedback", "/brass", "/atomic.html", "/newsfeed-explained", "/rss-uitleg/", "/?q=rss", "#feed"]
)
def test_links_that_only_sound_like_a_feed_do_not_count(href):
    assert candidates(page(body=f'<a href="{href}">x</a>')) == candidates("")


def test_feeds_of_comments_come_last():
    found = candidates(page(RSS.format("/comments/feed/") + RSS.format("/feed/")))
    assert found[0] == "https://site.example/feed"
    assert found[-1] == "https://site.example/comments/feed"


def test_a_dozen_addresses_are_plenty_and_none_comes_twice():
    found = candidates(page("".join(RSS.format(f"/{number // 2}.xml#{number}") for number in range(100))))
    assert found == tuple(f"https://site.example/{number}.xml" for number in range(12))


def test_a_list_of_sitemaps_leads_to_those_for_news_first():
    listed = "".join(f"<sitemap><loc>/{name}.xml</loc></sitemap>" for name in ("pages", "news-2026", "tags"))
    found = candidates(f"<?xml version='1.0'?><sitemapindex>{listed}</sitemapindex>")
    assert found[0] == "https://site.example/news-2026.xml"
    assert len(found) == 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_the_charset_of_a_page_does_not_matter(encoding):
    charset = "" if encoding.startswith("utf-16") else f"<meta charset={encoding.removesuffix('-sig')}>"
    body = page(charset + RSS.format("/één.xml")).encode(encoding)
    found = discover.candidates(body, URL)
    assert found[0] == "https://site.example/%C3%A9%C3%A9n.xml"


@given(st.binary(max_size=300))
def test_no_page_is_too_broken(body):
    for start in (b"", b"<sitemapindex><sitemap>", b"<html><head><link rel=feed href='", b'<base href="'):
        found = discover.candidates(start + body, URL)
        assert len(found) == len(set(found)) <= discover.MOST_CANDIDATES
        assert all(urls.canonical(address) == address for address in found)


@pytest.mark.parametrize(
    "part",
    [
        "<a href=/rss.xml?{}>",
        "<div>",
        "<link rel=alternate type=application/rss+xml href=javascript:{}>",
        "<!--",
        "&lt",
        "<a ",
        f"<a href={'feed' * 490}-{{}}>",
    ],
)
def test_a_huge_page_takes_no_time(part):
    body = "".join(part.format(number) for number in range(5_000_000 // len(part))).encode()
    start = time.perf_counter()
    assert len(discover.candidates(body, URL)) <= discover.MOST_CANDIDATES
    assert time.perf_counter() - start < 5
