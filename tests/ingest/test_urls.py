"""Canonical addresses: one spelling per page, and never one spelling for two pages."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.urls import BadAddress, canonical


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("https://News.Example/A", "https://news.example/A"),
        ("  https://news.example  ", "https://news.example/"),
        ("https://news.example:443/a", "https://news.example/a"),
        ("http://news.example:80/a", "http://news.example/a"),
        ("http://news.example:443/a", "http://news.example:443/a"),
        ("https://news.example/a/#part", "https://news.example/a"),
        ("https://user:secret@news.example/a", "https://news.example/a"),
        ("https://news.example./a", "https://news.example/a"),
        ("https://bücher.example/ä b", "https://xn--bcher-kva.example/%C3%A4%20b"),
        ("https://news.example/%7ejan/%c3%a9%2f", "https://news.example/~jan/%C3%A9%2F"),
        ("https://news.example/a/./b/../c", "https://news.example/a/c"),
        ("https://news.example/../../a", "https://news.example/a"),
        ("https://news.example/?b=2&a=1&b=1", "https://news.example/?a=1&b=2&b=1"),
        ("https://news.example/a?utm_source=x&id=3&fbclid=y&UTM_Medium=z", "https://news.example/a?id=3"),
        ("https://news.example/a?utm_source=x", "https://news.example/a"),
        ("https://news.example/100%", "https://news.example/100%25"),
        ("http://[2001:DB8::0:1]:8080/", "http://[2001:db8::1]:8080/"),
        ("https://under_score.example/", "https://under_score.example/"),
    ],
)
def test_one_spelling(given_url, expected):
    assert canonical(given_url) == expected


@pytest.mark.parametrize(
    "parameter", ["id", "cid", "keyword", "reference", "glossary", "source", "session", "page", "q", "lang"]
)
def test_what_may_say_which_page_it_is_stays(parameter):
    url = f"https://news.example/a?{parameter}=1"
    assert canonical(url) == url


def test_http_and_https_may_be_different_pages():
    assert canonical("http://news.example/") != canonical("https://news.example/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "news.example/a",
        "/a",
        "//news.example/a",
        "javascript:alert(1)",
        "data:text/html,hi",
        "file:///etc/passwd",
        "ftp://news.example/",
        "https://",
        "https:///a",
        "http://[::1",
        "http://[nonsense]/",
        "http://a.example:99999/",
        "http://a..example/",
        "http://exa mple/",
        f"https://news.example/{'a' * 2000}",
    ],
)
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(BadAddress) as caught:
        canonical(url)
    assert "\n" not in str(caught.value)


hosts = st.sampled_from(["news.example", "BÜCHER.example", "127.0.0.1", "a_b.example", "[::1]"])
pieces = st.text(alphabet=st.sampled_from("aZ0-._~%2fE4é/:@!$&'()*+,;= ?\U0001f6a2\ud800"), max_size=20)


@given(st.sampled_from(["http", "https"]), hosts, pieces, pieces)
def test_canonical_is_ascii_and_idempotent(scheme, host, path, query):
    once = canonical(f"{scheme}://{host}/{path}?{query}#frag")
    assert once.isascii()
    assert canonical(once) == once


@given(st.text())
def test_any_text_is_an_address_or_refused(text):
    with suppress(BadAddress):
        assert canonical(canonical(text)) == canonical(text)
