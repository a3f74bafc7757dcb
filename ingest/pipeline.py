"""From due sources to stored articles. Work is a query, so this can be stopped anywhere, and run anywhere at once."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
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

_PATIENCE_SECONDS: Final = 60.0
"""How long a single run is idle, in all, for hosts that want time between two visits; the rest is left to the next."""

_POLL_SECONDS: Final = 1.0

_AT_ONCE: Final = 16
"""Claims in one transaction."""


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
        left = await worker.look(lambda connection: count_due(connection, tenant, clock()))
    return IngestReport(**worker.counts, left_for_later=left, problems=tuple(worker.problems))


def count_due(connection: Connection, tenant: TenantId, now: datetime) -> int:
    """How many sources and pages are due, whoever has them: what a progress bar can expect at the least."""
    return sources.count_due(connection, tenant, now) + items.count_due(connection, tenant, now)


class Dispatcher:
    """Hands out work as fast as hosts and slots allow. What goes wrong in one piece of work stops all.

    To look for work costs a transaction, so it is only looked for where there can be some: once for each page that was
    read, because its host has a turn free, and thoroughly after a visit, which may bring news, and once a second.
    """

    def __init__(self, worker: Worker, progress: Progress) -> None:
        self._worker = worker
        self._progress = progress
        self._running: dict[asyncio.Task[None], bool] = {}
        self._idle_seconds = 0.0
        self._look_again()

    async def run(self, stop: asyncio.Event, *, stay: bool) -> None:
        """Until `stop` is set; or, unless asked to `stay`, until nothing is due that can be read soon."""
        # names are looked up in threads: one that hangs must not keep the others waiting
        resolvers = ThreadPoolExecutor(self._worker.options.concurrency, thread_name_prefix="resolver")
        asyncio.get_running_loop().set_default_executor(resolvers)
        halt = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                room = min(self._chances, self._worker.options.concurrency - len(self._running), _AT_ONCE)
                if room > 0:
                    await self._start(room)
                elif self._running or stay or await self._more_soon():
                    await self._wait(halt)
                elif self._thorough:
                    break
                else:
                    self._look_again()
            while self._running:
                await self._wait()
        finally:
            for task in (halt, *self._running):
                task.cancel()
            await asyncio.gather(halt, *self._running, return_exceptions=True)

    def _look_again(self) -> None:
        """Look for everything there is, sources too."""
        self._chances, self._thorough = self._worker.options.concurrency, True
        self._looked_at = time.monotonic()

    async def _start(self, room: int) -> None:
        """Claim and begin up to `room` pieces of work, so few that little of their lease is spent on waiting."""
        manners = self._worker.manners
        found = await self._worker.write(lambda connection: list(islice(self._claim(connection, manners), room)))
        for work, is_visit in found:
            self._running[asyncio.create_task(work())] = is_visit
        self._chances = self._chances - room if len(found) == room else 0

    def _claim(self, connection: Connection, manners: Manners) -> Iterator[tuple[Work, bool]]:
        """Work, and whether it is a visit. Sources before pages: a visit is short, and what it finds is the newest."""
        worker = self._worker
        now, lease = worker.clock(), worker.options.lease
        while self._thorough and (claim := sources.claim_due(connection, worker.tenant, 1, now, lease, manners)):
            source = sources.source_of(claim.rows[0])
            visit = folder.visit if source.kind is SourceKind.FOLDER else visits.visit
            yield partial(visit, worker, source, claim.token), True
        while claim := items.claim_due(connection, worker.tenant, 1, now, lease, manners):
            yield partial(pages.read, worker, pages.work_of(connection, worker.tenant, claim)), False

    async def _more_soon(self) -> bool:
        """Whether work that is due only waits for a host to open again, and we have not waited for long."""
        opening = self._worker.patience.next_opening(self._worker.clock())
        if opening is None or opening.total_seconds() + self._idle_seconds > _PATIENCE_SECONDS:
            return False
        return await self._worker.look(self._due) > 0

    def _due(self, connection: Connection) -> int:
        return count_due(connection, self._worker.tenant, self._worker.clock())

    async def _wait(self, *more: asyncio.Task[Any]) -> None:
        """Until something has ended, or it is time to look again."""
        watched = {*self._running, *more}
        begun, idle = time.monotonic(), not self._running
        done, _ = await asyncio.wait(watched, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if idle:
            self._idle_seconds += time.monotonic() - begun
        ended = {task: self._running.pop(task) for task in done if task in self._running}
        if any(ended.values()) or time.monotonic() - self._looked_at >= _POLL_SECONDS:
            self._look_again()
        else:
            self._thorough = False
            self._chances += len(ended)
        for task in ended:
            task.result()
            self._progress(1)
