"""What every step of the pipeline works with: polite visits, parsing in children, a transaction per outcome, counts."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeVar, TypeVarTuple

from sqlalchemy import Connection

from catalog.claims import LeaseLost
from catalog.database import Database
from catalog.hosts import Manners, host_of
from catalog.ids import TenantId
from ingest.config import IngestOptions
from ingest.fetch import Fetched, FetchFailed, Visitor
from ingest.hosts import Patience
from ingest.robots import Robots
from ingest.sandbox import Sandbox, TooCostly

Result = TypeVar("Result")
Given = TypeVarTuple("Given")

_WRITERS = 4
"""Transactions at once on a database that can have several; an embedded one makes them wait for each other anyway."""

_PROBLEMS = 1000
"""Lines that are kept: a worker that runs for months must not fill up with them."""

log = logging.getLogger(__name__)


class Disallowed(FetchFailed):
    """The site's robots.txt does not let us read this page, or not now."""

    code = "disallowed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one transaction did: counts by their name in the report, and the line a curator should read, if any."""

    counts: Mapping[str, int]
    problem: str | None = None


class Worker:
    """One run's hands, to be used as a context. Only the event loop's thread touches `counts` and `problems`."""

    def __init__(
        self, database: Database, tenant: TenantId, options: IngestOptions, clock: Callable[[], datetime]
    ) -> None:
        self.tenant = tenant
        self.options = options
        self.clock = clock
        self.started = clock()
        self.counts: Counter[str] = Counter()
        self.problems: deque[str] = deque(maxlen=_PROBLEMS)
        self.patience = Patience()
        self._database = database
        self._robots = Robots(self.fetch, clock)
        self._sandbox = Sandbox(options.sandbox)
        self._visitor = Visitor(options.limits)
        self._writers = ThreadPoolExecutor(1 if database.is_sqlite else _WRITERS, thread_name_prefix="writer")

    async def __aenter__(self) -> Self:
        self._sandbox.__enter__()
        await self._visitor.__aenter__()
        return self

    async def __aexit__(self, *trouble: object) -> None:
        await self._visitor.__aexit__(*trouble)
        self._sandbox.__exit__(*trouble)
        self._writers.shutdown()

    @property
    def manners(self) -> Manners:
        """How this worker may claim work now."""
        return Manners(self.options.per_host, self.patience.closed(self.clock()))

    async def fetch(self, url: str, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        """Visit an address. Raises FetchFailed; a host that asks for patience gets it from the next claim on."""
        host = host_of(url)
        try:
            fetched = await self._visitor.get(url, etag, last_modified)
        except FetchFailed as error:
            if error.retry_after:
                self.patience.ask(host, self.clock() + min(error.retry_after, self.options.most_patience))
            if error.status is None and not error.permanent:
                self.patience.stumbled(host, self.clock() + self.options.interval)
            raise
        self.patience.answered(host)
        return fetched

    async def fetch_page(self, url: str) -> Fetched:
        """Visit an article's page, if the site lets programs read it. Raises FetchFailed or Disallowed."""
        rules = await self._robots.rules_for(url)
        if not rules.allows(url):
            closed, unsure = "does not let us read it: ask the publisher", "cannot be asked now: we try later"
            raise Disallowed(f"{url}: the site's robots.txt {closed if rules.known else unsure}", permanent=rules.known)
        if rules.crawl_delay:
            self.patience.ask(host_of(url), self.clock() + rules.crawl_delay)
        return await self.fetch(url)

    async def parse(self, work: Callable[[*Given], Result], *args: *Given) -> Result:
        """Let a child read a stranger's bytes. Raises what `work` raises, and TooCostly."""
        return await self._sandbox.run(work, *args)

    async def parse_page(self, url: str, work: Callable[[*Given], Result], *args: *Given) -> Result:
        """The same for a page of a host, which is left alone for a while where reading one costs too much."""
        try:
            return await self.parse(work, *args)
        except TooCostly:
            self.patience.ask(host_of(url), self.clock() + self.options.interval)
            raise

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do something in a transaction of its own, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._write, work)

    async def finish(self, work: Callable[[Connection], Outcome]) -> None:
        """Write what came of claimed work, and count it; where the lease was lost, neither."""
        try:
            outcome = await self.write(work)
        except LeaseLost:
            self.counts["leases_lost"] += 1
            return
        self.counts.update(outcome.counts)
        if outcome.problem is not None:
            self.problems.append(outcome.problem)
            log.info(outcome.problem)

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        with self._database.write() as connection:
            return work(connection)
