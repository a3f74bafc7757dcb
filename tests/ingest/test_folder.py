"""A watched folder: what is new or changed in it is read once, and nothing outside it ever is."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from catalog import articles, sources, tables
from catalog.records import ItemState, SourceKind, State
from ingest import folder
from ingest.config import IngestOptions
from ingest.folder import RHYTHM, FolderUnreadable, look, read
from ingest.pipeline import ingest
from tests import make
from tests.ingest.conftest import Reader
from tests.make import NOW

WORDS = "The gates of the new lock open on Monday, and whoever works nearby is welcome to come and see it happen. "
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def drop(tmp_path) -> Path:
    made = tmp_path / "drop box"
    made.mkdir()
    return made


def put(folder: Path, name: str, text: str = "", written: datetime = NOW - timedelta(hours=1)) -> Path:
    """A file as it looks when nobody writes to it any more."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or f"# {name}\n\n{WORDS} This is {name}.", encoding="utf-8")
    os.utime(path, (written.timestamp(), written.timestamp()))
    return path


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
    monkeypatch.setattr(folder, "AT_ONCE", 200)
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

    monkeypatch.setattr("ingest.folder.os.open", refuse)  # whoever runs this may be allowed to read everything
    report = watcher.run()
    assert (report.articles_stored, report.problems) == (1, ("closed.md: let the account that ingests read it",))
    assert watcher.run().sources_unchanged == 1
    closed.chmod(0o755)
    assert watcher.run().articles_stored == 1


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


def names(where: Path, now: datetime = LATER) -> set[str]:
    return {file.key for file in look(where, now).files}


def test_only_files_of_a_readable_kind_that_are_really_in_the_folder_are_listed(drop, tmp_path):
    secret = put(tmp_path, "secret.md")
    (tmp_path / "other").mkdir()
    put(tmp_path / "other", "far.md")
    for name in ("a.md", "b.HTML", "sub/c.txt", "d.pdf", "e.docx", "f.exe", ".hidden.md", ".git/g.md", "~$e.docx"):
        put(drop, name)
    (drop / "link.md").symlink_to(secret)
    (drop / "linked").symlink_to(tmp_path / "other")
    (drop / "loop").symlink_to(drop)
    (drop / "broken.md").symlink_to(drop / "nowhere.md")
    os.mkfifo(drop / "pipe.md")
    (drop / "folder.md").mkdir()
    assert names(drop) == {"a.md", "b.HTML", "sub/c.txt", "d.pdf", "e.docx"}


def test_the_folder_itself_may_be_a_link(drop, tmp_path):
    put(drop, "a.md")
    (tmp_path / "alias").symlink_to(drop)
    assert names(tmp_path / "alias") == {"a.md"}


def test_what_cannot_be_taken_is_told(drop, monkeypatch):
    monkeypatch.setattr(folder, "MOST_BYTES", 200)
    monkeypatch.setattr(folder, "MOST_FILES", 2)
    put(drop, "long.md", "x" * 201)
    put(drop, "line\nbreak.md")
    Path(os.fsdecode(os.fsencode(drop) + b"/\xff.md")).write_text("x")
    for age in range(3):
        put(drop, f"{age}.md", written=NOW - timedelta(days=age))
    found = look(drop, LATER)
    assert [file.key for file in found.files] == ["0.md", "1.md"]
    assert len(found.left_out) == 4
    assert all(line.isprintable() for line in found.left_out)


def test_a_file_swapped_after_it_was_listed_is_not_read(drop, tmp_path):
    secret, path = put(tmp_path, "secret.md"), put(drop, "a.md")
    files = look(drop, LATER).files
    path.unlink()
    path.symlink_to(secret)
    assert (read(files, {}).brought, read(files, {}).closed) == ((), ("a.md",))
    path.unlink()
    assert (read(files, {}).brought, read(files, {}).restless) == ((), True)
    put(drop, "a.md", written=NOW)
    assert (read(files, {}).brought, read(files, {}).restless) == ((), True)
    assert [each.key for each in read(look(drop, LATER).files, {}).brought] == ["a.md"]


def test_a_folder_with_endless_files_is_refused(drop, monkeypatch):
    monkeypatch.setattr(folder, "_MOST_ENTRIES", 3)
    for number in range(4):
        put(drop, f"{number}.md")
    with pytest.raises(FolderUnreadable, match="hardly meant"):
        look(drop, LATER)
    with pytest.raises(FolderUnreadable, match="put the folder back"):
        look(drop / "0.md", LATER)


def test_a_listing_changes_with_any_file(drop):
    seen = {look(drop, LATER).digest}
    for name, text in (("a.md", ""), ("a.md", "other"), ("b.md", ""), ("sub/b.md", "")):
        put(drop, name, text)
        seen.add(look(drop, LATER).digest)
    assert len(seen) == 5
    assert look(drop, LATER).digest in seen


def test_an_address_with_spaces_and_accents_is_its_folder(drop):
    odd = drop / "naïve ü%20"
    odd.mkdir()
    assert folder.folder_of(make.source(url=odd.as_uri())) == odd
