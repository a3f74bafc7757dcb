"""What an experiment says so far. It may be asked as often as one likes: every figure holds at all times at once.

One person is one witness. Their outcome is what they did in a fixed time since their first slate of the experiment, in
answer to its slates; whoever's time is not over does not count yet, so that the hasty are not counted before the slow.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.ids import EmployeeId, SlateId
from catalog.records import Event, EventType, Experiment, Slate
from evaluation.sequential import confidence_sequence, differences, sample_ratio_p

WAIT: Final = "too few to tell"
UNSURE: Final = "cannot be told apart yet"
AHEAD: Final = "ahead"
BEHIND: Final = "behind"
UNEVEN: Final = "not to be trusted"


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What counts as outcome, and when something may be said."""

    event: EventType = EventType.OPEN
    days: timedelta = timedelta(days=7)
    """How long each person is watched, from their first slate."""
    confidence: float = 0.95
    """That no interval of the report is ever wrong, however many arms and looks there are."""
    people: int = 30
    """How many people an arm needs, with their time over, before its intervals are told: they are asymptotic."""
    planned: int = 200
    """At how many people in two arms intervals are tightest."""
    uneven: float = 0.001
    """The chance of a false alarm, ever, that the arms have not got the people they should have."""

    def __post_init__(self) -> None:
        if self.days <= timedelta(0):
            raise ValueError("people are watched for some time")


@dataclass(frozen=True, slots=True)
class ArmReport:
    """One arm so far. `people` were served, `watched` of them to the end, with `mean` events each.

    `low` and `high` hold the mean's difference from the first arm's; None for that, and where too few were watched.
    `degraded` slates were made by the heuristic because the arm's ranker could not be used.
    """

    arm: str
    share: float
    people: int
    watched: int
    slates: int
    degraded: int
    mean: float | None
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True, slots=True)
class ExperimentReport:
    """All arms, the first one first. `uneven` where they did not get the people they should: something is broken."""

    experiment: str
    until: datetime
    people_p: float
    uneven: bool
    arms: tuple[ArmReport, ...]

    def to_dict(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class _Watched:
    """Those whose time is over, in the order of their first slates: arm by number, and outcome, of each."""

    arm: NDArray[np.intp]
    outcome: NDArray[np.float64]


def report(
    experiment: Experiment, slates: Iterable[Slate], events: Iterable[Event], now: datetime, options: ReportOptions
) -> ExperimentReport:
    """What is known at `now`, or was when the experiment ended. `slates` and `events` may be all there are."""
    until = min(now, experiment.stopped_at or now)
    served = sorted(
        # without their items, which are a hundred times as large and not asked about
        (replace(one, items=()) for one in slates if one.experiment == experiment.name and one.created_at <= until),
        key=lambda slate: (slate.created_at, slate.id),
    )
    first: dict[EmployeeId, Slate] = {}
    for slate in served:
        first.setdefault(slate.employee_id, slate)
    number = {arm.name: place for place, arm in enumerate(experiment.arms)}
    people = Counter(slate.arm for slate in first.values())
    shares = [arm.share for arm in experiment.arms]
    people_p = sample_ratio_p([people[name] for name in number], shares)
    watched = _watched(first, served, events, until, number, options)
    uneven = people_p < options.uneven
    arms = []
    for place, arm in enumerate(experiment.arms):
        mine = watched.outcome[watched.arm == place]
        low, high = (None, None) if uneven or not place else _ahead(watched, place, shares, options)
        arms.append(
            ArmReport(
                arm=arm.name,
                share=arm.share,
                people=people[arm.name],
                watched=len(mine),
                slates=sum(slate.arm == arm.name for slate in served),
                degraded=sum(slate.arm == arm.name and slate.degraded for slate in served),
                mean=float(mine.mean()) if len(mine) else None,
                low=low,
                high=high,
                verdict=UNEVEN if uneven else _verdict(low, high) if place else "",
            )
        )
    return ExperimentReport(experiment.name, until, people_p, uneven, tuple(arms))


def _watched(
    first: dict[EmployeeId, Slate],
    served: Sequence[Slate],
    events: Iterable[Event],
    until: datetime,
    number: dict[str, int],
    options: ReportOptions,
) -> _Watched:
    ours: dict[SlateId | None, EmployeeId] = {slate.id: slate.employee_id for slate in served}
    counts: Counter[EmployeeId] = Counter()
    for event in events:
        person = ours.get(event.slate_id)
        if person and event.type is options.event and event.at <= first[person].created_at + options.days:
            counts[person] += 1
    over = [person for person, slate in first.items() if slate.created_at + options.days <= until]
    return _Watched(
        arm=np.array([number[first[person].arm or ""] for person in over], dtype=np.intp),
        outcome=np.array([counts[person] for person in over], dtype=np.float64),
    )


def _ahead(
    watched: _Watched, place: int, shares: Sequence[float], options: ReportOptions
) -> tuple[float | None, float | None]:
    """How much better the arm at this place is than the first. The confidence is split over the arms (Bonferroni)."""
    if min((watched.arm == which).sum() for which in (0, place)) < options.people:
        return None, None
    guesses = differences(watched.outcome, watched.arm, 0, place, shares)
    confidence = 1 - (1 - options.confidence) / (len(shares) - 1)
    return confidence_sequence(guesses, confidence, options.planned)


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return WAIT
    if low > 0:
        return AHEAD
    return BEHIND if high < 0 else UNSURE
