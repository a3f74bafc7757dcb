"""`sluis article …`: files of articles and suggested addresses, as a person hands them in."""

import json
import time

import pytest

from catalog import articles, items, reviews, sources
from catalog.records import ItemState, State
from tests import make

HEADER = "id,title,text,audience,tags\n"
GOOD = HEADER + 'a1,"Lock opens","Line one\nline two",function=sales;region=*,topic=labour\na2,Second,Words,,\n'


@pytest.fixture
def listing(tmp_path):
    def write(text, name="articles.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return str(path)

    return write


def handed_in(shell, key):
    with shell.database.read() as connection:
        return items.handed_in(connection, shell.tenant, key)


def test_a_csv_file_is_imported_once(shell, listing):
    assert "2 new, 0 changed, 0 unchanged; 'sluis ingest'" in shell("article", "import", listing("\ufeff" + GOOD))
    assert shell("article", "import", listing(GOOD)).strip() == "0 new, 0 changed, 2 unchanged"
    assert "0 new, 1 changed, 1 unchanged" in shell("article", "import", listing(GOOD.replace("Words", "Others")))
    found = handed_in(shell, "a1").item
    assert (found.title, found.audience) == ("Lock opens", make.audience("sales", region=["*"]))
    assert found.tags == {"topic": {"labour"}}
    with shell.database.read() as connection:
        assert items.document(connection, shell.tenant, found.id).content == b"Line one\nline two"
        assert [each.url for each in sources.every(connection, shell.tenant)] == ["push:import"]


def test_a_jsonl_file_says_what_the_api_says(shell, listing):
    rows = [
        {
            "id": "b1",
            "title": "T",
            "html": "<p>Words</p>",
            "published_at": "2026-03-01T10:00:00Z",
            "tags": {"kind": []},
        },
        {"id": "b2", "title": "T", "text": "x" * 200_000},
    ]
    shell("article", "import", listing("\n\n".join(map(json.dumps, rows)) + "\n", "articles.jsonl"))
    assert handed_in(shell, "b1").item.tags == {"kind": frozenset()}
    assert handed_in(shell, "b2").state is ItemState.DUE


def test_a_moment_without_a_zone_is_local(shell, listing, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    time.tzset()
    moments = {"b1": "2026-03-02", "b2": "2026-03-02T10:00", "b3": "2026-03-02T10:00:00Z"}
    lines = "".join(f"{name},T,Words,{moment}\n" for name, moment in moments.items())
    shell("article", "import", listing("id,title,text,published_at\n" + lines))
    found = [handed_in(shell, name).item.published_at.isoformat() for name in moments]
    assert found == ["2026-03-01T23:00:00+00:00", "2026-03-02T09:00:00+00:00", "2026-03-02T10:00:00+00:00"]
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "title,text\nT,x\n", "column id"),
        ("a.csv", "id,title,text,colour\n", "column colour"),
        ("a.csv", "id,id,title\n", "column names"),
        ("a.csv", "", "column id"),
        ("a.csv", HEADER, "no article"),
        ("a.csv", GOOD + "a3,T\n", "line 5: not 5 fields"),
        ("a.csv", GOOD + "a1,T,x,,\n", "line 5: the id 'a1' is there twice"),
        ("a.csv", GOOD + "a3,,x,,\n", "line 5: title"),
        ("a.csv", GOOD + "a3,T,,,\n", "exactly one"),
        ("a.csv", GOOD + "a3,T,x,sales,\n", "line 5: audience"),
        ("a.csv", GOOD + "a3,T,x,function=salez,\n", "salez"),
        ("a.csv", GOOD + "a3,T,x,,topic=labor\n", "labor"),
        ("a.csv", GOOD + ",T,x,,\n", "line 5: no 'id'"),
        ("a.csv", GOOD + '"a3,T\n', "no proper CSV"),
        ("a.csv", GOOD + "a3,T,x\0,,\n", "NUL"),
        ("a.jsonl", '{"id": 4711, "title": "T", "text": "x"}', "line 1: no 'id' as text"),
        ("a.jsonl", '{"id": "a", "title": "T", "text": "x"}\n[1]', "line 2: no JSON object"),
        ("a.jsonl", "[" * 100_000, "line 1: no JSON object"),
        ("a.jsonl", '{"id": "a\\ud800", "title": "T", "text": "x"}', "printable"),
        ("a.jsonl", '{"id": "a", "title": "\\ud800", "text": "x"}', "line 1: title"),
        ("a.jsonl", '{"id": "a", "title": "T", "text": "x", "source": "api"}', "--source"),
        ("a.jsonl", '{"id": "a", "title": "T", "text": "x", "extra": 1}', "line 1: extra: there is no such field"),
        ("a.jsonl", '{"id": "a", "text": "x"}', "line 1: title: it is needed"),
        ("a.jsonl", '{"id": "a", "title": "T", "text": "x", "expires_at": "soon"}', "expires_at: write a moment"),
        ("a.txt", "id", "suffix"),
    ],
)
def test_one_wrong_line_and_nothing_is_imported(shell, listing, name, text, says):
    shell("init")
    assert says in shell.fails("article", "import", listing(text, name))
    with shell.database.read() as connection:
        assert sources.every(connection, shell.tenant) == []


def test_files_that_cannot_be_read_name_the_remedy(shell, listing):
    assert "UTF-8" in shell.fails("article", "import", listing(GOOD.replace("Second", "Zoë"), encoding="latin-1"))
    assert "No such file" in shell.fails("article", "import", "nowhere.csv")
    assert "source add push:intranet" in shell.fails("article", "import", listing(GOOD), "--source", "intranet")


def test_a_withdrawn_article_in_a_file_stops_the_file(shell, listing):
    shell("article", "import", listing(GOOD))
    shell("article", "withdraw", "ext:a2", "--by", "Anne", "--reason", "old")
    assert handed_in(shell, "a2").state is ItemState.WITHDRAWN
    more = GOOD + "a3,T,x,,\n"
    assert f"{listing(more)}, line 4: a2 was withdrawn" in shell.fails("article", "import", listing(more))
    assert handed_in(shell, "a3") is None


def test_an_article_is_withdrawn_by_either_id(shell):
    shell("init")
    with shell.database.write() as connection:
        stored = make.store_live(connection, shell.tenant, make.audience("sales"))
    shell("article", "withdraw", stored.id[:8], "--by", "Anne", "--reason", "wrong")
    with shell.database.read() as connection:
        assert articles.get(connection, shell.tenant, stored.id).state is State.WITHDRAWN
        assert reviews.of_article(connection, shell.tenant, stored.id)[0].actor == "Anne (curator)"
    assert "check the id" in shell.fails("article", "withdraw", "ext:none", "--by", "Anne", "--reason", "x")


def test_a_suggestion_is_theirs_until_they_are_erased(shell):
    shell("init")
    person = make.employee("sales", email="ann@acme.example")
    with shell.database.write() as connection:
        offered = make.store_live(connection, shell.tenant, make.audience("sales"))
        make.store_slate(connection, shell.tenant, person, make.slate(person.id, [offered.id]))
    words = ("article", "suggest", "https://news.example/a?utm_source=x", "--by", "ann@acme.example")
    assert shell(*words).strip() == "suggested: https://news.example/a; 'sluis ingest' reads it"
    assert shell(*words).strip() == "waits to be read already: https://news.example/a"
    known = shell("article", "suggest", offered.url, "--by", "ann@acme.example").strip()
    assert known == f"known already, as article {offered.id[:8]} (approved): {offered.url}"
    kept = json.loads(shell("people", "export", "ann@acme.example"))
    assert [(each["url"], each["state"]) for each in kept["suggested"]] == [("https://news.example/a", "due")]
    assert [each["article_id"] for each in kept["offered"]] == [offered.id]
    assert "1 suggestions anonymised" in shell("people", "erase", "ann@acme.example")
    with shell.database.read() as connection:
        source = sources.at(connection, shell.tenant, items.SUGGESTIONS)
        [item] = items.known(connection, shell.tenant, source.id, ["https://news.example/a"]).values()
    assert item.suggested_by is None
    assert "people list" in shell.fails(*words)
