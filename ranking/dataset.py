"""What was shown and what came of it, as arrays: the slates up to a cut, with a grade for every item somebody saw.

The features are those that were logged with the slate, never computed again, so a model learns from exactly what the
server knew. Nothing after the cut is used: no slate served later, and no event that had not come in by then.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import compress, groupby
from types import MappingProxyType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from catalog import events as event_log
from catalog import slates as slate_log
from catalog.errors import Invalid
from catalog.events import Answer
from catalog.ids import ArticleId, EmployeeId, SlateId, TenantId
from catalog.records import Event, EventType, Slate
from catalog.slates import Logged
from models.protocols import Features
from ranking.features import INDEX, NAMES

GRADES: Final[Mapping[EventType, int]] = MappingProxyType(
    {
        EventType.SHARE: 5,
        EventType.CLICK: 4,
        EventType.SAVE: 3,
        EventType.LIKE: 2,
        EventType.OPEN: 1,
        EventType.SEEN: 0,
        EventType.DISMISS: 0,
    }
)
"""How much an event says that an article was the right one; a share is what the whole programme is for."""


GRADABLE: Final = tuple(event.value for event in EventType if event not in (EventType.SEEN, EventType.DISMISS))
"""The events whose grades can be changed: to be shown something and to refuse it are worth nothing."""
HIGHEST: Final = 10
"""No grade is above this: a gain is 2 to its power, so one such event would drown all others."""


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """How events become grades."""

    grades: Mapping[EventType, int] = field(default_factory=lambda: GRADES)
    horizon: timedelta = timedelta(days=1)
    """How long after a slate its events count. A slate younger than that at the cut is left out: it is not over."""

    def __post_init__(self) -> None:
        if self.horizon <= timedelta(0):
            raise ValueError(f"a horizon of {self.horizon} leaves no time for anything to happen")
        missing = set(EventType) - set(self.grades)
        if missing or not all(0 <= grade <= HIGHEST for grade in self.grades.values()):
            raise ValueError(f"each event has a grade within 0..{HIGHEST}")
        if self.grades[EventType.SEEN] or self.grades[EventType.DISMISS] or not any(self.grades.values()):
            raise ValueError("what was only seen or was dismissed has grade 0, and something else a higher one")


def regraded(words: Iterable[str]) -> Mapping[EventType, int]:
    """`GRADES` with some of them changed, as in `open=2`. Raises Invalid."""
    given = {}
    for word in words:
        name, _, grade = word.strip().partition("=")
        if name not in GRADABLE or not (grade.isascii() and grade.isdigit()) or int(grade) > HIGHEST:
            raise Invalid(
                f"{word!r} is no grade: write EVENT=GRADE, where EVENT is one of {', '.join(GRADABLE)} and GRADE is "
                f"within 0..{HIGHEST}"
            )
        given[EventType(name)] = int(grade)
    grades = {**GRADES, **given}
    if not any(grades.values()):
        raise Invalid("with every grade 0 nothing can be learned: leave one event above it")
    return MappingProxyType(grades)


@dataclass(frozen=True, slots=True)
class Offer:
    """One slate of a dataset: to whom it was served and when; `functions` are those the person had then."""

    slate: SlateId
    employee: EmployeeId
    functions: frozenset[str]
    at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Graded slates, oldest first, the rows of each together, in the order they were shown in.

    Per row (n): `rows` (n, features) in the order of `ranking.features.NAMES`, `labels` (grades), `positions`,
    `propensities`, `articles`. Per slate (s): `groups`, its number of rows, and `offers`. A feature that the version
    which served a slate did not build yet is NaN, which rankers take for missing.
    """

    rows: Features
    labels: NDArray[np.int32]
    positions: NDArray[np.int32]
    propensities: NDArray[np.float64]
    articles: tuple[ArticleId, ...]
    groups: NDArray[np.int32]
    offers: tuple[Offer, ...]
    horizon: timedelta
    grades: Mapping[EventType, int] = field(default_factory=lambda: GRADES)

    def __len__(self) -> int:
        return len(self.offers)

    def take(self, which: NDArray[np.bool_]) -> Self:
        """The slates for which `which` (s,) is true, whole."""
        kept = np.repeat(which, self.groups)
        return replace(
            self,
            rows=self.rows[kept],
            labels=self.labels[kept],
            positions=self.positions[kept],
            propensities=self.propensities[kept],
            articles=tuple(compress(self.articles, kept)),
            groups=self.groups[which],
            offers=tuple(compress(self.offers, which)),
        )

    def only(self, which: NDArray[np.bool_]) -> Self:
        """The rows for which `which` (n,) is true; slates that have none of them are left out."""
        slate = np.repeat(np.arange(len(self)), self.groups)[which]
        groups = np.bincount(slate, minlength=len(self)).astype(np.int32)
        return replace(
            self,
            rows=self.rows[which],
            labels=self.labels[which],
            positions=self.positions[which],
            propensities=self.propensities[which],
            articles=tuple(compress(self.articles, which)),
            groups=groups[groups > 0],
            offers=tuple(compress(self.offers, groups > 0)),
        )

    def telling(self) -> Self:
        """The slates whose grades differ: of any other all orders are as good, so it teaches nothing."""
        starts = np.cumsum(self.groups) - self.groups
        if not len(self):
            return self
        return self.take(np.maximum.reduceat(self.labels, starts) > np.minimum.reduceat(self.labels, starts))

    def relevant(self) -> Self:
        """The slates in which something got a grade above 0: the others cannot tell a good order from a bad one."""
        graded = np.repeat(np.arange(len(self)), self.groups)[self.labels > 0]
        return self.take(np.isin(np.arange(len(self)), graded))


def load(connection: Connection, tenant: TenantId, until: datetime, options: LabelOptions) -> Dataset:
    """The dataset of a tenant as it could have been made at `until`."""
    return build(slate_log.logged(connection, tenant), event_log.answers(connection, tenant), until, options)


def build(
    slates: Iterable[Slate | Logged], events: Iterable[Event | Answer], until: datetime, options: LabelOptions
) -> Dataset:
    """Join slates with the events that were received before `until`.

    Only what can have been seen takes part: items with an event, and those at or above the lowest position that
    somebody interacted with. A slate of which nothing was seen says nothing, and is left out.
    """
    known = (slate if isinstance(slate, Logged) else Logged.of(slate) for slate in slates)
    over = {slate.id: slate for slate in known if slate.created_at + options.horizon <= until}
    found = outcomes(over, events, until, options.horizon)
    told = sorted((slate for slate in over.values() if slate.id in found), key=lambda slate: slate.created_at)
    seen = [(slate, _exposed(slate, found[slate.id])) for slate in told]
    labels = [_grade(found[slate.id].get(slate.articles[at]), options) for slate, exposed in seen for at in exposed]
    return Dataset(
        rows=logged(seen),
        labels=np.array(labels, dtype=np.int32),
        positions=np.array([slate.positions[at] for slate, exposed in seen for at in exposed], dtype=np.int32),
        propensities=np.array([slate.propensities[at] for slate, exposed in seen for at in exposed], dtype=np.float64),
        articles=tuple(slate.articles[at] for slate, exposed in seen for at in exposed),
        groups=np.array([len(exposed) for _, exposed in seen], dtype=np.int32),
        offers=tuple(Offer(slate.id, slate.employee_id, slate.functions, slate.created_at) for slate in told),
        horizon=options.horizon,
        grades=options.grades,
    )


def outcomes(
    slates: Mapping[SlateId, Slate | Logged], events: Iterable[Event | Answer], until: datetime, horizon: timedelta
) -> dict[SlateId, dict[ArticleId, set[EventType]]]:
    """What happened with each item of each of `slates`.

    There is no lower bound on `at`: an event before its slate is a slow clock.
    """
    found: dict[SlateId, dict[ArticleId, set[EventType]]] = defaultdict(lambda: defaultdict(set))
    for event in events:
        slate = slates.get(event.slate_id) if event.slate_id else None
        if slate and event.received_at < until and event.at <= slate.created_at + horizon:
            found[slate.id][event.article_id].add(event.type)
    return found


def _exposed(slate: Logged, happened: Mapping[ArticleId, set[EventType]]) -> list[int]:
    """Which items of a slate, counted from 0, can have been seen."""
    acted_on = {article for article, types in happened.items() if types != {EventType.SEEN}}
    shown = list(zip(slate.articles, slate.positions, strict=True))
    lowest = max((position for article, position in shown if article in acted_on), default=-1)
    return [at for at, (article, position) in enumerate(shown) if article in happened or position <= lowest]


def _grade(happened: set[EventType] | None, options: LabelOptions) -> int:
    return max((options.grades[event] for event in happened), default=0) if happened else 0


def logged(seen: Sequence[tuple[Logged, Sequence[int]]]) -> Features:
    """The features of some items of each slate as they were logged, in the order of `ranking.features.NAMES`.

    Items are counted from 0. NaN where the version that served a slate did not build a feature yet.
    """
    rows = np.full((sum(len(exposed) for _, exposed in seen), len(NAMES)), np.nan)
    start = 0
    for names, run in groupby(seen, key=lambda each: each[0].feature_names):
        found = np.concatenate([slate.features[exposed] for slate, exposed in run])
        built = [place for place, name in enumerate(names) if name in INDEX]
        rows[start : start + len(found), [INDEX[names[place]] for place in built]] = found[:, built]
        start += len(found)
    return rows
