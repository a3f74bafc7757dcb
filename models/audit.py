"""The blind audit of what went live without a person: is the certificate's promise still kept?

Results come one at a time, and may be looked at after each. So the test is anytime-valid: a bet against the promise,
fair while it is kept. By Ville's inequality a fair bet multiplies its stake by 1/δ at any time, ever, with probability
at most δ. The bet is spread evenly over error rates of 2, 3 and 5 times alpha, each a likelihood ratio against alpha
(Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41(5),
1970; Ramdas, Grünwald, Vovk and Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statistical
Science 38(4), 2023). While the true rate is at most alpha, each ratio can only lose on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

FACTORS: Final = (2.0, 3.0, 5.0)
"""Error rates that are bet on, in alphas."""

LEAST_RATE: Final = 0.02
"""The share of what goes live without a person that is audited in any case."""


@dataclass(frozen=True, slots=True)
class Audited:
    """Errors among `n` results; `evidence` is what a stake of 1 has become now, `peak` the most it has ever been."""

    n: int
    errors: int
    evidence: float
    peak: float

    @classmethod
    def of(cls, results: Sequence[bool], alpha: float) -> "Audited":
        """From whether each was wrong, in the order in which they were judged."""
        course = np.exp(np.concatenate([[0.0], log_evidence(results, alpha)]))
        return cls(len(results), int(sum(results)), float(course[-1]), float(course.max()))

    def broken(self, risk: float) -> bool:
        """Whether the promise is no longer believed; a promise that is kept is broken with probability ≤ `risk`."""
        return self.peak >= 1 / risk


def log_evidence(results: ArrayLike, alpha: float) -> NDArray[np.float64]:
    """The logarithm of the evidence after each result, along the last axis; `alpha` is at most 0.1."""
    wrong = np.asarray(results, bool)
    errors, n = np.cumsum(wrong, axis=-1), np.arange(1, wrong.shape[-1] + 1)
    bets = [
        errors * np.log(factor) + (n - errors) * (np.log1p(-factor * alpha) - np.log1p(-alpha)) for factor in FACTORS
    ]
    return np.asarray(special.logsumexp(bets, axis=0) - np.log(len(FACTORS)), np.float64)


def rate(wanted: int, passing: float) -> float:
    """The share to audit: 2 % of what goes live without a person, or as much as the next certificate needs.

    `wanted` is the number of results that one needs (`models.certificate.needed`, with some errors in reserve) and
    `passing` how many stories are expected to pass in the 30 days that it may take.
    """
    return min(1.0, max(LEAST_RATE, wanted / passing)) if passing > 0 else 1.0
