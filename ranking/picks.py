"""The picks of a day: a few articles for everybody who wants them, and not the same few for all colleagues.

Everybody's own ranking says what they should get; a cap says how many people one article may go to. What is scarce is
shared out in rounds, so that nobody has a second article while somebody could still have had a first. Picking in turn
is free of envy up to one article (the notion is Budish's, "The combinatorial assignment problem", Journal of Political
Economy 119(6), 2011).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Container, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from math import ceil
from typing import TypeVar

from sqlalchemy import Connection

from catalog import outbox, people, picks, slates
from catalog.database import Database
from catalog.ids import ArticleId, EmployeeId, TenantId
from catalog.records import Employee, Slate
from catalog.webhooks import Topic
from models.protocols import Progress
from ranking.explain import PINNED
from ranking.feed import FeedService, NotOptedIn
from ranking.slate import UNKNOWN

Person = TypeVar("Person", bound=Hashable)
Thing = TypeVar("Thing", bound=Hashable)


@dataclass(frozen=True, slots=True)
class PickOptions:
    """How picks are shared out.

    Each person gets up to `size` of the `depth` articles that rank first for them. One article goes to at most `share`
    of the people who get picks that day, or to `least` of them where that is more; what is pinned goes to all it is
    for. Raises ValueError for what gives nobody anything.
    """

    size: int = 3
    depth: int = 12
    again: timedelta = timedelta(days=14)
    """For so long somebody gets no article again that was among their picks, unless there is nothing else."""
    share: float = 0.2
    least: int = 5

    def __post_init__(self) -> None:
        if not 1 <= self.size <= self.depth:
            raise ValueError(f"picks are at least 1 and at most {self.depth}, as deep as is looked, not {self.size}")
        if not 0.0 < self.share <= 1.0 or self.least < 1:
            raise ValueError("share is above 0 and at most 1, and least is at least 1")

    def cap(self, people: int) -> int:
        """How many of so many people may get the same article."""
        return max(self.least, ceil(self.share * people - 1e-9))


@dataclass(frozen=True, slots=True)
class Report:
    """What making the picks of a day came to: people who got some, who got none, and who had theirs already."""

    made: int
    without: int
    standing: int


def allot(
    wanted: Mapping[Person, Sequence[Thing]],
    size: int,
    cap: int,
    turn: Callable[[Person], object],
    used: Mapping[Thing, int],
    for_all: Container[Thing] = (),
) -> dict[Person, list[Thing]]:
    """Up to `size` things for everybody, out of those they want (best first), each to at most `cap` people.

    There is no cap on what is `for_all`. `used` tells to how many others a thing has gone before. In every round
    everybody takes the best that is left for them, in order of `turn`, and in the next round the other way round. The
    cap yields where somebody would get nothing at all: they take what has gone to the fewest.
    """
    order = sorted(wanted, key=lambda person: str(turn(person)))
    given = Counter(used)
    got: dict[Person, list[Thing]] = {person: [] for person in order}
    for number in range(size):
        for person in order if number % 2 == 0 else reversed(order):
            thing = _next(wanted[person], got[person], given, cap, for_all)
            if thing is not None:
                given[thing] += 1
                got[person].append(thing)
    rank = {person: {thing: place for place, thing in enumerate(things)} for person, things in wanted.items()}
    return {person: sorted(things, key=rank[person].__getitem__) for person, things in got.items()}


def _next(
    wanted: Sequence[Thing], got: Sequence[Thing], given: Counter[Thing], cap: int, for_all: Container[Thing]
) -> Thing | None:
    for thing in wanted:
        if (given[thing] < cap or thing in for_all) and thing not in got:
            return thing
    return None if got else min(wanted, key=lambda thing: given[thing], default=None)


class _TakenBefore(Exception):
    """Somebody else made this person's picks of the day in the meantime. It undoes the transaction."""


class Picker:
    """Makes the picks of one tenant's days, with the feed's own ranking and through the feed's own door."""

    def __init__(self, tenant: TenantId, feeds: FeedService, options: PickOptions) -> None:
        self._tenant = tenant
        self._feeds = feeds
        self._options = options

    def make(self, database: Database, day: date, clock: Callable[[], datetime], progress: Progress) -> Report:
        """The picks of `day` for everybody who opted in and wants some on this day of the week.

        Making them again changes nobody's: who has picks of this day keeps them, and they count for the cap. Each
        person is ranked at a moment of their own, that of `clock`, because the world goes on meanwhile. `progress`
        hears of each person.
        """
        with database.read() as connection:
            employees = people.every(connection, self._tenant)
            standing = picks.of_days(connection, self._tenant, day, day)
            had = picks.of_days(connection, self._tenant, day - self._options.again, day)
        waiting = [each for each in employees if _wants(each, day) and each.id not in standing]
        drafts: dict[EmployeeId, Slate] = {}
        for each in waiting:
            drafts[each.id] = self._feeds.draft(database, each, clock(), self._options.depth)
            progress(1)
        cap = self._options.cap(len(drafts) + len(standing))
        used = Counter(article for articles in standing.values() for article in articles)
        pinned = {each: _pinned(slate) for each, slate in drafts.items()}
        wanted = {each: _new(slate, had[each], pinned[each]) for each, slate in drafts.items()}
        for_all = set[ArticleId]().union(*pinned.values())
        shared = allot(wanted, self._options.size, cap, lambda each: _turn(each, day), used, for_all)
        made = sum(self._hand_out(database, drafts[each], articles, day) for each, articles in shared.items())
        if made:
            with database.write() as connection:
                told = {"day": day.isoformat(), "people": made}
                outbox.put(connection, self._tenant, Topic.PICKS_READY, told, clock())
        return Report(made, len(waiting) - made, len(standing))

    def _hand_out(self, database: Database, draft: Slate, articles: Sequence[ArticleId], day: date) -> bool:
        place = {article: number for number, article in enumerate(articles, start=1)}
        # who gets what hangs on what everybody else wants: no probability was drawn with
        items = tuple(
            replace(item, position=place[item.article_id], propensity=UNKNOWN)
            for item in draft.items
            if item.article_id in place
        )
        if not items:
            return False
        try:
            return bool(self._feeds.hand_out(database, replace(draft, items=items), partial(_log, day)).items)
        except (NotOptedIn, people.UnknownEmployee, _TakenBefore):  # they left, or another run was quicker
            return False


def _log(day: date, connection: Connection, tenant: TenantId, slate: Slate) -> None:
    """An offer that nobody could ever read is none: it is not written down."""
    if not slate.items:
        return
    slates.save(connection, tenant, slate)
    if not picks.keep(connection, tenant, slate.employee_id, day, slate.id):
        raise _TakenBefore


def _pinned(slate: Slate) -> set[ArticleId]:
    """What stands in a slate because a curator pinned it."""
    return {item.article_id for item in slate.items if any(reason.code in PINNED for reason in item.reasons)}


def _new(slate: Slate, had: Sequence[ArticleId], pinned: Container[ArticleId]) -> list[ArticleId]:
    """Those that were not among the person's picks lately, or are pinned; all of them where there is nothing else."""
    articles = [item.article_id for item in slate.items]
    return [article for article in articles if article not in had or article in pinned] or articles


def _wants(employee: Employee, day: date) -> bool:
    return employee.takes_part and str(day.isoweekday()) in employee.pick_days


def _turn(employee: EmployeeId, day: date) -> str:
    """Whose turn it is: another order every day, which nobody can choose."""
    return hashlib.sha256(f"turn of {employee} on {day.isoformat()}".encode()).hexdigest()
