"""A watched folder: what is new or changed in it is read once, and nothing outside it ever is."""

import asyncio
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from catalog import articles, sources, tables
from catalog.records import ItemState, SourceKind, State
from ingest import files, folder
from ingest.config import IngestOptions
from ingest.folder import RHYTHM
from ingest.pipeline import ingest
from tests import make
from tests.ingest.conftest import Reader
from tests.ingest.dropped import WORDS, put
from tests.make import NOW

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def drop(tmp_path) -> Path:
    made = tmp_path / "drop box"
    made.mkdir()
    return made


class Watcher:
    """A folder that an organisation watches."""

    def __init__(self, reader: Reader, folder: Path, **given) -> None:
        self.reader, self.folder = reader, folder
        self.source = reader.add(folder.as_uri(), **({"internal": True, "title": "Drop box"} | given))

    def run(self):
        report = asyncio.run(
            ingest(self.reader.database, self.reader.tenant, folder_options(), self.reader.clock, lambda _: None)
        )
        self.reader.clock.forward(RHYTHM)
        return report

    def now(self):
        return self.reader.source(self.source)

    def keys(self):
        columns = (tables.feed_items.c.key, tables.feed_items.c.state)
        with self.reader.database.read() as connection:
            return {row.key: row.state for row in connection.execute(select(*columns))}

    def visits(self):
        with self.reader.database.read() as connection:
            return sources.visits(connection, self.reader.tenant, self.source.id, 10)


def folder_options():
    return IngestOptions(lease=timedelta(minutes=1))


@pytest.fixture
def watcher(either, drop):
    return Watcher(either, drop)


def count(reader: Reader, table) -> int:
    with reader.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_files_become_articles_once(watcher):
    put(watcher.folder, "one.md")
    put(watcher.folder, "deep/er/two.md")
    report = watcher.run()
    assert (report.sources_read, report.items_new, report.articles_stored, report.problems) == (1, 2, 2, ())
    assert watcher.keys() == {"one.md": ItemState.STORED, "deep/er/two.md": ItemState.STORED}
    found = watcher.reader.stored()["one.md"]
    assert (found.url, found.internal, found.site_name, found.state) == (None, True, "Drop box", State.EXTRACTED)
    assert "whoever works nearby" in found.text
    assert count(watcher.reader, tables.documents) == 0
    again = watcher.run()
    assert again == type(again)(sources_unchanged=1)
    assert watcher.source.kind is SourceKind.FOLDER


def test_a_changed_file_revises_its_article_and_one_that_goes_away_leaves_it(watcher):
    path = put(watcher.folder, "one.md")
    watcher.run()
    put(watcher.folder, "one.md", f"# one.md\n\n{WORDS} It was corrected.", NOW)
    report = watcher.run()
    assert (report.items_revised, report.articles_revised) == (1, 1)
    assert watcher.reader.stored()["one.md"].revision == 2
    path.unlink()
    assert watcher.run().sources_read == 1
    assert watcher.reader.stored()["one.md"].revision == 2


def test_the_same_content_written_again_is_no_news(watcher):
    put(watcher.folder, "one.md")
    watcher.run()
    put(watcher.folder, "one.md", written=NOW)
    report = watcher.run()
    assert (report.sources_read, report.items_new, report.items_revised) == (1, 0, 0)


def test_a_file_that_is_being_written_waits(watcher):
    put(watcher.folder, "one.md", written=NOW + timedelta(seconds=1))
    assert watcher.run().items_new == 0
    assert watcher.run().items_new == 1


def test_a_folder_that_is_missing_says_so_and_is_looked_for_again_soon(watcher):
    watcher.folder.rmdir()
    report = watcher.run()
    assert report.sources_failed == 1
    assert "put the folder back" in report.problems[0]
    assert watcher.now().due_at <= watcher.reader.clock.now + 3 * RHYTHM
    watcher.folder.mkdir()
    put(watcher.folder, "one.md")
    watcher.reader.clock.forward(3 * RHYTHM)
    assert watcher.run().articles_stored == 1
    assert watcher.now().failures == 0


def test_more_than_a_visit_takes_in_is_taken_in_several(watcher, monkeypatch):
    monkeypatch.setattr(files, "AT_ONCE", 200)
    for number in range(5):
        put(watcher.folder, f"{number}.md", f"# {number}\n\n{WORDS} {number}")
    report = watcher.run()
    assert (report.items_new, report.articles_stored, report.sources_read) == (5, 5, 3)
    assert watcher.run().sources_unchanged == 1


def test_a_cap_holds_and_what_is_over_it_keeps_no_content(either, drop):
    watcher = Watcher(either, drop, daily_cap=1)
    put(drop, "a.md")
    put(drop, "b.md")
    report = watcher.run()
    assert (report.articles_stored, report.items_capped) == (1, 1)
    assert sorted(watcher.keys().values()) == [ItemState.CAPPED, ItemState.STORED]
    assert count(either, tables.documents) == 0


def test_a_file_without_words_is_one_clear_line(watcher):
    put(watcher.folder, "empty.md", " ")
    put(watcher.folder, "none.docx", "no archive")
    report = watcher.run()
    assert report.pages_failed == 2
    assert {line.split(":")[0] for line in report.problems} == {"empty.md", "none.docx"}


def test_a_file_that_cannot_be_opened_is_told_once_and_holds_up_nothing(watcher, monkeypatch):
    put(watcher.folder, "one.md")
    closed = put(watcher.folder, "closed.md")
    really = os.open

    def refuse(path, *told, **more):
        if Path(path) == closed and not closed.stat().st_mode & 0o111:
            raise PermissionError(13, "Permission denied")
        return really(path, *told, **more)

    monkeypatch.setattr("ingest.files.os.open", refuse)  # whoever runs this may be allowed to read everything
    report = watcher.run()
    assert (report.articles_stored, report.problems) == (1, ("closed.md: let the account that ingests read it",))
    assert watcher.run().sources_unchanged == 1
    closed.chmod(0o755)
    assert watcher.run().articles_stored == 1


def test_what_cannot_be_taken_is_said_of_the_source_for_as_long_as_it_is_so(watcher, monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 500)
    put(watcher.folder, "one.md")
    large = put(watcher.folder, "large.md", "x" * 501)
    report = watcher.run()
    said = watcher.now().last_error
    assert said.startswith("large.md: it has more than")
    assert (report.problems, [visit.detail for visit in watcher.visits()]) == ((said,), [said])
    again = watcher.run()
    assert (again.sources_unchanged, again.problems, watcher.now().last_error) == (1, (), said)
    away = watcher.folder.rename(watcher.folder.with_name("away"))
    watcher.run()
    assert "put the folder back" in watcher.now().last_error
    away.rename(watcher.folder)
    watcher.reader.clock.forward(3 * RHYTHM)
    watcher.run()
    assert (watcher.now().last_error, watcher.now().failures) == (said, 0)
    large.unlink()
    watcher.run()
    assert watcher.now().last_error is None


def test_names_of_any_bytes_can_be_said_of_the_source(watcher):
    odd = Path(os.fsdecode(os.fsencode(watcher.folder) + b"/\xff\n.md"))
    odd.write_text("x")
    assert watcher.run().sources_read == 1
    assert "cannot be printed" in watcher.now().last_error


def test_only_what_changed_is_read_again(watcher, monkeypatch):
    for number in range(5):
        put(watcher.folder, f"{number}.md")
    watcher.run()
    opened = []
    really = os.open
    monkeypatch.setattr(
        "ingest.files.os.open", lambda path, *more: opened.append(Path(path).name) or really(path, *more)
    )
    put(watcher.folder, "3.md", f"{WORDS} It was corrected.")
    assert watcher.run().articles_revised == 1
    assert opened == ["3.md"]


def test_a_folder_that_hangs_costs_its_own_visits_and_one_thread(reader, drop, monkeypatch, request):
    monkeypatch.setattr(folder, "ANSWER_SECONDS", 1.0)
    answers = threading.Event()
    request.addfinalizer(answers.set)
    hung = []
    really = os.scandir

    def scandir(path):
        if Path(path).name == "share":
            hung.append(threading.current_thread())
            answers.wait()
        return really(path)

    monkeypatch.setattr("ingest.files.os.scandir", scandir)  # no share whose server is away can be had here
    watcher = Watcher(reader, drop)
    put(drop, "one.md")
    (drop.parent / "share").mkdir()
    share = reader.add((drop.parent / "share").as_uri(), title="Far away")
    report = watcher.run()
    assert (report.articles_stored, report.sources_failed) == (1, 1)
    assert "does not answer within" in reader.source(share).last_error
    reader.clock.forward(5 * RHYTHM)
    assert watcher.run().sources_failed == 1
    assert [(thread.daemon, thread.is_alive()) for thread in hung] == [(True, True)]
    answers.set()
    hung[0].join()
    reader.clock.forward(10 * RHYTHM)
    assert watcher.run().sources_failed == 0
    assert reader.source(share).last_error is None


def test_a_withdrawn_article_does_not_come_back_with_its_file(watcher):
    put(watcher.folder, "one.md")
    watcher.run()
    with watcher.reader.database.write() as connection:
        articles.move(connection, watcher.reader.tenant, watcher.reader.stored()["one.md"], State.WITHDRAWN)
    put(watcher.folder, "one.md", f"# one.md\n\n{WORDS} Again.", NOW)
    watcher.run()
    assert watcher.reader.stored()["one.md"].state is State.WITHDRAWN


def test_a_visit_that_lost_its_lease_leaves_no_trace(watcher):
    put(watcher.folder, "one.md")
    with watcher.reader.database.write() as connection:
        sources.change(connection, watcher.reader.tenant, watcher.source.id, lease_token="other", lease_until=LATER)
    assert watcher.run().items_new == 0
    assert watcher.keys() == {}


def test_an_address_with_spaces_and_accents_is_its_folder(drop):
    odd = drop / "naïve ü%20"
    odd.mkdir()
    assert folder.folder_of(make.source(url=odd.as_uri())) == odd
