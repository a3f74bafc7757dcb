"""A visit to a watched folder: files that are new in it, or changed, become items that bring their own page.

When a file goes away its article stays: whoever wants it gone withdraws it.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar, TypeVarTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sqlalchemy import Connection

from catalog import items, sources
from catalog.ids import ItemId, SourceId, new_id
from catalog.records import FeedItem, ItemState, Source
from ingest.files import Brought, FolderUnreadable, Haul, Listing, look, read
from ingest.visits import Visit
from ingest.worker import Outcome, Worker

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

RHYTHM: Final = timedelta(minutes=1)
"""Between two visits: to look whether anything changed costs next to nothing."""

ANSWER_SECONDS: Final = 30.0
"""A share whose server is away can keep whoever asks for a file waiting for ever."""

_MOST_TOLD: Final = 3
_NOTHING: Final = "-"

_asked: Final[dict[SourceId, Future[Any]]] = {}
"""What a thread was asked about a folder. One that hangs outlives its visit, and a second one would hang as well."""


async def visit(worker: Worker, source: Source, token: str) -> None:
    """Visit a folder that was claimed with `token`, and write what came of it."""
    often = replace(worker.options, interval=RHYTHM, shortest_interval=RHYTHM)
    at = Visit(worker.tenant, often, source, token, worker.clock())
    whole, *seen = (source.etag or _NOTHING).split()
    try:
        listing = await _ask(source, look, folder_of(source), worker.clock())
        if listing.digest == whole and not source.failures:
            await worker.finish(lambda connection: _unchanged(at, connection, worker.clock()))
            return
        keys = [file.key for file in listing.files]
        known = await worker.look(lambda connection: items.known(connection, worker.tenant, source.id, keys))
        haul = await _ask(source, read, listing.files, {key: item.digest for key, item in known.items()}, seen)
    except FolderUnreadable as error:
        problem = error
        await worker.finish(lambda connection: at.failed(connection, problem, worker.clock()))
        return
    await worker.finish(lambda connection: _store(at, connection, listing, haul, known, worker.clock()))


def folder_of(source: Source) -> Path:
    """The folder that a source with a `file:` address watches."""
    return Path(url2pathname(urlsplit(source.url).path))


async def _ask(source: Source, work: Callable[[*Given], Result], *args: *Given) -> Result:
    """`work(*args)`, in a thread that neither keeps others waiting nor the process from ending, should it hang.

    Raises FolderUnreadable where it takes too long, and whatever `work` raises.
    """
    before = _asked.get(source.id)
    if before is not None and not before.done():
        raise _silent(source)
    promise = _asked[source.id] = Future[Result]()
    promise.set_running_or_notify_cancel()  # whoever stops waiting for it does not cancel it
    threading.Thread(target=_keep, args=(promise, work, *args), name="folder", daemon=True).start()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await asyncio.wrap_future(promise)
    except TimeoutError as error:
        raise _silent(source) from error
    finally:
        if promise.done():
            _asked.pop(source.id, None)


def _keep(promise: Future[Result], work: Callable[[*Given], Result], *args: *Given) -> None:
    """What the thread does."""
    try:
        promise.set_result(work(*args))
    except BaseException as error:  # noqa: BLE001 (it is raised again where the result is waited for)
        promise.set_exception(error)


def _silent(source: Source) -> FolderUnreadable:
    return FolderUnreadable(
        f"{folder_of(source)}: it does not answer within {ANSWER_SECONDS:g} seconds: check the server it lies on"
    )


def _unchanged(at: Visit, connection: Connection, now: datetime) -> Outcome:
    """Nothing to read; what could not be taken before cannot be taken now."""
    at.succeeded(connection, now, sources.UNCHANGED, 0, RHYTHM, detail=at.source.last_error)
    return Outcome({"sources_unchanged": 1})


def _store(
    at: Visit,
    connection: Connection,
    listing: Listing,
    haul: Haul,
    known: Mapping[str, FeedItem],
    now: datetime,
) -> Outcome:
    """Remember what is new or changed together with its content, and the visit itself.

    In `etag` it keeps the digest of a listing that was read to its end, and the marks of the files that were read.
    """
    came = {each.key: _item(at.source, each, known.get(each.key), now) for each in haul.brought}
    new = [item for item in came.values() if not item.revisions]
    revised = [item for item in came.values() if item.revisions]
    whole = _NOTHING if haul.more or haul.restless else listing.digest
    wait, problem = timedelta() if haul.more else RHYTHM, _problem(listing, haul)
    etag = " ".join([whole, *sorted(haul.seen)])
    at.succeeded(connection, now, "read", len(new), wait, detail=problem, etag=etag)
    items.remember(connection, at.tenant, revised, now)
    counts = Counter(sources_read=1, items_revised=len(revised))
    counts += at.announce(connection, new, now)
    standing = items.standings(connection, at.tenant, at.source.id, list(came))
    for each in haul.brought:
        if standing[each.key].state is ItemState.DUE:
            items.attach(connection, at.tenant, came[each.key].id, each.document)
    return Outcome(counts, problem)


def _problem(listing: Listing, haul: Haul) -> str | None:
    """One line for all that could not be taken."""
    problems = [*listing.left_out, *(f"{key}: let the account that ingests read it" for key in haul.closed)]
    more = [f"and {len(problems) - _MOST_TOLD} more"] if len(problems) > _MOST_TOLD else []
    return "; ".join(problems[:_MOST_TOLD] + more) or None


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
