"""Champion and challenger on the slates that were served: what each would have earned, or why the log cannot tell."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from evaluation.counterfactual import Log, NothingToJudgeBy
from evaluation.off_policy import ESTIMATORS, Estimate, Spread, Trial, interval, ips
from evaluation.trials import Trials


class NoSupport(NothingToJudgeBy):
    """The slates served hold too little of what the challenger would have served."""

    code = "no_support"


@dataclass(frozen=True, slots=True)
class EarningOptions:
    """How estimates are made, and what they need: with less, an interval would promise what it cannot keep."""

    clip: float = 20.0
    """No weight counts for more; what is lost by that is told as out of reach."""
    confidence: float = 0.95
    people: int = 10
    slates: int = 50
    """How many slates the log must be worth to each ranker, after weighting."""
    out_of_reach: float = 0.05
    """The share of a ranker's exposure that may be out of the log's reach."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean per slate, and the interval it lies in."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """One ranker by one estimator. `ahead` is what it would have earned more than the first ranker; None for that.

    `effective_slates` is how many slates of its own would tell as much, `out_of_reach` the share of its exposure that
    the log says nothing of.
    """

    ranker: str
    estimator: str
    earned: Figure
    ahead: Figure | None
    effective_slates: float
    out_of_reach: float


@dataclass(frozen=True, slots=True)
class Earnings:
    """All rows, what the slates as served earned, how many of them by how many people, and why others are left out."""

    served: Figure
    slates: int
    people: int
    left_out: Mapping[str, int]
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self)


def judge(log: Log, names: Sequence[str], options: EarningOptions) -> Earnings:
    """What the rankers of a log would have earned per slate; `names` are theirs, in order, the champion first.

    Raises NothingToJudgeBy where there are too few slates or people, and NoSupport, which says what to do instead,
    where the log is worth too little to one of the rankers.
    """
    _require_enough(log, options)
    trials = Trials(log, options.clip)
    tried = [trials.trial(place) for place in range(len(names))]
    reach = [trials.out_of_reach(place) for place in range(len(names))]
    for name, trial, lost in zip(names, tried, reach, strict=True):
        _require_support(name, trial, lost, options)

    def figure(estimate: Estimate, spread: Spread | None, *, positive: bool) -> Figure:
        found = interval(estimate, tried[0].cluster, options.confidence, spread, positive=positive)
        return Figure(estimate.value, *found)

    rows = []
    for estimator, estimate in ESTIMATORS.items():
        made = [estimate(trial) for trial in tried]
        for place, name in enumerate(names):
            earned = figure(made[place], trials.spread(place), positive=True)
            ahead = made[place].minus(made[0])
            beside = figure(ahead, trials.spread(place, against=0), positive=False) if place else None
            rows.append(Row(name, estimator, earned, beside, tried[place].effective_rounds(), reach[place]))
    as_served = ips(replace(tried[0], weight=np.ones_like(tried[0].weight)))
    served = figure(as_served, None, positive=True)
    return Earnings(served, len(log.rounds), len(trials.people), dict(log.left_out), tuple(rows))


def _require_enough(log: Log, options: EarningOptions) -> None:
    people = len({one.person for one in log.rounds})
    if len(log.rounds) < options.slates or people < options.people:
        why = "".join(f"; left out: {count}, because {reason}" for reason, count in log.left_out.items())
        raise NothingToJudgeBy(
            f"there are {len(log.rounds)} slates of {people} people to judge by, and it takes {options.slates} of "
            f"{options.people}{why}: wait until more are served"
        )


def _require_support(name: str, trial: Trial, lost: float, options: EarningOptions) -> None:
    worth = trial.effective_rounds()
    if lost > options.out_of_reach:
        told = f"{lost:.0%} of what {name} would show was next to never served, {options.out_of_reach:.0%} may be"
    elif worth < options.slates:
        told = f"to {name} these {len(trial.owed)} slates are worth {worth:.0f} of its own, it takes {options.slates}"
    else:
        return
    raise NoSupport(
        f"{told}: an estimate would be a guess. Wait for more slates, let feeds explore more (epsilon), or try both "
        "on people"
    )
