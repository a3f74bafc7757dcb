"""People who do not exist, with interests that are known: what a ranker is tried on before there is anybody else.

Each person has a hidden interest in each article. They look down a slate with waning patience, open what interests them
and now and then something that does not, and some of that they like, save, share or dismiss. What they do goes through
the real feed and the real event log, so the only thing made up is the people.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog import articles, events, tenants
from catalog.database import Database
from catalog.errors import Invalid
from catalog.ids import ArticleId, EmployeeId, EventId, TenantId
from catalog.records import FUNCTION, Employee, Event, EventType, LiveArticle, Slate
from models.protocols import Progress
from ranking.feed import FeedService

WORKDAY: Final = 0.4
"""The part of a day in which people open their feed."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What people are like. Weights are of parts of interest with unit variance; the rest are probabilities.

    A step after opening (like, save, share) is taken with its probability times the interest.
    """

    topics: float = 1.0
    """What one's function and oneself care about."""
    direction: float = 0.8
    """A personal taste along the articles' vectors, which no tag names."""
    appeal: float = 0.6
    """What makes an article good for everybody."""
    reserve: float = 2.0
    """How far the average article is from being opened, in logits."""
    patience: float = 0.7
    """Rank r is looked at with probability 1 / r ** patience."""
    evenly: bool = False
    """As many places are looked at as with this patience, but each rank as often as the next."""
    rendered: bool = False
    """The client says of all it draws that it was seen, looked at or not."""
    accident: float = 0.03
    again: float = 0.1
    """What is left of the interest in an article that one has opened before."""
    like: float = 0.5
    save: float = 0.4
    share: float = 0.5
    click: float = 0.4
    """That somebody in their network follows a share."""
    dismiss: float = 0.05

    def looks(self, places: int) -> NDArray[np.float64]:
        """The probability that each of the first `places` of a slate is looked at."""
        chances = np.asarray(np.arange(1, places + 1) ** -self.patience, dtype=np.float64)
        if self.evenly and places:
            chances[:] = chances.mean()
        return chances


class World:
    """The hidden interests of some people in some articles."""

    def __init__(
        self,
        people: Sequence[Employee],
        live: Sequence[LiveArticle],
        behaviour: Behaviour,
        random: np.random.Generator,
    ) -> None:
        self._behaviour = behaviour
        self._person = {person.id: place for place, person in enumerate(people)}
        self._article = {article.id: place for place, article in enumerate(live)}
        logits = (
            behaviour.topics * _unit(_topic_tastes(people, live, random))
            + behaviour.direction * _unit(_directions(len(people), live, random))
            + behaviour.appeal * random.normal(size=len(live))
        )
        self._interest = 1 / (1 + np.exp(behaviour.reserve - logits))
        self._opened: dict[tuple[EmployeeId, ArticleId], datetime] = {}

    def true_relevance(self, employee: EmployeeId, article: ArticleId, at: datetime | None = None) -> float:
        """The probability, accidents apart, that this person opens this article when they first look at it.

        With `at`, when they look at it then: what they have opened before interests them little.
        """
        interest = float(self._interest[self._person[employee], self._article[article]])
        if at is not None and self._opened.get((employee, article), at) < at:
            return interest * self._behaviour.again
        return interest

    def react(self, slate: Slate, moment: datetime, random: np.random.Generator) -> list[Event]:
        """What the person does with a slate that they look at from `moment` on: what a client then sends, in order.

        A slate may have been made some time before, and stand.
        """
        happened: list[Event] = []
        chances = self._behaviour.looks(len(slate.items))
        for rank, (item, chance) in enumerate(zip(slate.items, chances, strict=True), start=1):
            looked = random.random() < chance
            at = moment + timedelta(seconds=4 * rank)
            for event_type in self._steps(slate, item.article_id, random) if looked else self._unseen():
                at += timedelta(seconds=float(random.exponential(20)))
                if event_type is EventType.CLICK:
                    at += timedelta(hours=float(random.exponential(4)))
                happened.append(
                    Event(
                        id=EventId(str(UUID(bytes=random.bytes(16), version=4))),
                        type=event_type,
                        article_id=item.article_id,
                        at=at,
                        received_at=at + timedelta(seconds=1),
                        slate_id=slate.id,
                        employee_id=slate.employee_id,
                    )
                )
        return sorted(happened, key=attrgetter("received_at"))

    def _unseen(self) -> Iterator[EventType]:
        if self._behaviour.rendered:
            yield EventType.SEEN

    def _steps(self, slate: Slate, article: ArticleId, random: np.random.Generator) -> Iterator[EventType]:
        chance = self._behaviour
        interest = self.true_relevance(slate.employee_id, article, slate.created_at)
        yield EventType.SEEN
        if random.random() >= max(interest, chance.accident):
            if random.random() < chance.dismiss * (1 - interest):
                yield EventType.DISMISS
            return
        self._opened.setdefault((slate.employee_id, article), slate.created_at)
        yield EventType.OPEN
        for step, probability in (
            (EventType.LIKE, chance.like),
            (EventType.SAVE, chance.save),
            (EventType.SHARE, chance.share),
        ):
            if random.random() < probability * interest:
                yield step
                if step is EventType.SHARE and random.random() < chance.click:
                    yield EventType.CLICK


def simulate(
    database: Database,
    tenant: TenantId,
    service: FeedService,
    people: Sequence[Employee],
    days: int,
    now: datetime,
    seed: int,
    progress: Progress | None = None,
    size: int = 10,
    behaviour: Behaviour | None = None,
) -> World:
    """Let `people` use their feeds for the `days` before `now`, and return what moved them.

    `progress` hears of each day. The same seed makes the same people, interests and visits; what they are shown differs
    a little from run to run, because a feed explores by the random id of its slate. Raises Invalid where no article is
    approved.
    """
    random = np.random.default_rng(seed)
    world = World(people, _approved(database, tenant), behaviour or Behaviour(), random)

    def serve(person: Employee, moment: datetime) -> Slate:
        return service.serve(database, person.id, moment, size)

    def deliver(received: Sequence[Event]) -> None:
        with database.write() as connection:
            events.append(connection, tenant, received)

    live_through(world, people, days, now, random, serve, deliver, progress)
    return world


def live_through(
    world: World,
    people: Sequence[Employee],
    days: int,
    now: datetime,
    random: np.random.Generator,
    serve: Callable[[Employee, datetime], Slate],
    deliver: Callable[[Sequence[Event]], None],
    progress: Progress | None = None,
) -> None:
    """The days one after the other: everybody opens their feed once or twice a day, and does what they do.

    That is delivered when it would have been received, before the next feed is served; what is still on its way at
    `now` is not.
    """
    pending: list[Event] = []
    for day in range(days):
        for moment, person in _visits(people, now - timedelta(days=days - day), random):
            pending = _send(pending, moment, deliver)
            pending += world.react(serve(person, moment), moment, random)
        if progress:
            progress(1)
    _send(pending, now, deliver)


def _approved(database: Database, tenant: TenantId) -> list[LiveArticle]:
    with database.read() as connection:
        encoder = tenants.get(connection, tenant).encoder
        live = articles.approved(connection, tenant, encoder) if encoder else []
    if not live:
        raise Invalid("no article is approved, so there is nothing to show to anybody: approve some first")
    return live


def _visits(people: Sequence[Employee], day: datetime, random: np.random.Generator) -> list[tuple[datetime, Employee]]:
    visits = [
        (day + timedelta(days=WORKDAY * float(random.random())), person)
        for person in people
        for _ in range(random.integers(1, 3))
    ]
    return sorted(visits, key=lambda visit: (visit[0], visit[1].email))


def _send(pending: Sequence[Event], until: datetime, deliver: Callable[[Sequence[Event]], None]) -> list[Event]:
    """Deliver what is received by `until`; answers what is not."""
    due = [event for event in pending if event.received_at <= until]
    if due:
        deliver(due)
    return [event for event in pending if event.received_at > until]


def _topic_tastes(
    people: Sequence[Employee], live: Sequence[LiveArticle], random: np.random.Generator
) -> NDArray[np.float64]:
    """Shape (people, articles). Colleagues share half of what they care about: what others did tells something."""
    topics = sorted({topic for article in live for topic in article.tags.get("topic", {})})
    functions = sorted({function for person in people for function in person.axes.get(FUNCTION, frozenset())})
    shared = dict(zip(functions, random.normal(size=(len(functions), len(topics))), strict=True))
    tastes = random.normal(size=(len(people), len(topics)))
    for place, person in enumerate(people):
        for function in sorted(person.axes.get(FUNCTION, frozenset())):
            tastes[place] += shared[function]
    about = np.array([[article.tags.get("topic", {}).get(topic, 0.0) for topic in topics] for article in live])
    return np.asarray(tastes @ about.T)


def _directions(people: int, live: Sequence[LiveArticle], random: np.random.Generator) -> NDArray[np.float64]:
    """Shape (people, articles). A direction points to two articles from the middle of all: vectors of one encoder
    lie close together, and a random direction would set nothing apart."""
    vectors = np.array([article.vector for article in live], dtype=np.float64)
    vectors -= vectors.mean(axis=0)
    favourites = random.integers(len(live), size=(people, 2))
    return np.asarray(vectors[favourites].sum(axis=1) @ vectors.T)


def _unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same with mean 0 and variance 1, or zeros where all are equal."""
    return np.asarray((values - values.mean()) / (values.std() or 1.0))
