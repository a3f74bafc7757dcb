"""Pages: one golden file per case, and what a page may not claim."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from ingest.extract import LEAD_CHARACTERS, Boilerplate, NoText, Page, extract, from_markup, lead, without
from tests.make import NOW

GOLDEN = Path(__file__).parents[1] / "golden" / "pages"
WORDS = "The lock keeper opened the gates at dawn, and the barges that had waited all night went down to the sea. " * 3
MIN_WORDS = 40


def read(head: str = "", url: str = "https://news.example.com/a/1", body: str = WORDS) -> Page:
    html = f"<html><head>{head}</head><body><article><h1>Dawn</h1><p>{body}</p></article></body></html>"
    return extract(html.encode(), url, "text/html", "utf-8", NOW, MIN_WORDS)


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.html")), ids=lambda path: path.stem)
def test_golden(path):
    case = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    given = case["given"]
    arguments = (path.read_bytes(), given["url"], given["content_type"], given["charset"], NOW, MIN_WORDS)
    if "error" in case:
        with pytest.raises(NoText) as caught:
            extract(*arguments)
        assert (str(caught.value), caught.value.code) == (case["error"], case["code"])
        return
    found = asdict(extract(*arguments))
    found["published_at"] = found["published_at"] and found["published_at"].isoformat()
    assert found == case["page"]


@pytest.mark.parametrize(
    ("claimed", "believed"),
    [
        ("https://news.example.com/a/short", "https://news.example.com/a/short"),
        ("/a/relative?utm_source=x", "https://news.example.com/a/relative"),
        ("https://www.example.com/elsewhere", "https://www.example.com/elsewhere"),
        ("https://www.example.com/", "https://news.example.com/a/1"),
        ("https://another.com/a/1", "https://news.example.com/a/1"),
        ("https://example.com.evil.net/a/1", "https://news.example.com/a/1"),
        ("javascript:alert(1)", "https://news.example.com/a/1"),
        ("http://[", "https://news.example.com/a/1"),
        ("", "https://news.example.com/a/1"),
    ],
)
def test_a_page_speaks_for_its_own_site_only(claimed, believed):
    assert read(f'<link rel="canonical" href="{claimed}">').canonical_url == believed


def test_neighbours_on_a_shared_host_are_different_sites():
    found = read('<link rel="canonical" href="https://victim.github.io/a">', "https://evil.github.io/a")
    assert found.canonical_url == "https://evil.github.io/a"


ACCENTED = f"<html><head><title>Café</title></head><body><p>vóór één café – {WORDS}</p></body></html>"
DECLARED = f'<?xml version="1.0" encoding="windows-1252"?>{ACCENTED}'


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (ACCENTED.encode(), "utf-8"),
        (ACCENTED.encode(), None),
        (ACCENTED.encode(), "no-such-charset"),
        (ACCENTED.encode(), "idna"),
        (ACCENTED.encode("cp1252"), "iso-8859-1"),
        (ACCENTED.encode("cp1252"), "utf-8"),
        (ACCENTED.encode("utf-16"), None),
        (DECLARED.encode("cp1252"), None),
    ],
)
def test_the_charset_that_fits_is_used_whatever_is_declared(body, header):
    found = extract(body, "https://a.example/1", "text/html", header, NOW, MIN_WORDS)
    assert found.text.startswith("vóór één café –")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/html"),
        (b"\x00\x01" * 500, "text/html"),
        (b"\x89PNG\r\n", "image/png"),
        (b"%PDF-1.4", "application/pdf"),
    ],
)
def test_what_is_no_page_is_refused_in_one_line(body, content_type):
    with pytest.raises(NoText) as caught:
        extract(body, "https://a.example/1", content_type, None, NOW, MIN_WORDS)
    assert "https://a.example/1: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:image/png;base64,AAAA", "ftp://a.example/x.jpg", "http://["]
)
def test_an_image_that_is_not_on_the_web_is_dropped(address):
    assert read(f'<meta property="og:image" content="{address}">').image_url is None


def test_a_date_still_to_come_is_not_believed():
    found = read('<meta property="article:published_time" content="2027-03-09T09:00:00Z">').published_at
    assert found is None or found <= NOW


def test_a_notice_outside_of_the_text_is_seen_where_the_text_is_missing():
    banner = "<div class='cookie-banner'><p>We use cookies. By clicking Accept you agree to all cookies.</p></div>"
    with pytest.raises(Boilerplate, match="it shows only a cookie notice: "):
        extract(
            f"<html><body>{banner}</body></html>".encode(), "https://a.example/1", "text/html", None, NOW, MIN_WORDS
        )


def test_a_banner_over_an_article_is_no_barrier():
    found = read(body=f"{WORDS}</p><p>We use cookies. By clicking Accept you agree to all cookies.")
    assert found.barrier is None


def test_a_page_out_of_a_file_has_the_address_it_claims_or_none():
    written = f"<html lang='en'><head>{{}}</head><body><article><h1>Dawn</h1><p>{WORDS}</p></article></body></html>"
    claims = '<link rel="canonical" href="https://any.example/a/1">'
    relative = '<link rel="canonical" href="/a/1"><meta property="og:image" content="/a.jpg">'
    assert (
        from_markup(written.format(claims), "a.html", None, NOW, MIN_WORDS).canonical_url == "https://any.example/a/1"
    )
    found = from_markup(written.format(relative), "a.html", None, NOW, MIN_WORDS)
    assert (found.canonical_url, found.image_url) == (None, None)
    with pytest.raises(NoText, match=r"^a.html: 1 words"):
        from_markup("<html><body><p>Word</p></body></html>", "a.html", None, NOW, MIN_WORDS)


def test_only_a_heading_that_repeats_the_title_is_left_out():
    assert without("Dawn | The Daily Tide", "DAWN\nThe text.") == "The text."
    assert without("Dawn", "At dawn\nThe text.") == "At dawn\nThe text."


def test_a_lead_is_short_and_ends_at_a_word():
    found = lead("", "word " * 200)
    assert len(found) <= LEAD_CHARACTERS
    assert found.endswith("word…")
    assert lead(" A <b>bold</b>\u200b claim. ", "Text.") == "A bold claim."
