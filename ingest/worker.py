"""What every step of the pipeline works with: fetching in turn, a transaction per outcome, counts of what was kept."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy import Connection

from catalog.claims import Claim, LeaseLost
from catalog.database import Database
from catalog.ids import TenantId
from ingest import fetch
from ingest.config import IngestOptions
from ingest.fetch import Fetched

Result = TypeVar("Result")
ClaimQuery = Callable[[Connection, TenantId, int, datetime, timedelta], Claim]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one transaction did: counts by their name in the report, and the line a curator should read, if any."""

    counts: Mapping[str, int]
    problem: str | None = None


class Worker:
    """One run's hands. Only the event loop's thread touches `counts` and `problems`."""

    def __init__(
        self, database: Database, tenant: TenantId, options: IngestOptions, clock: Callable[[], datetime]
    ) -> None:
        self.tenant = tenant
        self.options = options
        self.clock = clock
        self.started = clock()
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._database = database
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(options.per_host))

    async def fetch(self, url: str, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        """Visit an address when it is its host's turn. Raises FetchFailed."""
        async with self._turns[urlsplit(url).netloc]:
            return await fetch.get(url, self.options.limits, etag, last_modified)

    async def claim(self, query: ClaimQuery) -> Claim:
        """One piece of work, if any is free. One at a time, so that little of its lease is spent on waiting."""
        now, lease = self.clock(), self.options.lease
        return await asyncio.to_thread(self._write, lambda connection: query(connection, self.tenant, 1, now, lease))

    async def finish(self, work: Callable[[Connection], Outcome]) -> None:
        """Write what came of claimed work, and count it; where the lease was lost, neither."""
        try:
            outcome = await asyncio.to_thread(self._write, work)
        except LeaseLost:
            self.counts["leases_lost"] += 1
            return
        self.counts.update(outcome.counts)
        if outcome.problem is not None:
            self.problems.append(outcome.problem)

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        with self._database.write() as connection:
            return work(connection)
