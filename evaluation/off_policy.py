"""What a policy would have earned on the slates that another one served: three estimators, and how sure they are.

Pure: arrays in, figures out. `evaluation.trials` makes the arrays from a log; what exactly is estimated, and
what is taken for granted, is in docs/decisions/0022-off-policy.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One policy, tried on logged rounds. A round is a slate; with slates of one place it is a plain bandit's.

    Per logged place (n): `rounds`, the number of its round; `reward`; `exposure`, the probability that the place is
    looked at; `weight`, by how much more the policy tried exposes this item than the one that served it;
    `predicted`, the reward model's word on the item, given that it is looked at.
    Per round (m): `owed`, the exposure that the policy tried hands out in all; `expected`, the reward that the model
    expects of it; `cluster`, whose round it is, 0, 1, ….
    """

    rounds: NDArray[np.intp]
    reward: Array
    exposure: Array
    weight: Array
    predicted: Array
    owed: Array
    expected: Array
    cluster: NDArray[np.intp]

    def __post_init__(self) -> None:
        n, m = len(self.rounds), len(self.owed)
        if any(len(column) != n for column in (self.reward, self.exposure, self.weight, self.predicted)):
            raise ValueError(f"{n} places need as many rewards, exposures, weights and predictions")
        if len(self.expected) != m or len(self.cluster) != m:
            raise ValueError(f"{m} rounds need as many expected rewards and clusters")
        if not m or (self.weight < 0).any() or not np.isfinite(self.weight).all():
            raise ValueError("weights are finite and not negative, and there is at least one round")

    def per_round(self, values: Array) -> Array:
        """The sum of the values of each round's places (m,)."""
        return np.bincount(self.rounds, weights=values, minlength=len(self.owed)).astype(np.float64)

    def effective_rounds(self) -> float:
        """How many rounds of the policy itself would tell as much: Kish, "Survey Sampling" (1965), (Σw)² / Σw²."""
        weights = self.per_round(self.weight * self.exposure)
        squares = float(np.square(weights).sum())
        return float(weights.sum() ** 2 / squares) if squares else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The mean reward of a round, and each round's pull on it: influences (m,), of which the mean is 0."""

    value: float
    influence: Array

    def minus(self, other: "Estimate") -> "Estimate":
        """The difference, on the same rounds: what both share falls out."""
        return Estimate(self.value - other.value, self.influence - other.influence)


def ips(trial: Trial) -> Estimate:
    """Inverse propensity scoring: Horvitz and Thompson (JASA 47, 1952)."""
    return _mean(trial.per_round(trial.weight * trial.reward))


def snips(trial: Trial) -> Estimate:
    """IPS, divided by what the weights come to instead of what they should: Swaminathan and Joachims (NIPS 2015)."""
    earned, weighed = (trial.per_round(trial.weight * column) for column in (trial.reward, trial.exposure))
    a, b, owed = earned.mean(), weighed.mean(), trial.owed.mean()
    if b == 0:
        return Estimate(float("nan"), np.full(len(trial.owed), np.nan))
    ratio = a / b
    pull = (owed * (earned - a) - owed * ratio * (weighed - b)) / b + ratio * (trial.owed - owed)
    return Estimate(float(owed * ratio), np.asarray(pull))


def doubly_robust(trial: Trial) -> Estimate:
    """What a reward model expects, corrected by IPS of its errors: Dudík, Langford and Li (ICML 2011)."""
    missed = trial.reward - trial.exposure * trial.predicted
    return _mean(trial.expected + trial.per_round(trial.weight * missed))


ESTIMATORS: Final[Mapping[str, Callable[[Trial], Estimate]]] = MappingProxyType(
    {"IPS": ips, "SNIPS": snips, "DR": doubly_robust}
)


@dataclass(frozen=True, slots=True)
class Spread:
    """What is known of an estimate's spread beside the rounds that were drawn: see `evaluation.trials`.

    `undrawn` is variance that they happen not to show, `clusters` how many clusters of equal weight they are worth.
    """

    undrawn: float
    clusters: float


def interval(
    estimate: Estimate,
    cluster: NDArray[np.intp],
    confidence: float,
    spread: Spread | None = None,
    *,
    positive: bool = False,
) -> tuple[float, float]:
    """Where the value lies with this confidence: the clusters are a sample, and the rounds of one hang together.

    Sandwich variance over clusters with their number less one: Liang and Zeger, "Longitudinal data analysis using
    generalized linear models" (Biometrika 73, 1986). Student's t, with the effective number of clusters: Carter,
    Schnepel and Steigerwald, "Asymptotic behavior of a t-test robust to cluster heterogeneity" (REStat 99, 2017).
    A `positive` value has its interval on the scale of logarithms: with few events a low estimate looks surer than a
    high one, and the truth lies above it more often than below.
    """
    sums = np.bincount(cluster, weights=estimate.influence)
    clusters = len(sums)
    if clusters < 2:
        return (float("-inf"), float("inf"))
    known = spread or Spread(0.0, clusters)
    variance = clusters / (clusters - 1) * np.square(sums).sum() / len(cluster) ** 2 + known.undrawn
    reach = float(stdtrit(max(known.clusters - 1, 1.0), (1 + confidence) / 2) * np.sqrt(variance))
    if positive and estimate.value > 0:
        factor = float(np.exp(reach / estimate.value))
        return (estimate.value / factor, estimate.value * factor)
    return (estimate.value - reach, estimate.value + reach)


def _mean(values: Array) -> Estimate:
    return Estimate(float(values.mean()), values - values.mean())
