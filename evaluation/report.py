"""The table a data scientist reads: how well each ranker would have ordered what people were shown.

The items of a logged slate were chosen and placed by the ranker of that day, and only those somebody saw are graded.
So the figures compare rankers on what was offered; they do not say what people would have done with other items.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from evaluation import metrics
from models.protocols import Ranker
from ranking.dataset import Dataset
from ranking.scoring import score

EVERYBODY: Final = "*"
"""The row of a report that counts every slate."""


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one ranker for one job function, over its `slates` with a grade above 0."""

    ranker: str
    function: str
    slates: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Report:
    """Rows by ranker, for everybody first and then by function."""

    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, object]:
        """For `--json`."""
        return {"rows": [asdict(row) for row in self.rows]}


def evaluate(dataset: Dataset, rankers: Iterable[Ranker]) -> Report:
    """Every ranker on the same slates, over everybody and per function; a person with two functions counts for both."""
    useful = dataset.relevant()
    functions = sorted(frozenset[str]().union(*(offer.functions for offer in useful.offers)))
    parts = {EVERYBODY: useful} | {
        function: useful.take(np.array([function in offer.functions for offer in useful.offers]))
        for function in functions
    }
    return Report(
        tuple(
            Row(ranker.name, function, len(part), measure(part, ranker))
            for ranker in rankers
            for function, part in parts.items()
        )
    )


def measure(dataset: Dataset, ranker: Ranker) -> dict[str, float]:
    """nDCG@5, nDCG@10, MRR and recall@5 of one ranker, as means over the slates with a grade above 0."""
    judged = (dataset.labels, score(ranker, dataset.rows), dataset.groups)
    return {
        "ndcg@5": metrics.mean(metrics.ndcg(*judged, k=5)),
        "ndcg@10": metrics.mean(metrics.ndcg(*judged, k=10)),
        "mrr": metrics.mean(metrics.mrr(*judged)),
        "recall@5": metrics.mean(metrics.recall(*judged, k=5)),
    }
