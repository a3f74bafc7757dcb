"""The worker: fetches and enriches as work becomes due, until it is told to stop, and then brings it to its end.

Any number of workers can run on one database, each for all steps or for one of them: what one has claimed the others
leave alone, and what a dead one held comes free with its lease.
"""

import asyncio
import logging
import sys
import threading
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from catalog import articles, promotions, tenants
from catalog.clock import utcnow
from catalog.errors import Invalid, SluisError
from catalog.records import Action, State
from curation import passing
from curation.policy import PolicyOptions
from curation.review import Desk
from models.protocols import Progress
from sluis.console import progress
from sluis.stopping import drain_on_signal
from sluis.wiring import House

if TYPE_CHECKING:
    from ingest.enrich import EnrichReport
    from models.encoder import SentenceEncoder
    from models.taggers import Taggers

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 2.0
_JUDGE_AGAIN_SECONDS: Final = 60.0
_SENT: Final = {
    Action.ROUTE: "were put before a curator",
    Action.CERTIFY: "went on under the certificate",
    Action.APPROVE: "went on with an audience that their sender may name",
}
_TAKE_OVER_SECONDS: Final = 10.0


def run(house: House, *, fetch: bool, enrich: bool, serve_encoder: bool) -> None:
    """Work until SIGTERM or SIGINT; a second one ends it at once. Raises Invalid where there is nothing to do.

    With `serve_encoder` it also answers those who need a vector now, once no other process on this machine does.
    """
    if not (fetch or enrich):
        raise Invalid("a worker that neither fetches nor enriches has nothing to do: leave one of them on")
    asyncio.run(_work(house, fetch=fetch, enrich=enrich, serve_encoder=serve_encoder))
    log.info("drained: nothing is left half done")


async def _work(house: House, *, fetch: bool, enrich: bool, serve_encoder: bool) -> None:
    stop, halt = asyncio.Event(), threading.Event()
    drain_on_signal(stop.set, halt.set)
    enrichment = Enrichment(house)
    try:
        async with asyncio.TaskGroup() as tasks:
            if fetch:
                tasks.create_task(_fetch(house, stop))
                tasks.create_task(_deliver(house, stop))
                tasks.create_task(_promote(house, stop))
            if enrich:
                tasks.create_task(asyncio.to_thread(_enrich, house, enrichment, halt))
            if serve_encoder:
                tasks.create_task(answer_too(house, enrichment, stop))
    except* SluisError as trouble:
        raise trouble.exceptions[0] from None
    finally:
        halt.set()  # a thread cannot be cancelled: it looks


async def answer_too(house: House, enrichment: "Enrichment", stop: asyncio.Event) -> None:
    """Answer who needs a vector now, until told to stop. Where another process does, take over when that one ends."""
    from sluis import encoding
    from sluis.doors import AlreadyAnswered, CannotListen, unix

    told = False
    while not stop.is_set():
        try:
            with unix(house.settings.socket) as listening:
                encoder = await asyncio.to_thread(enrichment.encoder)
                await encoding.answer(house, encoder, listening, stop)
        except CannotListen as trouble:
            log.warning("this worker answers nobody, and works on: %s", trouble)
            return
        except AlreadyAnswered as other:
            if not told:
                log.info("this worker waits to answer: %s", other)
            told = True
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _TAKE_OVER_SECONDS)


async def _fetch(house: House, stop: asyncio.Event) -> None:
    from ingest.pipeline import ingest

    options = house.settings.ingest_options()
    await ingest(house.database, house.tenant, options, utcnow, lambda _: None, stop, stay=True)


async def _deliver(house: House, stop: asyncio.Event) -> None:
    """Tell webhooks what is due, and again when something is: one that cannot be reached keeps nobody waiting."""
    from api.delivery.webhooks import deliver
    from sluis import tracing

    traces = tracing.begin(house.database)
    followed_by = [traces.webhooks()] if traces else []
    while not stop.is_set():
        arrived = await deliver(house.database, house.tenant, house.settings.trusted_hosts, utcnow, stop, followed_by)
        if arrived:
            log.info("%d messages delivered", arrived)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _POLL_SECONDS)


async def _promote(house: House, stop: asyncio.Event) -> None:
    """Have the rankers judged that were to rank over the API, in a process that has no torch."""
    judge = [sys.executable, "-m", "sluis.main", "models", "judge"]
    while not stop.is_set():
        pause = _POLL_SECONDS
        if await asyncio.to_thread(_promotions_wait, house):
            judging = await asyncio.create_subprocess_exec(*judge, stdin=DEVNULL, stdout=DEVNULL)
            pause = _POLL_SECONDS if await _ended_well(judging, stop) else _JUDGE_AGAIN_SECONDS
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


def _promotions_wait(house: House) -> bool:
    with house.database.read() as connection:
        return promotions.waiting(connection, house.tenant, utcnow())


async def _ended_well(judging: Process, stop: asyncio.Event) -> bool:
    """Wait for it; told to stop, end it: what it had claimed is judged again when its lease is over."""
    done, stopped = asyncio.create_task(judging.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait((done, stopped), return_when=asyncio.FIRST_COMPLETED)
    if not done.done():
        judging.terminate()
    code = await done
    stopped.cancel()
    if code and not stop.is_set():
        log.error("'sluis models judge' ended with %d: it is run again in a minute", code)
    return not code


def _enrich(house: House, enrichment: "Enrichment", halt: threading.Event) -> None:
    from sluis.learning import Apprentice

    apprentice = Apprentice(house)
    while not halt.is_set():
        if enrichment.waiting():
            log.info("enriched: %s", enrichment.run(lambda _: None, lambda: not halt.is_set()))
        for action, count in enrichment.route().items():
            log.info("%d articles %s", count, _SENT[action])
        apprentice.look()
        halt.wait(_POLL_SECONDS)


class Enrichment:
    """Enriches what is stored, with an encoder that is loaded when there is something to encode, and then kept."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._loading = threading.Lock()

    def encoder(self) -> "SentenceEncoder":
        """The one encoder of this process, loaded by whoever asks first."""
        with self._loading:
            return self._encoder

    def waiting(self) -> int:
        """How many articles wait for it."""
        with self._house.database.read() as connection:
            return articles.count_by_state(connection, self._house.tenant).get(State.EXTRACTED, 0)

    def run(self, tick: Progress, go_on: Callable[[], bool] = lambda: True) -> "EnrichReport":
        """Enrich until nothing waits, or `go_on` says no. Raises OtherEncoder."""
        from ingest.enrich import enrich

        house = self._house
        encoder, options = self.encoder(), house.settings.enrich_options()
        return enrich(house.database, house.tenant, encoder, self._taggers, options, utcnow, tick, go_on)

    def route(self) -> Counter[Action]:
        """Send every tagged article on, to a person or live under a certificate; how many went which way."""
        went: Counter[Action] = Counter()
        while True:
            with self._house.database.write() as connection:
                moved = self._route(connection)
            if not moved:
                return went
            went += moved

    def _route(self, connection: Connection) -> Counter[Action]:
        house, now = self._house, utcnow()
        # no certificate may end between being looked at and being used
        tenants.get(connection, house.tenant, lock=True)
        taggers, rules = house.promoted_taggers(), None
        if taggers is not None:
            about = passing.basis(connection, house.tenant, taggers)
            words = house.vocabularies.taxonomy(connection, house.tenant)
            rules = passing.rules(connection, house.tenant, about, words, house.settings.certificate_options(), now)
        return Desk(connection, house.tenant, now).route_tagged(PolicyOptions(), rules)

    @cached_property
    def _encoder(self) -> "SentenceEncoder":
        return self._house.encoder()

    @property
    def _taggers(self) -> "Taggers":
        """Those in use now: others may have been promoted since the last run."""
        return self._house.taggers(self.encoder(), partial(progress, "Learning the vocabulary (once)"))
