"""How much colleagues will probably do with an article that nobody has been shown yet: as much as with its like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId
from catalog.records import Vector
from catalog.response import Response

Matrix = NDArray[np.float32]
Counts = NDArray[np.float64]

_AT_ONCE: Final = 1024


@dataclass(frozen=True, slots=True)
class AnticipateOptions:
    """`neighbours` are asked, each weighing by how near it is.

    `prior` places of slates at the average rate are added, so that one lucky neighbour promises nothing.
    """

    neighbours: int = 20
    prior: float = 20.0


def anticipate(
    candidates: Mapping[ArticleId, Vector],
    vectors: Mapping[ArticleId, Vector],
    responses: Mapping[ArticleId, Response],
    options: AnticipateOptions,
) -> dict[ArticleId, float]:
    """Per candidate, which share of the others it will probably do better than, 0 to 1.

    Unit vectors of (dimensions,), all of one encoder. Empty where nobody was ever offered anything.
    """
    known = [each for each in vectors if each in responses]
    if not known or not candidates:
        return {}
    served = np.array([responses[each].served for each in known], float)
    engaged = np.array([responses[each].engaged for each in known], float)
    rows = np.array([vectors[each] for each in known])
    asked = list(candidates)
    rates = np.concatenate(
        [
            _rates(
                np.array([candidates[each] for each in asked[start : start + _AT_ONCE]]), rows, served, engaged, options
            )
            for start in range(0, len(asked), _AT_ONCE)
        ]
    )
    places = np.searchsorted(np.sort(rates), rates, side="left") / max(len(rates) - 1, 1)
    return dict(zip(asked, np.minimum(places, 1.0).tolist(), strict=True))


def _rates(asked: Matrix, rows: Matrix, served: Counts, engaged: Counts, options: AnticipateOptions) -> Counts:
    """Engaged places per place offered, over the nearest rows of each asked one, (asked,)."""
    nearness = asked @ rows.T
    most = min(options.neighbours, len(rows))
    nearest = np.argpartition(-nearness, most - 1, axis=1)[:, :most]
    weights = np.maximum(np.take_along_axis(nearness, nearest, axis=1), 0.0)
    average = engaged.sum() / max(served.sum(), 1.0)
    gained = (weights * engaged[nearest]).sum(axis=1) + options.prior * average
    return np.asarray(gained / ((weights * served[nearest]).sum(axis=1) + options.prior))
