"""From due sources to stored articles. Work is a query, so this can be stopped anywhere, and run anywhere at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from catalog import sources
from catalog.database import Database
from catalog.ids import TenantId
from ingest.config import IngestOptions
from ingest.pages import read_next
from ingest.visits import visit_next
from ingest.worker import Worker
from models.protocols import Progress


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one run did.

    `from_feed`: pages that could not be read, but whose feed said enough itself. `left_to_others`: due, but leased to
    another worker, or to one that died and whose lease will run out. `problems`: a line, with its remedy, for every
    source that could not be read and every item that failed for good.
    """

    sources_read: int = 0
    sources_unchanged: int = 0
    sources_failed: int = 0
    items_new: int = 0
    items_revised: int = 0
    articles_stored: int = 0
    articles_revised: int = 0
    articles_kept: int = 0
    duplicates: int = 0
    from_feed: int = 0
    pages_failed: int = 0
    pages_postponed: int = 0
    leases_lost: int = 0
    left_to_others: int = 0
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
) -> IngestReport:
    """Visit every source that is due, then read every page that is due, until nothing is.

    `progress` hears of every source visited and every page read. Several workers share the work: what one has claimed
    the others leave alone.
    """
    worker = Worker(database, tenant, options, clock)
    due_sources, _ = _due(worker, database)
    await _drain(worker, visit_next, due_sources, progress)
    _, due_items = _due(worker, database)
    await _drain(worker, read_next, due_items, progress)
    return IngestReport(**worker.counts, left_to_others=sum(_due(worker, database)), problems=tuple(worker.problems))


def _due(worker: Worker, database: Database) -> tuple[int, int]:
    with database.read() as connection:
        return sources.count_due(connection, worker.tenant, worker.clock())


async def _drain(worker: Worker, step: Callable[[Worker], Awaitable[bool]], due: int, progress: Progress) -> None:
    """Take `step` side by side until it finds nothing more to do. What goes wrong in one stops all."""

    async def take_steps() -> None:
        while await step(worker):
            progress(1)

    tasks = [asyncio.create_task(take_steps()) for _ in range(min(worker.options.concurrency, due))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
