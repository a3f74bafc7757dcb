"""Hours of bytes nobody would write: what is read from them is plain, on the web, and refused in our own words only.

SOAK_CPU_MINUTES says how long, for all targets together. With `--data` the real feeds and pages are mutated as well.
"""

import dataclasses
import gzip
import ipaddress
import itertools
import os
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from catalog.errors import Invalid
from ingest import extract, feeds, guard, opml, plain, urls
from tests.make import NOW

pytestmark = pytest.mark.soak

GOLDEN = Path(__file__).parents[1] / "golden"
TARGETS = 6
CPU_SECONDS = 60 * float(os.environ.get("SOAK_CPU_MINUTES", "60")) / TARGETS
EXAMPLES_PER_SEED = 200
LARGEST = 100_000

HIDING = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI", "BN"}
TOKENS = [
    *(
        b"<",
        b">",
        b"&",
        b"]]>",
        b"<![CDATA[",
        b"<!--",
        b"-->",
        b"<?xml",
        b"<!DOCTYPE",
        b"&#0;",
        b"&#x202e;",
        b"&amp;lt;",
    ),
    *(
        b"javascript:alert(1)",
        b"data:text/html,x",
        b"file:///etc/passwd",
        b"//10.0.0.1/",
        b"http://[::1",
        b"%00",
        b"\0",
    ),
    *(
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        "\u200b\u0301\u202e\ufeff".encode(),
        "\U000e0041".encode(),
        b"\xed\xa0\x80",
        b"\r\r",
    ),
    *(b"<script>", b"</script>", b"<item>", b"</item>", b"<link>", b"<title>", b"<svg/onload=x>", b"<base href='//x'>"),
    *(b'":', b"[[", b"{", b"1e999", b"9" * 400, b"9999-99-99", b"<lastmod>", b"utf-7", b"charset=utf-16", b"xml:base="),
]
NASTY = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("<>&;'\"/:%#?\u200b\u202e\u0301\u0345\ufb01\u0130"))
)


def spend(strategy: st.SearchStrategy[Any], promise: Callable[[Any], None]) -> None:
    """Try the promise on examples of one seed after another, until the time of the processor is spent."""
    until = time.process_time() + CPU_SECONDS
    for number in itertools.count():
        promised = seed(number)(given(strategy)(lambda case: promise(case)))
        quiet = settings(
            max_examples=EXAMPLES_PER_SEED, deadline=None, database=None, suppress_health_check=[*HealthCheck]
        )
        quiet(promised)()
        if time.process_time() >= until:
            return


def mutated(samples: list[bytes]) -> st.SearchStrategy[bytes]:
    """Real bytes with some cut out, doubled, swapped for others, or words put in that parsers care about."""
    place = st.floats(0, 1, exclude_max=True)
    piece = st.sampled_from(TOKENS) | st.binary(max_size=8) | NASTY.map(lambda text: text.encode("utf-8", "replace"))
    edits = st.lists(st.tuples(place, place, piece, st.integers(0, 3)), max_size=12)
    return st.builds(_edited, st.sampled_from(samples), edits, st.sampled_from(samples))


def _edited(body: bytes, edits: list[tuple[float, float, bytes, int]], other: bytes) -> bytes:
    for start, length, piece, kind in edits:
        at = int(start * (len(body) + 1))
        end = at + int(length**4 * 400)
        match kind:
            case 0:
                body = body[:at] + piece + body[at:]
            case 1:
                body = body[:at] + body[end:]
            case 2:
                body = body[:end] + body[at:]
            case _:
                body = body[:at] + other[at:end] + body[end:]
    return body[:LARGEST]


def real(request: pytest.FixtureRequest, *archives: str) -> Iterator[bytes]:
    folder: Path | None = request.config.getoption("--data")
    for archive in archives if folder else ():
        with zipfile.ZipFile(folder / archive) as opened:
            for name in opened.namelist():
                if not name.endswith(("/", ".json", "LICENSE")) and opened.getinfo(name).file_size < LARGEST:
                    body = opened.read(name)
                    yield gzip.decompress(body)[:LARGEST] if name.endswith(".gz") else body


def told(work: Callable[..., Any], *args: Any) -> Any:
    """What the work finds; None where it refuses, which it does in one line. Nothing else may come out of it."""
    try:
        return work(*args)
    except Invalid as error:
        refused = str(error)
    assert refused
    assert "\n" not in refused
    return None


def clean(found: Any, name: str = "") -> None:
    """All text in it is plain, and all addresses are on the web."""
    if dataclasses.is_dataclass(found):
        for field in dataclasses.fields(found):
            clean(getattr(found, field.name), field.name)
    elif isinstance(found, (tuple, list)):
        for each in found:
            clean(each, name)
    elif isinstance(found, str) and found:
        plain_text(found)
        if name == "url" or name.endswith("_url"):
            assert urlsplit(found).scheme in ("http", "https"), (name, found)


def plain_text(text: str) -> None:
    hidden = {
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cs") or unicodedata.bidirectional(character) in HIDING
    }
    assert hidden <= {"\n"}, text
    assert text == unicodedata.normalize("NFC", text)


def test_feeds(request):
    samples = [path.read_bytes() for path in sorted((GOLDEN / "feeds").iterdir()) if not path.name.endswith(".json")]
    samples += real(request, "feeds/feedparser-tests.zip", "feeds/miniflux.zip", "feeds/feedsmith.zip")
    kinds = st.sampled_from(["application/xml", "application/feed+json", "text/html; charset=utf-16", "x", ""])

    def promise(case: tuple[bytes, str]) -> None:
        found = told(feeds.parse, case[0], "https://x.example/feed", case[1], NOW)
        if found is None:
            return
        clean(found)
        assert len({item.key for item in found.items}) == len(found.items) <= 1000
        assert all(urls.canonical(item.url) and item.published_at <= NOW for item in found.items)

    spend(st.tuples(mutated(samples), kinds), promise)


def test_pages(request):
    samples = [path.read_bytes() for path in sorted((GOLDEN / "pages").glob("*.html"))]
    samples += itertools.islice(real(request, "extraction/article-extraction-benchmark.zip"), 40)
    charsets = st.sampled_from([None, "utf-8", "utf-16", "idna", "no-such", "iso-8859-1", "utf-7"])

    def promise(case: tuple[bytes, str | None]) -> None:
        clean(told(extract.extract, case[0], "https://x.example/a", "text/html", case[1], NOW, 5))

    spend(st.tuples(mutated(samples), charsets), promise)


def test_lists_of_feeds(request):
    samples = [
        b'<opml version="2.0"><body><outline text="A"><outline xmlUrl="https://x.example/"/></outline></body></opml>'
    ]
    samples += itertools.islice(real(request, "feeds/awesome-rss-feeds-opml.zip"), 100)

    def promise(body: bytes) -> None:
        clean(told(opml.read, body))

    spend(mutated(samples), promise)


def test_plain_text():
    pieces = st.sampled_from(
        ["<b>", "</b>", "<script>", "</script>", "<p", "<!--", "-->", "&lt;", "&#8238;", "<![CDATA["]
    )

    def promise(markup: str) -> None:
        for text in (plain.from_html(markup), plain.paragraphs(markup), plain.line(markup), plain.line(markup, 20)):
            plain_text(text)
        assert "\n" not in plain.line(markup)
        assert len(plain.line(markup, 20)) <= 20
        assert plain.line(plain.line(markup)) == plain.line(markup)

    spend(st.lists(NASTY | pieces, max_size=20).map("".join), promise)


def test_addresses():
    pieces = st.sampled_from(
        ["http://", "https://", "//", "@", ":", "/", "..", "%2e", "[", "]", "?", "#", "&", "xn--", "a.nl"]
    )

    def promise(address: str) -> None:
        found = told(urls.canonical, address)
        if found is None:
            return
        parts = urlsplit(found)
        assert parts.scheme in ("http", "https")
        assert found.isascii()
        assert found.isprintable()
        assert "@" not in parts.netloc
        assert len(found) <= urls.LONGEST
        assert urls.canonical(found) == found

    spend(
        st.lists(NASTY | pieces, max_size=12).map("".join).flatmap(lambda end: st.sampled_from([end, f"http://{end}"])),
        promise,
    )


def test_dialled_addresses():
    closed = [
        "10.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "224.0.0.0/3",
    ]
    inside = st.sampled_from(closed).flatmap(lambda network: st.ip_addresses(network=network))

    def promise(case: tuple[Any, Any, str, int]) -> None:
        private, anything, text, port = case
        number = int(private)
        wraps = [
            f"::ffff:{private}",
            f"::{private}",
            f"64:ff9b::{private}",
            str(ipaddress.IPv6Address(0x2002 << 112 | number << 80)),
        ]
        assert all(guard.refusal(each, port, frozenset()) for each in (str(private), *wraps))
        if guard.refusal(str(anything), port, frozenset()) is None:
            assert anything.is_global
            assert not anything.is_multicast
            assert port in guard.PORTS
        assert guard.refusal(text, port, frozenset()) or ipaddress.ip_address(text)

    spend(st.tuples(inside, st.ip_addresses(), NASTY, st.sampled_from([80, 443]) | st.integers(0, 65_535)), promise)
