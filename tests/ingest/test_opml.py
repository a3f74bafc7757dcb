"""Lists of feeds: what other programs export is read, however broken, and what we export they can read."""

import contextlib
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ingest import opml, plain, urls
from ingest.opml import NotAnOpml, Outline
from tests.make import NOW


def listed(*outlines: str, start: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    return f'{start}<opml version="1.0"><head/><body>{"".join(outlines)}</body></opml>'.encode()


def feed(url: str, title: str = "A") -> str:
    return f'<outline type="rss" text="{title}" xmlUrl="{url}"/>'


A = feed("https://a.example/feed")
LIST = """<?xml version="1.0"?>
<opml version="2.0"><head><title>Mine</title></head><body>
  <outline text="Pers"><outline title="Vak / bouw">
    <outline text="Kade &amp; Kust" title="" type="rss" xmlUrl="HTTPS://kade.example/feed/" language="nl-NL"/>
  </outline></outline>
  <outline text="&lt;b&gt;Bold&lt;/b&gt;" XMLURL="http://bold.example/"/>
  <outline text="Old" xmlurl="feed://old.example/rss"/>
  <outline text="Older" type="RSS" url="feed:https://older.example/rss"/>
  <outline text="Again" xmlUrl="https://kade.example/feed"/>
  <outline text="A page" type="link" url="https://page.example/"/>
  <outline text="Lost" type="rss"/>
  <outline text="Script" xmlUrl="javascript:alert(1)"/>
  <outline text="Up" xmlUrl="../../etc/passwd"/>
  <!-- <outline text="Hidden" xmlUrl="https://hidden.example/feed"/> -->
</body></opml>"""


@pytest.mark.parametrize("broken", [False, True])
def test_what_is_read_and_what_is_told(broken):
    found = opml.read((LIST + ("<" if broken else "")).encode())
    assert found.found == (
        Outline("https://kade.example/feed", "Kade & Kust", "nl"),
        Outline("http://bold.example/", "Bold"),
        Outline("http://old.example/rss", "Old"),
        Outline("https://older.example/rss", "Older"),
    )
    assert [problem.split(":")[0] for problem in found.problems] == [
        "https",
        "'Lost' has no address",
        "'Script' has no address of a feed ('javascript",
        "'Up' has no address of a feed ('../../etc/passwd')",
    ]


@pytest.mark.parametrize(
    ("outline", "url", "title"),
    [
        (feed("https://a.example/?x=1&y=2"), "https://a.example/?x=1&y=2", "A"),
        (feed("https://a.example/?x=1&amp;y=2&z"), "https://a.example/?x=1&y=2&z", "A"),
        (feed("https://a.example/&copy=1&lt=2", "R&D"), "https://a.example/&copy=1&lt=2", "R&D"),
        (
            feed("https://a.example/feed", 'The "new" < "old" = news'),
            "https://a.example/feed",
            'The "new" < "old" = news',
        ),
        ("<outline text='It's here' xmlUrl='https://a.example/feed' >", "https://a.example/feed", "It's here"),
        ('<outline xmlUrl = "https://a.example/feed" text', "https://a.example/feed", ""),
    ],
)
def test_a_list_that_is_no_xml_gives_the_right_addresses(outline, url, title):
    first, last = feed("https://first.example/feed"), feed("https://last.example/feed")
    found = opml.read(listed('<outline text="R&D">', first, outline, last))
    assert [outline.url for outline in found.found] == ["https://first.example/feed", url, "https://last.example/feed"]
    assert found.found[1].title == title
    assert found.problems == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_titles_in_any_encoding(encoding):
    body = LIST.replace('"1.0"', f'"1.0" encoding="{encoding.removesuffix("-sig")}"', 1).replace("Kust", "Plaats één")
    assert opml.read(body.encode(encoding)).found[0].title == "Kade & Plaats één"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"plain words",
        b"<html><body>Hi</body></html>",
        b'{"opml": []}',
        listed(),
        listed('<outline text="A"/>'),
    ],
)
def test_a_file_without_a_feed_says_what_to_do(body):
    with pytest.raises(NotAnOpml, match="export the list from your feed reader as OPML"):
        opml.read(body)


def test_the_reason_is_told_where_no_feed_is_left():
    with pytest.raises(NotAnOpml, match="ftp://a"):
        opml.read(listed(feed("ftp://a.example/feed")))


@pytest.mark.parametrize("field", ['text="{}"', 'text="a">{}<outline text="b"'])
def test_entities_neither_multiply_nor_name_a_file(tmp_path, field):
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    lines = ['<!ENTITY e0 "lol">', *(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))]
    for entity in ("&e9;", "&x;", "%x;"):
        doctype = f'<!DOCTYPE opml [{"".join(lines)}<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
        outline = f"<outline {field.format(entity)} xmlUrl='https://b.example/'/>"
        start = time.process_time()
        found = str(opml.read(listed(A, outline, start=doctype)))
        assert time.process_time() - start < 3
        assert "hunter2" not in found
        assert len(found) < 1000


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused(body):
    for start in (b"", listed(A)[:-20], b"<opml><outline ", b'<opml><outline xmlUrl="https://a.example/'):
        with contextlib.suppress(NotAnOpml):
            assert all(urls.canonical(outline.url) == outline.url for outline in opml.read(start + body).found)


@pytest.mark.parametrize(
    "part", ["<outline text='a'>", A, "<outline ", '<outline a="', "<!--", " x='", "</outline>", "&lt"]
)
@pytest.mark.parametrize("end", ["", "<"])
def test_a_huge_list_takes_no_time(part, end):
    body = listed(A, part * (2_000_000 // len(part)), end)
    start = time.process_time()
    assert opml.read(body).found[0].url == "https://a.example/feed"
    assert time.process_time() - start < 8


words = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20).map(plain.line)
outlines = st.builds(
    Outline,
    url=st.integers(0, 99).map("https://{}.example/a?b=1&c=2".format),
    title=words.map(lambda text: plain.line(text.translate({ord("<"): None, ord("&"): None}))),
    language=st.sampled_from([None, "nl", "en"]),
)


@given(st.lists(outlines, max_size=8, unique_by=lambda outline: outline.url), words)
def test_what_is_written_is_read_back(told, title):
    body = opml.write(told, title, NOW)
    root = etree.fromstring(body)
    assert root.get("version") == "2.0"
    assert root.findtext("head/dateCreated") == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert all(outline.get("text") for outline in root.iter("outline"))
    if told:
        found = opml.read(body)
        assert found.found == tuple(told)
        assert found.problems == ()


def test_a_title_full_of_markup_stays_text():
    told = Outline("https://a.example/", '"><outline xmlUrl="https://evil.example/"/>')
    root = etree.fromstring(opml.write([told], "]]> &x;", NOW))
    assert [node.get("xmlUrl") for node in root.iter("outline") if node.get("xmlUrl")] == ["https://a.example/"]


def test_what_is_said_of_a_wrong_address_is_plain_as_well():
    problem = opml.read(listed(A, '<outline text="B" type="rss" xmlUrl="cafe\u0301 \u202e nowhere"/>')).problems[0]
    assert problem == "'B' has no address of a feed ('café nowhere'): give one that starts with https://"
    assert problem == unicodedata.normalize("NFC", problem)
