"""Files that are handed in: each kind out of bytes built here, and what cannot be read is said in one line."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import documents, docx, pdf
from ingest.documents import DOCX, HTML, MARKDOWN, PDF, TEXT, kind_of
from ingest.extract import NoText
from tests.make import NOW

SENTENCE = "The lock keeper opened the gates at dawn, and the barges that had waited all night went down to the sea."
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)
CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
    "<dc:title>{title}</dc:title><dc:creator>Tjeerd</dc:creator><dcterms:created>{made}</dcterms:created>"
    "</cp:coreProperties>"
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def read(content, kind, name="file", min_words=1):
    return documents.read(content, kind, name, NOW, min_words)


def a_docx(*lines, title="", made="2026-02-16T08:30:00Z", extra=None, body=None):
    """A Word file; a line that begins with # is a heading."""
    written = "".join(map(paragraph, lines))
    parts = {
        "[Content_Types].xml": CONTENT_TYPES,
        "_rels/.rels": RELATIONS,
        "word/document.xml": body or f'<w:document xmlns:w="{WORD}"><w:body>{written}</w:body></w:document>',
        "docProps/core.xml": CORE.format(title=title, made=made),
        **(extra or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def paragraph(line):
    style = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>' if line.startswith("#") else ""
    return f"<w:p>{style}<w:r><w:t>{line.lstrip('# ')}</w:t></w:r></w:p>"


def a_pdf(*pages, info="", trailer=""):
    """A PDF file whose pages are lists of lines."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", f"<< {info} >>"]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    kids = []
    for lines in pages:
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 900 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 4 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    written, places = "%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R /Info 3 0 R {trailer} >>\n"
    return f"{written}{end}startxref\n{len(written)}\n%%EOF".encode("cp1252")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Plan 2026.MD", MARKDOWN),
        ("a.markdown", MARKDOWN),
        ("map/a.html", HTML),
        ("a.htm", HTML),
        ("a.b.docx", DOCX),
        ("a.PDF", PDF),
        ("a.txt", TEXT),
        ("a.doc", None),
        ("a.exe", None),
        ("README", None),
        ("", None),
    ],
)
def test_the_name_says_the_kind(name, kind):
    assert kind_of(name) == kind


def test_markdown_becomes_lines_without_marks():
    table = "| a | b |\n|---|---|\n| c | d |"
    source = f"# Locks & gates\n\n{SENTENCE}\nIt was *cold*.\n\n- one\n- [two](https://a.example)\n\n{table}"
    found = read(source.encode(), MARKDOWN)
    assert found.title == "Locks & gates"
    assert found.text == f"{SENTENCE} It was cold.\none\ntwo\na\nb\nc\nd"
    assert found.lead == f"{SENTENCE} It was cold. one two a b c d"
    assert (found.canonical_url, found.language, found.published_at, found.barrier) == (None, None, None, None)


def test_markdown_may_say_in_front_what_it_is():
    told = 'title: "Under the bridge: a report"\nauthor: Gesine\ndate: 2026-02-16\ndescription: In short.\ntags: [x]'
    found = read(f"---\n{told}\n---\n# A heading\n\n{SENTENCE}".encode(), MARKDOWN)
    assert (found.title, found.author, found.lead) == ("Under the bridge: a report", "Gesine", "In short.")
    assert found.text == f"A heading\n{SENTENCE}"
    assert found.published_at is not None
    assert found.published_at.isoformat() == "2026-02-16T00:00:00+00:00"


def test_scripts_in_markdown_are_no_text():
    found = read(
        f"{SENTENCE}\n\n<script>alert(1)</script>\n\n<b onclick='x()'>Bold</b> <img src=x onerror=y>".encode(), MARKDOWN
    )
    assert found.text == f"{SENTENCE}\nBold"


def test_a_piece_of_html_loses_nothing_but_its_marks():
    found = read(f"<nav>Menu</nav><h2>Dawn</h2><p>{SENTENCE}<br>Short.</p><footer>Tjeerd</footer>".encode(), HTML)
    assert found.title == "Dawn"
    assert found.text.split("\n") == ["Menu", "Dawn", SENTENCE, "Short.", "Tjeerd"]


def test_a_whole_html_page_is_read_as_a_page():
    head = '<title>Dawn</title><link rel="canonical" href="https://a.example/dawn">'
    body = (
        f"<nav><ul><li><a href='/'>Menu</a></li></ul></nav><article><h1>Dawn</h1><p>{SENTENCE} {SENTENCE}</p></article>"
    )
    found = read(f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>".encode(), HTML)
    assert (found.title, found.text) == ("Dawn", f"{SENTENCE} {SENTENCE}")
    assert (found.canonical_url, found.language) == ("https://a.example/dawn", "en")


def test_plain_text_keeps_every_line():
    found = read(f"Dawn\r\n\r\n{SENTENCE}".encode("cp1252"), TEXT)
    assert (found.title, found.text, found.lead) == ("Dawn", f"Dawn\n{SENTENCE}", SENTENCE)
    assert read(f"{SENTENCE}\nMore.".encode(), TEXT).title == ""  # a sentence is no heading


def test_a_word_file_has_a_title_an_author_and_a_day():
    found = read(a_docx("# Dawn", SENTENCE, "And more.", title="At dawn"), DOCX)
    assert (found.title, found.author) == ("At dawn", "Tjeerd")
    assert found.text == f"Dawn\n{SENTENCE}\nAnd more."
    assert found.published_at is not None
    assert found.published_at.isoformat() == "2026-02-16T00:00:00+00:00"


@pytest.mark.parametrize("title", ["", "Document1", "Microsoft Word - notes.docx", "notes.doc"])
def test_a_title_that_a_program_filled_in_is_none(title):
    found = read(a_docx("Intro", "# Dawn", SENTENCE, title=title), DOCX)
    assert (found.title, found.text) == ("Dawn", f"Intro\nDawn\n{SENTENCE}")


def test_a_heading_is_not_said_twice():
    found = read(a_docx("# Dawn", SENTENCE), DOCX)
    assert (found.title, found.text) == ("Dawn", SENTENCE)
    alone = read(a_docx("# Dawn"), DOCX)
    assert (alone.title, alone.text) == ("Dawn", "Dawn")


@pytest.mark.parametrize("made", ["2031-01-01T00:00:00Z", "", "yesterday", "2026-13-45"])
def test_a_day_that_cannot_be_is_not_believed(made):
    assert read(a_docx(SENTENCE, made=made), DOCX).published_at is None


def test_a_pdf_has_paragraphs_of_whole_words():
    first = [
        "At dawn",
        "The lock keeper opened the gates at dawn, and the bar-",
        "ges that had waited all night went down",
    ]
    second = [
        "to the sea.",
        "The wind came from the North-",
        "East and stayed there for weeks on end, as it does in March.",
    ]
    found = read(a_pdf(first, second, info="/Author (Tjeerd) /CreationDate (D:20260216083000+01'00')"), PDF)
    assert found.title == "At dawn"
    assert found.text.split("\n") == [
        "The lock keeper opened the gates at dawn, and the barges that had waited all night went down to the sea.",
        "The wind came from the North-East and stayed there for weeks on end, as it does in March.",
    ]
    assert found.author == "Tjeerd"
    assert found.published_at is not None
    assert found.published_at.isoformat() == "2026-02-16T00:00:00+00:00"


def test_the_title_of_a_pdf_is_in_its_properties_or_its_first_line():
    lines = ["At dawn", SENTENCE]
    assert read(a_pdf(lines, info="/Title (A year of dawns)"), PDF).title == "A year of dawns"
    assert read(a_pdf(lines, info="/Title (Microsoft Word - dawn.docx)"), PDF).title == "At dawn"


def test_page_numbers_and_running_titles_are_no_text():
    pages = [f"The Daily Tide\r\nNumber {word} is told.\r\n{place}" for place, word in enumerate("abcd")]
    found = pdf.paragraphs(pages)
    assert "Number b is told. Number c is told." in found
    assert "Tide" not in found
    assert "0" not in found


def test_bullets_and_short_last_lines_end_a_paragraph():
    page = f"{SENTENCE}\nAnd more.\n{SENTENCE}\n• one\n• two"
    assert pdf.paragraphs([page]).split("\n") == [f"{SENTENCE} And more.", SENTENCE, "• one", "• two"]


@given(st.lists(st.text(max_size=80), max_size=6))
def test_no_letter_of_a_pdf_is_lost(pages):
    kept = [letter for letter in pdf.paragraphs(pages) if letter.isalpha()]
    assert len(kept) <= sum(letter.isalpha() for page in pages for letter in page)
    if len(pages) < 3:  # nothing can be a running title
        assert kept == [letter for page in pages for letter in page if letter.isalpha()]


DECLARES = f'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]><w:document xmlns:w="{WORD}"><w:body>'


@pytest.mark.parametrize(
    ("content", "kind", "problem"),
    [
        (b"", TEXT, "0 words of text where 1 are needed"),
        (b"", MARKDOWN, "0 words of text where 1 are needed"),
        (b"", HTML, "0 words of text where 1 are needed"),
        (b"<p> <br></p>", HTML, "0 words of text where 1 are needed"),
        (b"", DOCX, "damaged, or no Word file"),
        (b"", PDF, "damaged, or no PDF file"),
        (b"\x00\x01\x02" * 50, TEXT, "it is no text"),
        (b"\x00\x01\x02" * 50, HTML, "it is no text"),
        (b"word", "image/png", "its kind, image/png, cannot be read"),
        (b"PK\x03\x04junk", DOCX, "damaged, or no Word file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), DOCX, "protected with a password, or an old .doc"),
        (a_docx(SENTENCE)[:300], DOCX, "damaged, or no Word file"),
        (a_docx(), DOCX, "0 words of text where 1 are needed"),
        (a_docx(body="<w:document"), DOCX, "it is damaged"),
        (a_docx(body=f"{DECLARES}&x;</w:body></w:document>"), DOCX, "it declares entities"),
        (a_docx(body=f"{DECLARES}&x;</w:body></w:document>".encode("utf-16")), DOCX, "it declares entities"),
        (b"%PDF-1.4\njunk", PDF, "damaged, or no PDF file"),
        (a_pdf([]), PDF, "0 words of text where 1 are needed"),
        (a_pdf(*[["Line"]] * (pdf.MOST_PAGES + 1)), PDF, "it has 201 pages where 200 is the most"),
        (
            a_pdf([SENTENCE], trailer="/ID [(a) (a)] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (x) /U (y) >>"),
            PDF,
            "protected with a password",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line_with_a_remedy(content, kind, problem):
    with pytest.raises(NoText) as caught:
        read(content, kind, "plan.x")
    said = str(caught.value)
    assert said.startswith("plan.x: ")
    assert problem in said
    assert ": " in said.removeprefix("plan.x: ")
    assert "\n" not in said


def test_a_file_with_too_few_words_is_refused():
    assert read(SENTENCE.encode(), TEXT, min_words=5).text == SENTENCE
    with pytest.raises(NoText, match=r"^note.txt: 21 words of text where 40 are needed"):
        read(SENTENCE.encode(), TEXT, "note.txt", 40)


def test_a_word_file_that_unpacks_to_too_much_is_not_opened():
    bomb = a_docx(SENTENCE, extra={"word/media/zeros.bin": bytes(docx.MOST_UNPACKED)})
    assert len(bomb) < 100_000
    with pytest.raises(NoText, match="unpacks to more than 50 MB"):
        read(bomb, DOCX)


def test_pictures_in_a_word_file_are_left_where_they_are():
    picture = (
        '<w:p><w:r><w:drawing xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
        'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><wp:inline><a:graphic><a:graphicData>'
        '<pic:pic><pic:blipFill><a:blip r:link="far"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>'
        "</w:drawing></w:r></w:p>"
    )
    far = RELATIONS.replace('Id="r1"', 'Id="far" TargetMode="External"').replace(
        "word/document.xml", "file:///etc/passwd"
    )
    body = f'<w:document xmlns:w="{WORD}"><w:body>{picture}{paragraph(SENTENCE)}</w:body></w:document>'
    found = read(a_docx(body=body, extra={"word/_rels/document.xml.rels": far}), DOCX)
    assert found.text == SENTENCE


@given(st.binary(max_size=300), st.sampled_from([MARKDOWN, HTML, TEXT, DOCX, PDF]))
def test_any_bytes_are_a_page_or_are_refused(content, kind):
    with contextlib.suppress(NoText):
        found = read(content, kind)
        assert found.text.strip()
        assert "\x00" not in found.text
