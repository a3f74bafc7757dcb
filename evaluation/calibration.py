"""Do probabilities mean what they say? Of all that is called 30 % likely, 30 % should be true.

Every function takes `said` (n,), probabilities, and `held` (n,), whether it was true. Bins hold about as many each, so
that the crowd near zero does not leave all other bins to chance: Nguyen and O'Connor, "Posterior calibration and
exploratory analysis for natural language processing models" (EMNLP 2015).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Said = NDArray[np.float64]
Held = NDArray[np.bool_]

BINS: Final = 15
_LEAST: Final = 1e-12
"""A probability of zero that came true would cost an infinite loss."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Probabilities of about one size: their mean, the share that was true, and how many they are."""

    said: float
    held: float
    count: int


def reliability(said: Said, held: Held, bins: int = BINS) -> list[Bin]:
    """The reliability curve, from unlikely to likely; fewer bins where there are fewer figures. Raises ValueError."""
    if said.ndim != 1 or said.shape != held.shape:
        raise ValueError(f"{said.shape} probabilities cannot be compared with {held.shape} truths")
    if not ((said >= 0) & (said <= 1)).all():
        raise ValueError("a probability is not within 0..1")
    parts = np.array_split(np.argsort(said, kind="stable"), bins)
    return [Bin(float(said[part].mean()), float(held[part].mean()), len(part)) for part in parts if len(part)]


def expected_error(curve: list[Bin]) -> float:
    """Expected calibration error: how far said and held are apart, on average over all figures; not-a-number for none.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning" (AAAI 2015). With
    few figures per bin chance alone keeps it above zero.
    """
    total = sum(part.count for part in curve)
    return sum(part.count * abs(part.said - part.held) for part in curve) / total if total else float("nan")


def log_loss(said: Said, held: Held) -> float:
    """Mean negative log likelihood, in nats; not-a-number for none."""
    if not len(said):
        return float("nan")
    likely = np.where(held, said, 1.0 - said)
    return float(-np.log(np.clip(likely, _LEAST, 1.0)).mean())
