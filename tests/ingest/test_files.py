"""The files of a watched folder: which are taken, which are told about, and that nothing outside is ever opened."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog import items, sources
from ingest import files
from ingest.files import LONGEST_PATH, FolderUnreadable, look, read
from tests import make
from tests.ingest.dropped import put
from tests.make import NOW

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def drop(tmp_path) -> Path:
    made = tmp_path / "drop box"
    made.mkdir()
    return made


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
    monkeypatch.setattr(files, "MOST_BYTES", 200)
    monkeypatch.setattr(files, "MOST_FILES", 2)
    put(drop, "long.md", "x" * 201)
    put(drop, "line\nbreak.md")
    put(drop, f"{'/'.join(['deep' * 10] * 10)}/far.md")
    Path(os.fsdecode(os.fsencode(drop) + b"/\xff.md")).write_text("x")
    for age in range(3):
        put(drop, f"{age}.md", written=NOW - timedelta(days=age))
    found = look(drop, LATER)
    assert [file.key for file in found.files] == ["0.md", "1.md"]
    assert len(found.left_out) == 5
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
    monkeypatch.setattr(files, "_MOST_ENTRIES", 3)
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


def test_the_longest_path_that_is_taken_fits_into_an_index(drop, database, tenant):
    fits = "/".join(["\U00020000" * 49] * 8)[: LONGEST_PATH - 4] + "x.md"
    assert len(fits) == LONGEST_PATH
    put(drop, fits)
    put(drop, f"{fits.removesuffix('.md')}y.md")
    found = look(drop, LATER)
    assert [file.key for file in found.files] == [fits]
    assert [line.endswith("its path is longer than 400 characters: move it up") for line in found.left_out] == [True]
    source = make.source()
    with database.write() as connection:
        sources.add(connection, tenant, source)
        items.remember(connection, tenant, [make.feed_item(source.id, key=fits, url=None)], NOW)
        assert set(items.known(connection, tenant, source.id, [fits])) == {fits}


def test_a_pipe_in_a_files_place_keeps_nobody_waiting(drop):
    path = put(drop, "a.md")
    listed = look(drop, LATER).files
    path.unlink()
    os.mkfifo(path)
    assert (read(listed, {}).brought, read(listed, {}).restless) == ((), True)
    path.unlink()
    path.mkdir()
    assert (read(listed, {}).brought, read(listed, {}).restless) == ((), True)


def test_a_known_file_is_read_again_only_when_it_changed(drop):
    for name in ("a.md", "b.md"):
        put(drop, name)
    first = read(look(drop, LATER).files, {})
    known = {each.key: each.digest for each in first.brought}
    assert len(first.seen) == len(known) == 2
    assert read(look(drop, LATER).files, known, first.seen).seen == first.seen
    closer = drop / "a.md"
    os.utime(closer, (0, 0))
    told = read(look(drop, LATER).files, known, first.seen)
    assert (told.brought, len(told.seen), len(told.seen & first.seen)) == ((), 2, 1)
    put(drop, "b.md", "other")
    assert [each.key for each in read(look(drop, LATER).files, known, told.seen).brought] == ["b.md"]
    new_to_us = read(look(drop, LATER).files, {"b.md": known["b.md"]}, told.seen)
    assert [each.key for each in new_to_us.brought] == ["a.md", "b.md"]


@pytest.mark.parametrize(("name", "value"), [("AT_ONCE", 1), ("READING_SECONDS", -1.0)])
def test_one_visit_reads_so_much_and_the_next_goes_on_with_the_rest(drop, monkeypatch, name, value):
    """Also where all that is read is known: who starts from the beginning each time never comes to the end."""
    monkeypatch.setattr(files, name, value)
    known = {f"{number}.md": hashlib.sha256(b"same").hexdigest() for number in range(3)}
    for key in known:
        put(drop, key, "same")
    seen, more, visits = frozenset[str](), True, 0
    while more:
        haul = read(look(drop, LATER).files, known, seen)
        assert seen < haul.seen
        seen, more, visits = haul.seen, haul.more, visits + 1
    assert (visits, len(seen)) == (3, 3)
