"""From due sources to stored articles. Work is a query, so this can be stopped anywhere, and run anywhere at once."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from catalog import items, sources
from catalog.database import Database
from catalog.hosts import Manners
from catalog.ids import TenantId
from catalog.records import SourceKind
from ingest import folder, pages, visits
from ingest.config import IngestOptions
from ingest.worker import Worker
from models.protocols import Progress

Work = Callable[[], Coroutine[Any, Any, None]]

_PATIENCE: Final = timedelta(seconds=60)
"""How long a single run waits for hosts that want time between two visits, before it leaves the rest to the next."""

_POLL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one run did.

    `from_feed`: pages that could not be read, but whose feed said enough itself. `items_capped` and `items_old`: new,
    but more than the source may bring in a day, or published too long ago. `left_for_later`: due, but leased to another
    worker, or to one that died and whose lease will run out, or on a host that asked for patience. `problems`: a line,
    with its remedy, for every source that could not be read and every item that failed for good.
    """

    sources_read: int = 0
    sources_unchanged: int = 0
    sources_failed: int = 0
    items_new: int = 0
    items_revised: int = 0
    items_capped: int = 0
    items_old: int = 0
    articles_stored: int = 0
    articles_revised: int = 0
    articles_kept: int = 0
    duplicates: int = 0
    from_feed: int = 0
    pages_failed: int = 0
    pages_postponed: int = 0
    leases_lost: int = 0
    left_for_later: int = 0
    problems: tuple[str, ...] = ()

    @property
    def fruitful(self) -> bool:
        """Whether anything at all was read, be it only that nothing had changed."""
        read = self.articles_stored + self.articles_revised + self.articles_kept + self.duplicates
        return bool(self.sources_unchanged + read)


async def ingest(
    database: Database,
    tenant: TenantId,
    options: IngestOptions,
    clock: Callable[[], datetime],
    progress: Progress,
    stop: asyncio.Event | None = None,
    *,
    stay: bool = False,
) -> IngestReport:
    """Visit every source that is due and read every page that is due, until nothing is; or for good with `stay`.

    When `stop` is set nothing more is begun, and what is under way is brought to its end. `progress` hears of every
    source visited and every page read. Several workers share the work: what one has claimed the others leave alone.
    """
    async with Worker(database, tenant, options, clock) as worker:
        await Dispatcher(worker, progress).run(stop or asyncio.Event(), stay=stay)
        left = await worker.write(lambda connection: count_due(connection, tenant, clock()))
    return IngestReport(**worker.counts, left_for_later=left, problems=tuple(worker.problems))


def count_due(connection: Connection, tenant: TenantId, now: datetime) -> int:
    """How many sources and pages are due, whoever has them: what a progress bar can expect at the least."""
    return sources.count_due(connection, tenant, now) + items.count_due(connection, tenant, now)


class Dispatcher:
    """Hands out work as fast as hosts and slots allow. What goes wrong in one piece of work stops all."""

    def __init__(self, worker: Worker, progress: Progress) -> None:
        self._worker = worker
        self._progress = progress
        self._running: set[asyncio.Task[None]] = set()
        self._chances = 1

    async def run(self, stop: asyncio.Event, *, stay: bool) -> None:
        """Until `stop` is set; or, unless asked to `stay`, until nothing is due that can be read soon."""
        # names are looked up in threads: one that hangs must not keep the others waiting
        resolvers = ThreadPoolExecutor(self._worker.options.concurrency, thread_name_prefix="resolver")
        asyncio.get_running_loop().set_default_executor(resolvers)
        halt = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                if self._chances and len(self._running) < self._worker.options.concurrency:
                    await self._start_one()
                    continue
                if not self._running and not stay and not await self._more_soon():
                    break
                await self._wait(halt)
            while self._running:
                await self._wait()
        finally:
            for task in (halt, *self._running):
                task.cancel()
            await asyncio.gather(halt, *self._running, return_exceptions=True)

    async def _start_one(self) -> None:
        """Claim one piece of work, if any is free. One at a time, so that none of its lease is spent on waiting."""
        manners = self._worker.manners
        work = await self._worker.write(lambda connection: self._claim(connection, manners))
        if work is not None:
            self._running.add(asyncio.create_task(work()))
        else:
            self._chances = 0

    def _claim(self, connection: Connection, manners: Manners) -> Work | None:
        """Sources before pages: a visit is short, and what it finds is the newest."""
        worker = self._worker
        now, lease = worker.clock(), worker.options.lease
        claim = sources.claim_due(connection, worker.tenant, 1, now, lease, manners)
        if claim:
            source = sources.source_of(claim.rows[0])
            visit = folder.visit if source.kind is SourceKind.FOLDER else visits.visit
            return partial(visit, worker, source, claim.token)
        claim = items.claim_due(connection, worker.tenant, 1, now, lease, manners)
        if claim:
            return partial(pages.read, worker, pages.work_of(connection, worker.tenant, claim))
        return None

    async def _more_soon(self) -> bool:
        """Whether work that is due only waits for a host to open again, and not for long."""
        opening = self._worker.patience.next_opening(self._worker.clock())
        return opening is not None and opening <= _PATIENCE and await self._worker.write(self._due) > 0

    def _due(self, connection: Connection) -> int:
        return count_due(connection, self._worker.tenant, self._worker.clock())

    async def _wait(self, *more: asyncio.Task[Any]) -> None:
        """Until something has ended, or it is time to look again: only then can there be work that is free."""
        watched = {*self._running, *more}
        done, _ = await asyncio.wait(watched, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        self._chances = 1
        for task in done & self._running:
            self._running.discard(task)
            task.result()
            self._progress(1)
