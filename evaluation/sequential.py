"""Figures that stay valid however often one looks: an interval for a difference of means, and a check of the shares."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]

CONCENTRATION: Final = 100.0
"""How near to the shares that were asked for the alternative lies, of which `sample_ratio_p` thinks: by some ± 5 %."""


def differences(outcome: Array, arm: NDArray[np.intp], control: int, other: int, shares: Sequence[float]) -> Array:
    """For each person, in order of arrival, an unbiased guess at how much better `other` is than `control`.

    Augmented inverse propensity weighting, with the means of those who came before as predictions: the arms are drawn
    with known `shares`, so the guesses have the true difference as their mean, whoever comes.
    """
    expected, weighed = np.zeros(len(outcome)), np.zeros(len(outcome))
    for which, sign in ((other, 1.0), (control, -1.0)):
        mine = (arm == which).astype(np.float64)
        before = _shifted(np.cumsum(mine * outcome)) / np.maximum(_shifted(np.cumsum(mine)), 1)
        expected += sign * before
        weighed += sign * mine / shares[which] * (outcome - before)
    return np.asarray(expected + weighed)


def confidence_sequence(values: Array, confidence: float, planned: int) -> tuple[float, float]:
    """An interval for the mean that holds at all times at once, as of the last of `values` (n,), and tightest at
    `planned` of them.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit
    theory and asymptotic confidence sequences" (Annals of Statistics 52, 2024), with a normal mixture.
    """
    n, alpha = len(values), 1 - confidence
    if n < 2:
        return (-math.inf, math.inf)
    width = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / planned
    grown = n * width + 1
    reach = float(values.std(ddof=1)) * math.sqrt(2 * grown / (n * n * width) * math.log(math.sqrt(grown) / alpha))
    return (float(values.mean()) - reach, float(values.mean()) + reach)


def sample_ratio_p(counts: Sequence[int], shares: Sequence[float]) -> float:
    """An upper bound on how probable counts as odd as these are, at any time, where the shares are what they should be.

    One over the Bayes factor against a Dirichlet mixture: Lindon and Malek, "Anytime-valid inference for multinomial
    count data" (NeurIPS 2022).
    """
    n, prior = np.asarray(counts, dtype=np.float64), CONCENTRATION * np.asarray(shares)
    mixture = gammaln(prior.sum()) - gammaln(prior.sum() + n.sum()) + (gammaln(prior + n) - gammaln(prior)).sum()
    against = float(mixture - (n * np.log(shares)).sum())
    return min(1.0, math.exp(-against)) if against > 0 else 1.0


def _shifted(values: Array) -> Array:
    """What each was one earlier; 0 at first."""
    return np.concatenate([[0.0], values[:-1]])
