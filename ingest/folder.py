"""A visit to a watched folder: files that are new in it, or changed, become items that bring their own page.

A file is known by its path below the folder. When it goes away its article stays: whoever wants it gone withdraws it.
Links are not followed, so nothing outside the folder is ever read; hidden files and the locks of office programs are
none.
"""

import asyncio
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sqlalchemy import Connection

from catalog import items, sources
from catalog.errors import Unavailable
from catalog.ids import ItemId, new_id
from catalog.records import Document, FeedItem, ItemState, Source
from ingest import documents
from ingest.visits import Visit
from ingest.worker import Outcome, Worker

RHYTHM: Final = timedelta(minutes=1)
"""Between two visits: to look whether anything changed costs next to nothing."""

MOST_FILES: Final = 1000
MOST_BYTES: Final = 10_000_000
AT_ONCE: Final = 50_000_000
"""Bytes that one visit takes in; the next visit, which follows at once, goes on."""

SETTLED: Final = timedelta(seconds=2)
"""A file that was written to more recently may not be whole yet."""

_MOST_ENTRIES: Final = 100_000
_MOST_TOLD: Final = 3
_NO_FILES: Final = (".", "~$")
_OPEN: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class FolderUnreadable(Unavailable):
    """The folder is not there, or not ours to read."""

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


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in a folder, newest first, and a line for everything that cannot be taken."""

    files: tuple[File, ...]
    left_out: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Changes when any file does, as far as can be seen without reading it."""
        told = sorted(f"{file.key}\0{file.size}\0{file.touched}\0{file.inode}" for file in self.files)
        return hashlib.sha256("\0\0".join([*told, *self.left_out]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Brought:
    """A file whose content is news. `digest` is that of the content."""

    key: str
    digest: str
    document: Document


@dataclass(frozen=True, slots=True)
class Haul:
    """What one visit takes in. `more`: there is more to take at once. `restless`: a file changed while it was read.

    `closed` are files that cannot be opened.
    """

    brought: tuple[Brought, ...]
    closed: tuple[str, ...] = ()
    more: bool = False
    restless: bool = False


async def visit(worker: Worker, source: Source, token: str) -> None:
    """Visit a folder that was claimed with `token`, and write what came of it."""
    often = replace(worker.options, interval=RHYTHM, shortest_interval=RHYTHM)
    at = Visit(worker.tenant, often, source, token, worker.clock())
    try:
        listing = await asyncio.to_thread(look, folder_of(source), worker.clock())
    except FolderUnreadable as error:
        problem = error
        await worker.finish(lambda connection: at.failed(connection, problem, worker.clock()))
        return
    if listing.digest == source.etag:
        await worker.finish(lambda connection: _unchanged(at, connection, worker.clock()))
        return
    keys = [file.key for file in listing.files]
    known = await worker.write(lambda connection: items.known(connection, worker.tenant, source.id, keys))
    haul = await asyncio.to_thread(read, listing.files, {key: item.digest for key, item in known.items()})
    await worker.finish(lambda connection: _store(at, connection, listing, haul, known, worker.clock(), worker.started))


def folder_of(source: Source) -> Path:
    """The folder that a source with a `file:` address watches."""
    return Path(url2pathname(urlsplit(source.url).path))


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


def read(files: Sequence[File], known: Mapping[str, str]) -> Haul:
    """The files whose content has another digest than is `known`, new ones first, up to AT_ONCE bytes."""
    brought: list[Brought] = []
    closed: list[str] = []
    taken, more, restless = 0, False, False
    for file in sorted(files, key=lambda file: file.key in known):
        if taken >= AT_ONCE:
            more = True
            break
        try:
            content = _content(file)
        except OSError:
            closed.append(file.key)
            continue
        if content is None:
            restless = True
        elif (digest := hashlib.sha256(content).hexdigest()) != known.get(file.key):
            taken += len(content)
            brought.append(Brought(file.key, digest, Document(file.kind, file.path.name, content)))
    return Haul(tuple(brought), tuple(closed), more, restless)


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
            left_out.append(f"{here}: {error.strerror}: let the account that ingests read it")
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
    key = Path(entry.path).relative_to(root).as_posix()
    if not key.isprintable():
        left_out.append(f"{key!a}: its name cannot be printed: give it another one")
        return None
    if facts.st_size > MOST_BYTES:
        left_out.append(f"{key}: it has more than {MOST_BYTES // 1_000_000} MB: make it smaller")
        return None
    if abs(now - datetime.fromtimestamp(facts.st_mtime, UTC)) < SETTLED:
        return None
    return File(key, Path(entry.path), kind, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def _content(file: File) -> bytes | None:
    """What is in a file; None where it is gone or not as it was listed. Raises OSError where it cannot be opened."""
    try:
        with os.fdopen(os.open(file.path, _OPEN), "rb") as opened:
            content = opened.read(file.size + 1)
            facts = os.fstat(opened.fileno())
    except FileNotFoundError:
        return None
    same = (facts.st_ino, facts.st_ctime_ns, len(content)) == (file.inode, file.touched, file.size)
    return content if same else None


def _unchanged(at: Visit, connection: Connection, now: datetime) -> Outcome:
    at.succeeded(connection, now, sources.UNCHANGED, 0, RHYTHM)
    return Outcome({"sources_unchanged": 1})


def _store(
    at: Visit,
    connection: Connection,
    listing: Listing,
    haul: Haul,
    known: Mapping[str, FeedItem],
    now: datetime,
    due_at: datetime,
) -> Outcome:
    """Remember what is new or changed together with its content, and the visit itself."""
    came = {each.key: _item(at.source, each, known.get(each.key), now) for each in haul.brought}
    new = [item for item in came.values() if not item.revisions]
    revised = [item for item in came.values() if item.revisions]
    whole = not haul.more and not haul.restless
    wait = timedelta() if haul.more else RHYTHM
    at.succeeded(connection, now, "read", len(new), wait, etag=listing.digest if whole else None)
    items.remember(connection, at.tenant, revised, due_at)
    counts = Counter(sources_read=1, items_new=len(new), items_revised=len(revised))
    counts += at.announce(connection, new, now, due_at)
    standing = items.standings(connection, at.tenant, at.source.id, list(came))
    for each in haul.brought:
        if standing[each.key].state is ItemState.DUE:
            items.attach(connection, at.tenant, came[each.key].id, each.document)
    problems = [*listing.left_out, *(f"{key}: let the account that ingests read it" for key in haul.closed)]
    more = [f"and {len(problems) - _MOST_TOLD} more"] if len(problems) > _MOST_TOLD else []
    return Outcome(counts, "; ".join(problems[:_MOST_TOLD] + more) or None)


def _item(source: Source, brought: Brought, known: FeedItem | None, now: datetime) -> FeedItem:
    """An item without title and address: what a file is called is rarely what it is about."""
    return FeedItem(
        id=known.id if known else ItemId(new_id()),
        source_id=source.id,
        key=brought.key,
        url=None,
        title="",
        summary="",
        author="",
        published_at=known.published_at if known else now,
        digest=brought.digest,
        revisions=known.revisions + 1 if known else 0,
    )
