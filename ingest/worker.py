"""What every step of the pipeline works with: polite visits, parsing in children, a transaction per outcome, counts."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self, TypeVar, TypeVarTuple

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from catalog.claims import LeaseLost
from catalog.database import Database
from catalog.errors import Unavailable
from catalog.hosts import Manners, host_of
from catalog.ids import TenantId
from ingest.config import IngestOptions
from ingest.fetch import Asking, Fetched, FetchFailed, Visitor
from ingest.patience import Patience
from ingest.robots import Robots, Rules
from ingest.sandbox import Sandbox, TooCostly

Result = TypeVar("Result")
Given = TypeVarTuple("Given")

_WRITERS = 4
"""Transactions at once on a database that can have several; an embedded one makes them wait for each other anyway."""

_LONGEST_SLEEP = timedelta(minutes=1)
_RETRIED = {"40001", "40P01"}
"""What PostgreSQL says of a transaction that it ended for the sake of another: it can simply be done again."""
_TRIES = 3

_PROBLEMS = 1000
"""Lines that are kept: a worker that runs for months must not fill up with them."""

log = logging.getLogger(__name__)


class Disallowed(FetchFailed):
    """The site's robots.txt does not let us read this page, or not now."""

    code = "disallowed"


class Unforeseen(FetchFailed):
    """Something went wrong that nobody thought of. It is tried again, and does not stop the others."""

    code = "unforeseen"


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
        return await self._visit(url, etag, last_modified)

    async def fetch_page(self, url: str) -> Fetched:
        """Visit an article's page, if each site that it leads to lets programs read it. Raises FetchFailed, Disallowed.

        A site that wants time between two visits gets it.
        """
        rules = await self._allowed(url)
        if rules.crawl_delay:
            host, now = host_of(url), self.clock()
            wait = self.patience.take_slot(host, now, rules.crawl_delay) - now
            if wait > _LONGEST_SLEEP:  # it asked for more patience since this visit was claimed
                raise FetchFailed(f"{url}: its host asked for patience", permanent=False, retry_after=wait)
            await asyncio.sleep(wait.total_seconds())
        return await self._visit(url, ask=self._allowed)

    async def _allowed(self, url: str) -> Rules:
        rules = await self._robots.rules_for(url)
        if not rules.allows(url):
            closed, unsure = "does not let us read it: ask the publisher", "cannot be asked now: we try later"
            raise Disallowed(f"{url}: the site's robots.txt {closed if rules.known else unsure}", permanent=rules.known)
        return rules

    async def _visit(
        self, url: str, etag: str | None = None, last_modified: str | None = None, ask: Asking | None = None
    ) -> Fetched:
        try:
            fetched = await self._visitor.get(url, etag, last_modified, ask)
        except FetchFailed as error:
            host = host_of(error.at or url)
            if error.retry_after:
                self.patience.ask(host, self.clock() + min(error.retry_after, self.options.most_patience))
            if error.status is None and not error.permanent and not isinstance(error, Disallowed):
                self.patience.stumbled(host, self.clock() + self.options.interval)
            raise
        self.patience.answered(host_of(url))
        return fetched

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

    async def look(self, work: Callable[[Connection], Result]) -> Result:
        """Ask the database something, off the event loop, without keeping writers waiting."""
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._look, work)

    @asynccontextmanager
    async def surviving(self, failed: Callable[[Connection, Exception, datetime], Outcome]) -> AsyncIterator[None]:
        """Let a piece of work fail in a way that nobody thought of without taking the worker along.

        It counts as a failed try, so it is not the first in line for ever. Where the database itself or the machine is
        in trouble, nothing can go on.
        """
        try:
            yield
        except (OperationalError, InterfaceError, Unavailable):
            raise
        except Exception as error:
            log.exception("unforeseen")
            kind = type(error).__name__
            problem = Unforeseen(f"it cannot be read or stored ({kind}): report it, we try later", permanent=False)
            await self.finish(lambda connection: failed(connection, problem, self.clock()))

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

    def _look(self, work: Callable[[Connection], Result]) -> Result:
        with self._database.read() as connection:
            return work(connection)

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        for _ in range(_TRIES - 1):
            try:
                return self._write_once(work)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in _RETRIED:
                    raise
        return self._write_once(work)

    def _write_once(self, work: Callable[[Connection], Result]) -> Result:
        with self._database.write() as connection:
            return work(connection)
