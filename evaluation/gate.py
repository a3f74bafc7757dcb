"""May the challenger take the champion's place? A pure comparison on the newest slates, which neither learned from."""

from dataclasses import dataclass

import numpy as np

from evaluation import metrics
from evaluation.bootstrap import BootstrapOptions, mean_intervals
from models.protocols import Ranker
from ranking.dataset import Dataset
from ranking.scoring import score


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What a promotion takes: not worse on average, and surely not worse by more than `tolerance` of nDCG@`cutoff`."""

    cutoff: int = 10
    tolerance: float = 0.02
    slates: int = 40
    confidence: float = 0.95
    resamples: int = 1000
    seed: int = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the challenger passes, why in one line, and by how much it differs (challenger − champion)."""

    passed: bool
    reason: str
    slates: int
    difference: float
    interval: tuple[float, float]


def compare(newest: Dataset, champion: Ranker, challenger: Ranker, options: GateOptions) -> Verdict:
    """Judge both on `newest`, which must be younger than what the challenger learned from."""
    useful = newest.telling()
    if len(useful) < options.slates:
        reason = f"refused: the newest days hold {len(useful)} slates with different grades, of {options.slates} needed"
        return Verdict(False, reason, len(useful), float("nan"), (float("nan"), float("nan")))
    if len({offer.employee for offer in useful.offers}) < 2:
        reason = "refused: the newest days hold slates of one person only, which says nothing of others: wait for more"
        return Verdict(False, reason, len(useful), float("nan"), (float("nan"), float("nan")))
    before, after = (_ndcg(useful, ranker, options.cutoff) for ranker in (champion, challenger))
    difference = float((after - before).mean())
    low, high = _interval(useful, after - before, options)
    passed = difference >= 0 and low >= -options.tolerance
    figures = (
        f"nDCG@{options.cutoff} {after.mean():.4f} against {before.mean():.4f} of {champion.name} on {len(useful)} "
        f"slates, difference {difference:+.4f} ({options.confidence:.0%}: {low:+.4f} to {high:+.4f})"
    )
    return Verdict(passed, f"{_word(passed, difference, options)}: {figures}", len(useful), difference, (low, high))


def _word(passed: bool, difference: float, options: GateOptions) -> str:
    if passed:
        return "passed"
    return "refused, it is worse" if difference < 0 else f"refused, it may be worse by more than {options.tolerance}"


def _ndcg(dataset: Dataset, ranker: Ranker, k: int) -> metrics.PerSlate:
    return metrics.ndcg(dataset.labels, score(ranker, dataset.rows), dataset.groups, k)


def _interval(dataset: Dataset, differences: metrics.PerSlate, options: GateOptions) -> tuple[float, float]:
    """Of the mean, over people: `evaluation.bootstrap`."""
    _, person = np.unique([offer.employee for offer in dataset.offers], return_inverse=True)
    drawing = BootstrapOptions(options.confidence, options.resamples, people=1, seed=options.seed)
    (found,) = mean_intervals(differences[:, np.newaxis], person, drawing)
    return found.low, found.high
