"""What is in a watched folder, and what is in its files: everything here waits for a disk, or for a share far away.

A file is known by its path below the folder. Links are not followed, so nothing outside the folder is ever read; hidden
files and the locks of office programs are none.
"""

import hashlib
import os
import stat
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from catalog.errors import Unavailable
from catalog.records import Document
from ingest import documents

MOST_FILES: Final = 1000
MOST_BYTES: Final = 10_000_000
LONGEST_PATH: Final = 400
"""Characters below the folder: a database's index takes no more than some 2700 bytes."""

AT_ONCE: Final = 50_000_000
"""Bytes that one visit reads; the next visit, which follows at once, goes on."""

READING_SECONDS: Final = 10.0
"""How long one visit goes on to the next file: a slow share is read in several visits."""

SETTLED: Final = timedelta(seconds=2)
"""A file that was written to more recently may not be whole yet."""

_MOST_ENTRIES: Final = 100_000
_SHOWN_CHARACTERS: Final = 80
_MARK_CHARACTERS: Final = 16
_NO_FILES: Final = (".", "~$")
# a pipe that was put in a file's place must not keep us waiting for somebody to write into it
_OPEN: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class FolderUnreadable(Unavailable):
    """The folder is not there, or not ours to read, or does not answer."""

    code = "folder_unreadable"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a kind that can be read. `key` is its path below the folder.

    `written` and `touched`, in nanoseconds, are when its content and when anything about it, such as rights, changed.
    """

    key: str
    path: Path
    kind: str
    size: int
    written: int
    touched: int
    inode: int

    @property
    def mark(self) -> str:
        """Changes when the file does, as far as can be seen without reading it."""
        told = f"{self.key}\0{self.size}\0{self.touched}\0{self.inode}"
        return hashlib.sha256(told.encode()).hexdigest()[:_MARK_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in a folder, newest first, and a line for everything that cannot be taken."""

    files: tuple[File, ...]
    left_out: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Changes when any file does."""
        return hashlib.sha256(
            "\0".join([*sorted(file.mark for file in self.files), *self.left_out]).encode()
        ).hexdigest()


@dataclass(frozen=True, slots=True)
class Brought:
    """A file whose content is news. `digest` is that of the content."""

    key: str
    digest: str
    document: Document


@dataclass(frozen=True, slots=True)
class Haul:
    """What one visit takes in. `more`: there is more to take at once. `restless`: a file changed while it was read.

    `seen` are the marks of files that need not be read again, `closed` are files that cannot be opened.
    """

    brought: tuple[Brought, ...]
    seen: frozenset[str] = frozenset()
    closed: tuple[str, ...] = ()
    more: bool = False
    restless: bool = False


def look(folder: Path, now: datetime) -> Listing:
    """The files below `folder` that can be read, without opening them. Raises FolderUnreadable."""
    left_out: list[str] = []
    try:
        root = folder.resolve(strict=True)
        files = sorted(_files(root, root, now, left_out), key=lambda file: (-file.written, file.key))
    except OSError as error:
        raise FolderUnreadable(
            f"{folder}: {error.strerror}: put the folder back, or let the account that ingests read it"
        ) from error
    if len(files) > MOST_FILES:
        left_out.append(f"{folder}: only its {MOST_FILES} newest files are looked at: move those read long ago away")
    return Listing(tuple(files[:MOST_FILES]), tuple(left_out))


def read(files: Sequence[File], known: Mapping[str, str], seen: Collection[str] = ()) -> Haul:
    """The files whose content has another digest than is `known`, new ones first, as many as fit into one visit.

    A known file whose mark was `seen` is not opened.
    """
    brought: list[Brought] = []
    closed: list[str] = []
    done = {file.mark for file in files if file.key in known and file.mark in seen}
    waiting = sorted((file for file in files if file.mark not in done), key=lambda file: file.key in known)
    taken, began, more, restless = 0, time.monotonic(), False, False
    for file in waiting:
        if taken >= AT_ONCE or (taken and time.monotonic() - began > READING_SECONDS):
            more = True
            break
        try:
            content = _content(file)
        except OSError:
            closed.append(file.key)
            continue
        if content is None:
            restless = True
            continue
        taken += len(content)
        done.add(file.mark)
        if (digest := hashlib.sha256(content).hexdigest()) != known.get(file.key):
            brought.append(Brought(file.key, digest, Document(file.kind, file.path.name, content)))
    return Haul(tuple(brought), frozenset(done), tuple(closed), more, restless)


def _files(root: Path, folder: Path, now: datetime, left_out: list[str]) -> Iterator[File]:
    """Files of a kind that can be read, one folder after the other; what they cannot be is added to `left_out`."""
    waiting, seen = [folder], 0
    while waiting:
        here = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            if here == root:
                raise
            left_out.append(f"{_shown(here.relative_to(root))}: {error.strerror}: let the account that ingests read it")
            continue
        seen += len(entries)
        if seen > _MOST_ENTRIES:
            raise OSError(0, f"it holds more than {_MOST_ENTRIES} files and folders, so it is hardly meant")
        for entry in entries:
            if entry.name.startswith(_NO_FILES) or entry.is_symlink():
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            elif (found := _file(root, entry, now, left_out)) is not None:
                yield found


def _file(root: Path, entry: os.DirEntry[str], now: datetime, left_out: list[str]) -> File | None:
    kind = documents.kind_of(entry.name)
    try:
        facts = entry.stat(follow_symlinks=False)
    except OSError:  # it went away while we looked
        return None
    if kind is None or not stat.S_ISREG(facts.st_mode):
        return None
    path = Path(entry.path).relative_to(root)
    if (problem := _problem(path.as_posix(), facts)) is not None:
        left_out.append(f"{_shown(path)}: {problem}")
        return None
    if abs(now - datetime.fromtimestamp(facts.st_mtime, UTC)) < SETTLED:
        return None
    times = facts.st_mtime_ns, facts.st_ctime_ns
    return File(path.as_posix(), Path(entry.path), kind, facts.st_size, *times, facts.st_ino)


def _problem(key: str, facts: os.stat_result) -> str | None:
    """Why a file cannot be taken, with the remedy."""
    if not key.isprintable():
        return "its name cannot be printed: give it another one"
    if len(key) > LONGEST_PATH:
        return f"its path is longer than {LONGEST_PATH} characters: move it up"
    if facts.st_size > MOST_BYTES:
        return f"it has more than {MOST_BYTES // 1_000_000} MB: make it smaller"
    return None


def _shown(path: Path) -> str:
    """A path as it can stand in a line, whatever its bytes: of a long one the end, where the file's name is."""
    said = path.as_posix()
    said = said if said.isprintable() else ascii(said)
    return said if len(said) <= LONGEST_PATH else f"…{said[-_SHOWN_CHARACTERS:]}"


def _content(file: File) -> bytes | None:
    """What is in a file; None where it is gone or not as it was listed. Raises OSError where it cannot be opened."""
    try:
        opened = os.open(file.path, _OPEN)
    except FileNotFoundError:
        return None
    try:
        if not _same(file, opened):
            return None
        with os.fdopen(opened, "rb", closefd=False) as stream:
            content = stream.read(file.size + 1)
        return content if len(content) == file.size and _same(file, opened) else None
    finally:
        os.close(opened)


def _same(file: File, opened: int) -> bool:
    facts = os.fstat(opened)
    return (facts.st_ino, facts.st_ctime_ns) == (file.inode, file.touched)
