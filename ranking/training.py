"""From logged slates to a ranker that can be registered, measured beside the heuristic it would replace."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from catalog.errors import Invalid
from catalog.ids import EmployeeId
from models.heuristic import HeuristicRanker
from models.protocols import Progress, Ranker
from models.ranker import Examples, LambdaMart, LambdaMartOptions
from ranking.dataset import Dataset
from ranking.features import NAMES
from ranking.splits import Split, SplitOptions, by_time

Metrics = Mapping[str, float]
"""Figures by name, such as `ndcg@10`."""

Measure = Callable[[Dataset, Ranker], Metrics]
"""How a ranker is judged on a dataset. Given by the caller: what is good is decided a floor above this one."""


class TooLittleData(Invalid):
    """There are not enough slates with an interaction to learn a ranker that could be trusted."""

    code = "too_little_data"


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What is enough to learn from, who is heard how often, how it is split, and how the trees are grown."""

    train_slates: int = 200
    held_out_slates: int = 40
    """How many slates with different grades the training days need, and the validation and the test days each."""
    per_person: int | None = None
    """At most this many slates of each person are learned from, so that a few who read much do not outvote the others.

    They are drawn, not the newest taken: of people who read much those are of the last days alone, and the ranker
    would learn those days from them and the others from the rest. The draw goes by a hash, so that one slate more
    changes it little.
    """
    sample_seed: int = 20
    split: SplitOptions = field(default_factory=SplitOptions)
    trees: LambdaMartOptions = field(default_factory=LambdaMartOptions)

    def __post_init__(self) -> None:
        if self.per_person is not None and self.per_person < 1:
            raise ValueError(f"at most {self.per_person} slates per person leave nothing to learn from")


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A new ranker, what to write beside it in the registry, and the newest slates, which it has not seen.

    `metrics` are named by part, ranker and figure, such as `test.challenger.ndcg@10` and `test.heuristic.ndcg@10`.
    """

    ranker: LambdaMart
    metrics: Metrics
    facts: Mapping[str, object]
    test: Dataset


def train(dataset: Dataset, options: TrainingOptions, measure: Measure, progress: Progress | None = None) -> Trained:
    """Learn a ranker from all but the newest days. `progress` hears of each of `options.trees.rounds` at most.

    Raises TooLittleData, which says how many slates there are and how many it takes.
    """
    split = by_time(dataset, options.split)
    learned_from = _heard(split.train.telling(), options)
    _require_enough(split, learned_from, options)
    parts = (_examples(learned_from), _examples(split.validation.telling()))
    ranker = LambdaMart.fit(NAMES, *parts, options.trees, progress)
    rankers: Mapping[str, Ranker] = {"challenger": ranker, "heuristic": HeuristicRanker()}
    judged = {"validation": split.validation, "test": split.test}
    metrics = {
        f"{part}.{name}.{figure}": value
        for part, slates in judged.items()
        for name, each in rankers.items()
        for figure, value in measure(slates, each).items()
        if math.isfinite(value)  # where no slate can tell there is no figure to keep
    }
    return Trained(ranker, metrics, _facts(split, learned_from, ranker, options), split.test)


def _heard(dataset: Dataset, options: TrainingOptions) -> Dataset:
    """At most `options.per_person` slates of each person, drawn by hash."""
    if options.per_person is None:
        return dataset
    drawn = {
        offer.slate: hashlib.sha256(f"{options.sample_seed} {offer.slate}".encode()).digest()
        for offer in dataset.offers
    }
    heard: Counter[EmployeeId] = Counter()
    kept = set()
    for offer in sorted(dataset.offers, key=lambda offer: drawn[offer.slate]):
        if heard[offer.employee] < options.per_person:
            heard[offer.employee] += 1
            kept.add(offer.slate)
    return dataset.take(np.array([offer.slate in kept for offer in dataset.offers], dtype=np.bool_))


def _require_enough(split: Split, learned_from: Dataset, options: TrainingOptions) -> None:
    parts = (learned_from, split.validation.telling(), split.test.telling())
    total = sum(len(part) for part in parts)
    needs = (
        ("training", parts[0], options.train_slates),
        ("validation", parts[1], options.held_out_slates),
        ("test", parts[2], options.held_out_slates),
    )
    for name, dataset, needed in needs:
        if len(dataset) < needed:
            capped = "" if options.per_person is None else f" with at most {options.per_person} per person"
            raise TooLittleData(
                f"{name} needs at least {needed} slates in which people did more with one article than with another: "
                f"there are {len(dataset)} in its days, {total} in all{capped}; the heuristic ranks until there are "
                "enough"
            )


def _examples(slates: Dataset) -> Examples:
    return Examples(slates.rows, slates.labels, slates.positions, slates.groups)


def _facts(split: Split, learned_from: Dataset, ranker: LambdaMart, options: TrainingOptions) -> dict[str, object]:
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    return {
        "name": ranker.name,
        "features": list(ranker.features),
        "grades": {event.value: grade for event, grade in split.train.grades.items()},
        "horizon_hours": split.train.horizon.total_seconds() / 3600,
        "learned_from": {
            "slates": len(learned_from),
            "people": len({offer.employee for offer in learned_from.offers}),
            "per_person": options.per_person,
            "sample_seed": options.sample_seed,
        },
        "trees": asdict(options.trees),
        "unseen_since": split.test.offers[0].at.isoformat(),
        "data": {
            part: {
                "from": slates.offers[0].at.isoformat(),
                "to": slates.offers[-1].at.isoformat(),
                "slates": len(slates),
            }
            for part, slates in parts.items()
        },
    }
