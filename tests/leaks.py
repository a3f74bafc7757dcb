"""Random worlds in which everything that can change does, and whoever is served what was not meant for them is told.

A world keeps its own account of who may see what, in words as plain as the promise: it shares no code with ranking's
masks, with the check in SQL or with the audit. Its chances come from a `random.Random`, which hypothesis may hold.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import event

from catalog import audiences, events, experiments, people, tenants
from catalog.database import Database
from catalog.ids import ArticleId, EmployeeId, EventId, SlateId, TenantId, new_id
from catalog.records import ALL, FUNCTION, Arm, Audience, Employee, Event, EventType, Experiment, Origin, Slate
from curation import pinning
from curation.review import Desk, Reviewer
from models.heuristic import HeuristicRanker
from ranking.config import RankingOptions
from ranking.feed import FeedService
from tests import make
from tests.make import ENCODER, NOW

VALUES = {
    FUNCTION: [f"function-{number}" for number in range(8)],
    "region": ["north", "south", "west"],
    "unit": ["locks", "bridges"],
}
HARD = ((FUNCTION,), (FUNCTION, "region"), (FUNCTION, "region", "unit"))
ANNE = Reviewer("Anne")
ROUND = timedelta(minutes=31)
SECOND = timedelta(seconds=1)

Leak = tuple[SlateId, ArticleId]


def hasty(path: Path) -> Database:
    """A SQLite database that waits for no disk: what it holds is looked at once."""
    database = Database(f"sqlite:///{path}")
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    return database


@dataclass
class World:
    """One organisation. `leaks` are the places of slates that should not have been; `items` were served in all."""

    database: Database
    tenant: TenantId
    random: Random
    options: RankingOptions
    now: datetime = NOW
    items: int = 0
    leaks: list[Leak] = field(default_factory=list)
    audience: dict[ArticleId, Audience | None] = field(default_factory=dict)
    ends: dict[ArticleId, datetime] = field(default_factory=dict)
    gone: set[ArticleId] = field(default_factory=set)
    staff: dict[EmployeeId, Employee] = field(default_factory=dict)
    last: Slate | None = None
    tried: int = 0

    def begin(self, many: int, few: int) -> None:
        """Put `many` articles and `few` people into it."""
        self.hard = self.random.choice(HARD)
        self.service = FeedService(self.tenant, HeuristicRanker, self.options, lambda name: HeuristicRanker())
        with self.database.write() as connection:
            tenants.ensure(connection, self.tenant, "A", NOW)
            tenants.set_encoder(connection, self.tenant, ENCODER)
            tenants.set_hard_axes(connection, self.tenant, self.hard)
        for _ in range(many):
            self.write()
        for _ in range(few):
            self.hire()

    def round(self) -> None:
        """Some things change, and everybody who takes part is served."""
        for change in self.random.choices(self.changes, k=3):
            self.now += SECOND
            change()
        self.now += ROUND
        for person in list(self.staff.values()):
            self.serve(person)

    @property
    def changes(self) -> list[Callable[[], None]]:
        """All that can happen between two rounds."""
        return [self.write, self.hire, self.move, self.pin, self.pin, self.unpin, self.aim, self.withdraw, self.try_out]

    def serve(self, person: Employee) -> None:
        """What the person gets, held against the account; and what they do with it."""
        size = self.random.choice([self.random.randint(1, self.options.max_size), self.options.max_size])
        slate = self.service.serve(self.database, person.id, self.now, size)
        self.items += len(slate.items)
        self.leaks += [(slate.id, item.article_id) for item in slate.items if not self.may_see(person, item.article_id)]
        self.last = slate
        if slate.items and self.random.random() < 0.3:
            item = self.random.choice(slate.items)
            type_ = self.random.choice([EventType.OPEN, EventType.SEEN, EventType.SHARE, EventType.DISMISS])
            at = self.now + SECOND
            happened = Event(EventId(new_id()), type_, item.article_id, at, at, slate.id, person.id)
            with self.database.write() as connection:
                events.append(connection, self.tenant, [happened])

    def may_see(self, person: Employee, article: ArticleId) -> bool:
        """The promise: on every hard axis the article is for everybody, or for something that this person is."""
        meant = self.audience.get(article)
        if meant is None or article in self.gone or self.now >= self.ends.get(article, self.now + ROUND):
            return False
        return all(
            ALL in meant.axes.get(axis, ()) or set(meant.axes.get(axis, ())) & set(person.axes.get(axis, ()))
            for axis in self.hard
        )

    def write(self) -> None:
        """An article goes live, for somebody or for nobody, at times not for long."""
        meant = self.some_audience()
        ends = self.now + self.random.randint(1, 9) * ROUND if self.random.random() < 0.2 else None
        kind = self.random.choice(["news", "event", "vacancy"])
        with self.database.write() as connection:
            stored = make.store_live(
                connection,
                self.tenant,
                meant,
                seed=self.random.randint(0, 10**6),
                tags={"topic": {"labour": 0.9}, "kind": {kind: 0.8}},
                internal=self.random.random() < 0.3,
                language=None,
                published_at=self.now - self.random.randint(1, 99) * ROUND,
                live_from=self.now,
                expires_at=ends,
            )
        self.audience[stored.id] = meant
        if ends:
            self.ends[stored.id] = ends

    def hire(self) -> None:
        """Somebody joins, with no function at all or with up to five."""
        person = make.employee(axes=self.some_axes())
        self.keep(person)

    def move(self) -> None:
        """Somebody gets another job."""
        if self.staff:
            self.keep(replace(self.random.choice(list(self.staff.values())), axes=self.some_axes()))

    def keep(self, person: Employee) -> None:
        """The directory is told; with more than ten people one of them leaves."""
        with self.database.write() as connection:
            people.upsert(connection, self.tenant, [person])
        self.staff[person.id] = person
        if len(self.staff) > 10:
            del self.staff[next(iter(self.staff))]

    def aim(self) -> None:
        """An article is for others from now on, or for nobody."""
        article = self.some_article()
        meant = self.some_audience()
        with self.database.write() as connection:
            audiences.replace(connection, self.tenant, article, meant, Origin.PERSON, self.now)
        self.audience[article] = meant

    def withdraw(self) -> None:
        """An article is taken back; another goes live where it was the last."""
        article = self.some_article()
        with self.database.write() as connection:
            Desk(connection, self.tenant, self.now).withdraw(article, ANNE, reason="wrong")
        self.gone.add(article)
        if len(self.gone) == len(self.audience):
            self.write()

    def pin(self) -> None:
        """An article is pinned, whomever it is for."""
        until = self.now + self.random.randint(1, 20) * ROUND
        with self.database.write() as connection:
            desk = Desk(connection, self.tenant, self.now)
            must_read = self.random.random() < 0.5
            pinning.pin(desk, self.some_article(), ANNE, until=until, must_read=must_read)

    def unpin(self) -> None:
        """One of the pins that hold is ended."""
        with self.database.write() as connection:
            held = pinning.pinned(connection, self.tenant)
            if held:
                desk = Desk(connection, self.tenant, self.now)
                pinning.unpin(desk, self.random.choice(held).article.id, ANNE)

    def try_out(self) -> None:
        """An experiment begins, or the one that runs ends."""
        with self.database.write() as connection:
            running = experiments.running(connection, self.tenant)
            if running:
                experiments.stop(connection, self.tenant, running.name, "Dora", self.now)
                return
            self.tried += 1
            bold = {"epsilon": self.random.choice([0.0, 0.5, 1.0]), "mmr_weight": self.random.random()}
            arms = Arm("usual", 0.5, "heuristic-1"), Arm("bold", 0.5, "heuristic-1", bold)
            begun = Experiment(f"number-{self.tried}", arms, self.now, "Dora")
            experiments.start(connection, self.tenant, begun)

    def some_article(self) -> ArticleId:
        """One that is live or was; never one that was withdrawn."""
        return self.random.choice([article for article in self.audience if article not in self.gone])

    def some_audience(self) -> Audience | None:
        """Everybody, a few, or nobody; on an axis that is not named nobody is admitted."""
        if self.random.random() < 0.05:
            return None
        axes = {}
        for axis, values in VALUES.items():
            chance = self.random.random()
            if chance < 0.3:
                axes[axis] = frozenset({ALL})
            elif chance < 0.95:
                axes[axis] = frozenset(self.random.sample(values, self.random.randint(1, min(4, len(values)))))
        return Audience(axes) if axes else None

    def some_axes(self) -> dict[str, frozenset[str]]:
        """Up to five functions, at times none; the same of regions and units, as many as there are."""
        return {
            axis: frozenset(self.random.sample(values, self.random.randint(0, min(5, len(values)))))
            for axis, values in VALUES.items()
        }


def some_options(random: Random) -> RankingOptions:
    """The usual way to make slates, or one with so few candidates that they must be searched for."""
    if random.random() < 0.5:
        return RankingOptions(epsilon=random.choice([0.05, 0.5]), kind_mix=(("vacancy", 0.1),))
    return RankingOptions(max_size=9, fresh=3, similar=4, co_visited=2, relevant=2, popular=2, explore=2, epsilon=0.5)
