"""One person's feed: the service around ranking, which reads, checks, logs and hands out."""

import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Final, Protocol

from sqlalchemy import Connection

from catalog import articles, audiences, events, experiments, people, pins, slates, tenants
from catalog.database import Database
from catalog.errors import Forbidden, Invalid, Unavailable
from catalog.ids import ArticleId, EmployeeId, SlateId, TenantId, new_id
from catalog.records import FUNCTION, Article, Employee, Slate, SlateItem, Tenant
from catalog.stages import stage
from models.heuristic import HeuristicRanker
from models.protocols import Ranker
from ranking import features, profile
from ranking.config import RankingOptions
from ranking.experiments import Setting, setting
from ranking.profile import Person
from ranking.slate import LeftOut, available, generator, left_out, rank
from ranking.snapshot import Snapshot
from ranking.state import State

log = logging.getLogger(__name__)

_REASONS_KEPT: Final = 10_000
"""Of how many slates is remembered why the heuristic stood in: more than stand at any moment."""

Record = Callable[[Connection, TenantId, Slate], None]
"""How an offer is written down, in the transaction that checked it."""


class Observer(Protocol):
    """Whoever counts what a service does."""

    def offered(self, tenant: TenantId, slate: Slate) -> None:
        """A new slate was handed out."""

    def dropped(self, count: int, *, raced: bool) -> None:
        """The second check took out so many items; `raced` where the catalogue had changed meanwhile."""


class NotOptedIn(Forbidden):
    """Nobody is sent anything before they said yes, or after they said no."""

    code = "not_opted_in"


class Deactivated(NotOptedIn):
    """The organisation's identity provider says that they are not there any more, whatever they consented to."""

    code = "deactivated"


class InvalidSize(Invalid):
    """No slate has this many places."""

    code = "invalid_size"


@dataclass(frozen=True, slots=True)
class _Request:
    """What one call asks for, with what the database says of tenant and person at that moment."""

    tenant: Tenant
    person: Person
    now: datetime
    size: int
    language: str | None
    setting: Setting
    among: frozenset[ArticleId] | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """A caller's own list as a slate, and of what is not in it the code of what kept it out."""

    slate: Slate
    left_out: Mapping[ArticleId, LeftOut]


class _Changed(Exception):
    """Between ranking and the second check something of the list was closed."""


class FeedService:
    """Serves the feeds of one tenant in one process. Threads may share it.

    It keeps the snapshot until the catalogue's version changes, and the state, which takes in new events at every call,
    so that what somebody just did counts at once.
    """

    def __init__(
        self,
        tenant: TenantId,
        ranker: Callable[[], Ranker],
        options: RankingOptions,
        named: Callable[[str], Ranker] | None = None,
        observer: Observer | None = None,
    ) -> None:
        """`ranker` is asked at every call, so that a promotion needs no restart; `named` finds those of experiments."""
        self._observer = observer
        self._tenant = tenant
        self._ranker = ranker
        self._named = named
        self._options = options
        self._lock = Lock()
        self._state = State()
        self._snapshot = Snapshot.build([], (FUNCTION,))
        self._version: tuple[int, str | None] | None = None
        self._reasons: dict[SlateId, str] = {}
        self.violations = 0
        """How many items the second check had to take out of slates since this process started. Should stay 0."""

    @property
    def seq(self) -> int:
        """Up to which event the log has been taken in."""
        return self._state.seq

    def serve(
        self, database: Database, employee_id: EmployeeId, now: datetime, size: int, language: str | None = None
    ) -> Slate:
        """This person's slate: the one that stands, or a new one, which is logged before it is handed out.

        Raises InvalidSize, UnknownEmployee, and NotOptedIn for somebody who did not opt in.
        """
        if not 1 <= size <= self._options.max_size:
            raise InvalidSize(f"size {size} is not within 1..{self._options.max_size}")
        with self._lock:
            with database.read() as connection:
                tenant = tenants.get(connection, self._tenant)
                employee = _opted_in(connection, self._tenant, employee_id)
                self._catch_up(connection, tenant)
                person = profile.build(employee.id, employee.axes, self._state, self._snapshot, now)
                request = _Request(tenant, person, now, size, language, self._setting(connection, person))
                standing = self._standing(connection, request)
            if standing is not None:
                return standing
            slate = self._compose(request)
        return self.hand_out(database, slate)

    def order(
        self, database: Database, employee_id: EmployeeId, wanted: Collection[ArticleId], now: datetime
    ) -> Ordered:
        """Those of a caller's list that this person may be shown, by score, logged as a slate; and why not the others.

        It is part of no experiment. Features tell of the list as a whole: where something of it was closed meanwhile,
        the rest is ranked anew, once. Raises UnknownEmployee and NotOptedIn.
        """
        slate, closed = self._list(database, employee_id, wanted, now)
        with suppress(_Changed):
            return Ordered(self.hand_out(database, slate, partial(_save_whole, len(slate.items))), closed)
        slate, closed = self._list(database, employee_id, wanted, now)
        handed = self.hand_out(database, slate)
        kept = {item.article_id for item in handed.items}
        gone = [item.article_id for item in slate.items if item.article_id not in kept]
        return Ordered(handed, {**closed, **dict.fromkeys(gone, "not_live")})

    def _list(
        self, database: Database, employee_id: EmployeeId, wanted: Collection[ArticleId], now: datetime
    ) -> tuple[Slate, dict[ArticleId, LeftOut]]:
        with self._lock:
            with database.read() as connection:
                tenant = tenants.get(connection, self._tenant)
                employee = _opted_in(connection, self._tenant, employee_id)
                self._catch_up(connection, tenant)
            person = profile.build(employee.id, employee.axes, self._state, self._snapshot, now)
            setting, among = Setting(self._options), frozenset(wanted)
            slate = self._compose(_Request(tenant, person, now, len(among), None, setting, among))
            return slate, left_out(self._snapshot, self._state, person, wanted, now)

    def draft(self, database: Database, employee: Employee, now: datetime, size: int) -> Slate:
        """A slate that nobody has been offered yet: it is neither logged nor checked once more before `hand_out`.

        It is part of no experiment.
        """
        with self._lock:
            with database.read() as connection:
                tenant = tenants.get(connection, self._tenant)
                self._catch_up(connection, tenant)
            person = profile.build(employee.id, employee.axes, self._state, self._snapshot, now)
            return self._compose(_Request(tenant, person, now, size, None, Setting(self._options)))

    def _setting(self, connection: Connection, person: Person) -> Setting:
        """The person's arm of the experiment that is running; the usual where this program cannot read it any more."""
        try:
            return setting(experiments.running(connection, self._tenant), person.id, self._options)
        except Invalid as error:
            log.error("nobody takes part in the experiment of tenant %s: %s", self._tenant, error)
            return Setting(self._options)

    def _catch_up(self, connection: Connection, tenant: Tenant) -> None:
        """Bring snapshot and state to where the database is in this transaction."""
        version = (tenant.content_version, tenant.encoder)
        if version != self._version:
            found = articles.approved(connection, self._tenant, tenant.encoder) if tenant.encoder else []
            self._snapshot = Snapshot.build(found, tenant.hard_axes, pins.holding(connection, self._tenant))
            self._forget_the_erased(connection)
            self._version = version
        for event in events.since(connection, self._tenant, self._state.seq, until=tenant.seq):
            self._state.advance(event)

    def _forget_the_erased(self, connection: Connection) -> None:
        """Erasing somebody empties their events in the log, so a state that remembers them is made again from it."""
        known = {employee.id for employee in people.every(connection, self._tenant)}
        if not self._state.known_people() <= known:
            self._state = State()

    def _standing(self, connection: Connection, request: _Request) -> Slate | None:
        """The slate served last, unless something has happened since that would change it."""
        person, now = request.person, request.now
        since = now - self._options.standing
        slate = slates.latest(connection, self._tenant, person.id, since, person.history.last_deed)
        if slate is None or slate.created_at > now:
            return None
        tried = (request.setting.experiment, request.setting.arm)
        asked = (request.tenant.content_version, person.axes, request.language, *tried)
        if (slate.content_version, slate.axes, slate.language, slate.experiment, slate.arm) != asked:
            return None
        if self._snapshot.pin_ran_out(slate.created_at, now):
            return None
        supply = int(available(self._snapshot, self._state, person, now, request.language).sum())
        if len(slate.items) != min(request.size, supply):
            return None
        return None if self._closed(connection, request.tenant, slate, now) else slate

    def _compose(self, request: _Request) -> Slate:
        """Rank for this request, with the heuristic where the ranker in charge cannot be used."""
        slate_id = SlateId(new_id())
        try:
            ranker, degraded = self._ranker_of(request.setting), False
            items = self._rank(request, ranker, slate_id)
        except Unavailable as error:
            log.error(
                "DEGRADED %s: the heuristic ranks slate %s, tenant %s: %s", error.code, slate_id, self._tenant, error
            )
            self._remember(slate_id, error.code)
            ranker, degraded = HeuristicRanker(), True
            items = self._rank(request, ranker, slate_id)
        return Slate(
            id=slate_id,
            employee_id=request.person.id,
            created_at=request.now,
            seq=self._state.seq,
            content_version=request.tenant.content_version,
            ranker=ranker.name,
            degraded=degraded,
            axes=request.person.axes,
            hard_axes=request.tenant.hard_axes,
            feature_names=features.NAMES,
            items=items,
            language=request.language,
            experiment=request.setting.experiment,
            arm=request.setting.arm,
            listed=request.among is not None,
        )

    def why_degraded(self, slate: Slate) -> str | None:
        """The code of what kept the ranker in charge from ranking a slate that this service made not long ago.

        None where nothing did, and for a slate that another process made: the log of that one tells.
        """
        return self._reasons.get(slate.id)

    def _remember(self, slate: SlateId, reason: str) -> None:
        self._reasons[slate] = reason
        if len(self._reasons) > _REASONS_KEPT:
            del self._reasons[next(iter(self._reasons))]

    def _ranker_of(self, trying: Setting) -> Ranker:
        if trying.ranker is None:
            return self._ranker()
        if self._named is None:
            raise Unavailable(f"{trying.experiment} wants {trying.ranker}, and this service knows no ranker by name")
        return self._named(trying.ranker)

    def _rank(self, request: _Request, ranker: Ranker, slate: SlateId) -> tuple[SlateItem, ...]:
        world = (self._snapshot, self._state, request.person, ranker, request.setting.options)
        return rank(*world, request.now, generator(slate), request.size, request.language, request.among)

    @stage("write")
    def hand_out(self, database: Database, slate: Slate, record: Record = slates.save) -> Slate:
        """Check every item once more against the catalogue's own rows, `record` what is left, and only then return it.

        Raises UnknownEmployee, and NotOptedIn for somebody who did not opt in.
        """
        with database.write() as connection:
            tenant = tenants.get(connection, self._tenant)
            _opted_in(connection, self._tenant, slate.employee_id, stay=True)
            closed = self._closed(connection, tenant, slate, slate.created_at)
            if closed:
                self._alarm(slate, closed, raced=tenant.content_version != slate.content_version)
                kept = [item for item in slate.items if item.article_id not in closed]
                items = tuple(replace(item, position=place) for place, item in enumerate(kept, start=1))
                slate = replace(slate, items=items)
            record(connection, self._tenant, slate)
        if self._observer is not None:
            self._observer.offered(self._tenant, slate)
        return slate

    def _closed(self, connection: Connection, tenant: Tenant, slate: Slate, now: datetime) -> list[ArticleId]:
        shown = [item.article_id for item in slate.items]
        return audiences.violations(connection, self._tenant, slate.employee_id, shown, tenant.hard_axes, now)

    def _alarm(self, slate: Slate, closed: list[ArticleId], *, raced: bool) -> None:
        """Dropping is silent only where the catalogue changed while the slate was made: then nothing was wrong."""
        if self._observer is not None:
            self._observer.dropped(len(closed), raced=raced)
        if raced:
            log.info("slate %s: closed while it was made, dropped: %s", slate.id, ", ".join(closed))
            return
        self.violations += len(closed)
        log.critical("ISOLATION slate %s, employee %s: dropped %s", slate.id, slate.employee_id, ", ".join(closed))


def _save_whole(size: int, connection: Connection, tenant: TenantId, slate: Slate) -> None:
    if len(slate.items) < size:
        raise _Changed
    slates.save(connection, tenant, slate)


def shown(connection: Connection, tenant: TenantId, slate: Slate, now: datetime) -> list[tuple[SlateItem, Article]]:
    """The items of a slate with their articles as they may be shown now: texts and a last check from one moment.

    Between ranking and showing somebody may have withdrawn an article, or its page may have got a text that nobody has
    approved: such an item is left out.
    """
    ids = [item.article_id for item in slate.items]
    found = articles.many(connection, tenant, ids)
    hard_axes = tenants.get(connection, tenant).hard_axes
    closed = set(audiences.violations(connection, tenant, slate.employee_id, ids, hard_axes, now))
    return [(item, found[item.article_id]) for item in slate.items if item.article_id not in closed]


def _opted_in(connection: Connection, tenant: TenantId, employee_id: EmployeeId, *, stay: bool = False) -> Employee:
    employee = people.get(connection, tenant, employee_id, stay=stay)
    if not employee.active:
        raise Deactivated(
            f"employee {employee_id} was deactivated by the identity provider: it can activate them again"
        )
    if not employee.opted_in:
        raise NotOptedIn(f"employee {employee_id} has not opted in: 'sluis people opt-in' once they asked for it")
    return employee
