"""From logged slates to a ranker that can be registered, measured beside the heuristic it would replace."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from catalog.errors import Invalid
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
    """What is enough to learn from, how it is split, and how the trees are grown."""

    train_slates: int = 200
    held_out_slates: int = 40
    """How many slates with an interaction the training days need, and the validation and the test days each."""
    split: SplitOptions = field(default_factory=SplitOptions)
    trees: LambdaMartOptions = field(default_factory=LambdaMartOptions)


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
    _require_enough(split, options)
    parts = (_examples(split.train), _examples(split.validation))
    ranker = LambdaMart.fit(NAMES, *parts, options.trees, progress)
    rankers: Mapping[str, Ranker] = {"challenger": ranker, "heuristic": HeuristicRanker()}
    judged = {"validation": split.validation, "test": split.test}
    metrics = {
        f"{part}.{name}.{figure}": value
        for part, slates in judged.items()
        for name, each in rankers.items()
        for figure, value in measure(slates, each).items()
    }
    return Trained(ranker, metrics, _facts(split, ranker), split.test)


def _require_enough(split: Split, options: TrainingOptions) -> None:
    total = sum(len(part.relevant()) for part in (split.train, split.validation, split.test))
    needs = (
        ("training", split.train, options.train_slates),
        ("validation", split.validation, options.held_out_slates),
        ("test", split.test, options.held_out_slates),
    )
    for part, dataset, needed in needs:
        there = len(dataset.relevant())
        if there < needed:
            raise TooLittleData(
                f"{part} needs at least {needed} slates with an interaction: there are {there} in its days, {total} in "
                "all; the heuristic ranks until there are enough"
            )


def _examples(dataset: Dataset) -> Examples:
    """Slates with an interaction: one without pulls no pair of items apart."""
    useful = dataset.relevant()
    return Examples(useful.rows, useful.labels, useful.positions, useful.groups)


def _facts(split: Split, ranker: LambdaMart) -> dict[str, object]:
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    return {
        "name": ranker.name,
        "features": list(ranker.features),
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
