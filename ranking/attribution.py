"""What a ranker goes by: how much each feature adds to scores, over many slates and for one article.

Contributions are in the unit of the score, which has no meaning by itself: within a slate the article with the higher
sum ranks higher. They tell what moved the ranker, not what moves people; features that say nearly the same share what
they add between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.protocols import Additive, Features
from ranking.dataset import Dataset
from ranking.features import FEATURES, GROUPS, INDEX, Feature, columns


@dataclass(frozen=True, slots=True)
class Importance:
    """How much a ranker goes by one feature, or by a group of them, over many logged rows.

    `gain`: the share of the trees' gain in training, None for a ranker without trees. `mean_abs`: the mean of |what it
    adds|. `within`: the same, counted from the mean of the slate: what all articles of a slate have alike (the hour,
    the length of the list) changes no order, whatever it adds.
    """

    name: str
    group: str
    gain: float | None
    mean_abs: float
    within: float


@dataclass(frozen=True, slots=True)
class Part:
    """What one feature added to one score, and the `value` that it had; not-a-number where none was logged."""

    feature: Feature
    value: float
    added: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """One score: `base`, which every row starts from, and `parts`, the weightiest first, sum to `score`."""

    score: float
    base: float
    parts: tuple[Part, ...]

    def by_group(self) -> dict[str, float]:
        """What each group of features added, the weightiest first; groups that the ranker does not use are left out."""
        sums: dict[str, float] = {}
        for part in self.parts:
            sums[part.feature.group] = sums.get(part.feature.group, 0.0) + part.added
        return dict(sorted(sums.items(), key=lambda pair: -abs(pair[1])))


def importance(
    ranker: Additive, dataset: Dataset, gains: Mapping[str, float] | None
) -> tuple[list[Importance], list[Importance]]:
    """By feature and by group, the ones with the most influence on orders first; `gains` are the shares by feature."""
    added = ranker.contributions(_wanted(ranker, dataset.rows))[:, :-1]
    slate = np.repeat(np.arange(len(dataset)), dataset.groups)
    groups = [FEATURES[INDEX[name]].group for name in ranker.features]

    def told(name: str, group: str, among: Sequence[int]) -> Importance:
        column = added[:, list(among)].sum(axis=1)
        mean = np.bincount(slate, column, minlength=len(dataset)) / np.maximum(dataset.groups, 1)
        gain = None if gains is None else sum(gains[ranker.features[place]] for place in among)
        apart = np.abs(column - mean[slate])
        return Importance(name, group, gain, float(np.abs(column).mean()), float(apart.mean()))

    by_feature = [told(name, groups[place], [place]) for place, name in enumerate(ranker.features)]
    by_group = [
        told(group, group, [place for place, each in enumerate(groups) if each == group])
        for group in GROUPS
        if group in groups
    ]
    return _weightiest(by_feature), _weightiest(by_group)


def explain(ranker: Additive, row: Features) -> Explanation:
    """What each feature adds to the score of one logged row (features,)."""
    wanted = _wanted(ranker, row[np.newaxis])
    (added,) = ranker.contributions(wanted)
    parts = [
        Part(FEATURES[INDEX[name]], value, part)
        for name, value, part in zip(ranker.features, wanted[0].tolist(), added.tolist(), strict=False)
    ]
    ordered = sorted(parts, key=lambda part: -abs(part.added))
    return Explanation(float(ranker.score(wanted)[0]), float(added[-1]), tuple(ordered))


def _wanted(ranker: Additive, rows: Features) -> Features:
    return rows[:, columns(ranker.features)]


def _weightiest(told: list[Importance]) -> list[Importance]:
    return sorted(told, key=lambda one: (-one.within, -one.mean_abs, one.name))
