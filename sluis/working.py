"""The worker: fetches and enriches as work becomes due, until it is told to stop, and then brings it to its end.

Any number of workers can run on one database, each for all steps or for one of them: what one has claimed the others
leave alone, and what a dead one held comes free with its lease.
"""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from catalog import articles
from catalog.clock import utcnow
from catalog.errors import Invalid, SluisError
from catalog.records import State
from curation.policy import PolicyOptions
from curation.review import Desk
from models.protocols import Progress
from sluis.console import progress
from sluis.wiring import House

if TYPE_CHECKING:
    from ingest.enrich import EnrichReport
    from models.encoder import SentenceEncoder
    from models.taggers import Taggers

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 2.0
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def run(house: House, *, fetch: bool, enrich: bool) -> None:
    """Work until SIGTERM or SIGINT; a second one ends it at once. Raises Invalid where there is nothing to do."""
    if not (fetch or enrich):
        raise Invalid("a worker that neither fetches nor enriches has nothing to do: leave one of them on")
    asyncio.run(_work(house, fetch=fetch, enrich=enrich))
    log.info("drained: nothing is left half done")


async def _work(house: House, *, fetch: bool, enrich: bool) -> None:
    stop, halt = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def drain() -> None:
        log.info("asked to stop: finishing what is under way")
        stop.set()
        halt.set()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)  # the next one ends the process

    for number in _SIGNALS:
        loop.add_signal_handler(number, drain)
    try:
        async with asyncio.TaskGroup() as tasks:
            if fetch:
                tasks.create_task(_fetch(house, stop))
            if enrich:
                tasks.create_task(asyncio.to_thread(_enrich, house, halt))
    except* SluisError as trouble:
        raise trouble.exceptions[0] from None
    finally:
        halt.set()  # a thread cannot be cancelled: it looks


async def _fetch(house: House, stop: asyncio.Event) -> None:
    from ingest.pipeline import ingest

    options = house.settings.ingest_options()
    await ingest(house.database, house.tenant, options, utcnow, lambda _: None, stop, stay=True)


def _enrich(house: House, halt: threading.Event) -> None:
    enrichment = Enrichment(house)
    while not halt.is_set():
        if enrichment.waiting():
            log.info("enriched: %s", enrichment.run(lambda _: None, lambda: not halt.is_set()))
        if routed := enrichment.route():
            log.info("%d articles were put before a curator", routed)
        halt.wait(_POLL_SECONDS)


class Enrichment:
    """Enriches what is stored, with an encoder that is loaded when there is something to encode, and then kept."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._fitted: Taggers | None = None

    def waiting(self) -> int:
        """How many articles wait for it."""
        with self._house.database.read() as connection:
            return articles.count_by_state(connection, self._house.tenant).get(State.EXTRACTED, 0)

    def run(self, tick: Progress, go_on: Callable[[], bool] = lambda: True) -> "EnrichReport":
        """Enrich until nothing waits, or `go_on` says no. Raises OtherEncoder."""
        from ingest.enrich import enrich

        house = self._house
        options = house.settings.enrich_options()
        taggers = self._taggers()
        return enrich(house.database, house.tenant, self._encoder, taggers, options, utcnow, tick, go_on)

    def route(self) -> int:
        """Send every tagged article on to whoever must decide; how many."""
        routed = 0
        while True:
            with self._house.database.write() as connection:
                moved = Desk(connection, self._house.tenant, utcnow()).route_tagged(PolicyOptions())
            if not moved:
                return routed
            routed += moved

    @cached_property
    def _encoder(self) -> "SentenceEncoder":
        return self._house.encoder()

    def _taggers(self) -> "Taggers":
        """Those of the vocabulary of now: the organisation may have changed its words since the last run."""
        if self._fitted is None or self._fitted.taxonomy != self._house.taxonomy.digest:
            self._fitted = self._house.taggers(self._encoder, partial(progress, "Learning the vocabulary"))
        return self._fitted
