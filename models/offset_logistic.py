"""Logistic regressions that start from somebody's odds: many targets at once, most of them unknown.

With the known log odds as offset and a Gaussian prior on what is added, the fit is the most probable one given both:
far from any decision the odds stay what they were. Cross-validation over stories says how strong the prior should be.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Matrix = NDArray[np.float32]

_FOLDS: Final = 4
_STEPS: Final = 60
_ENOUGH: Final = 1e-5
"""A fit ends when a step lowers the loss by less than this share of it."""

_FLATTEST: Final = 0.02
"""The least curvature of a cell: odds that are certain may be wrong, and the fit must be able to leave them."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Rows are texts, columns are targets. `vectors` has shape (n, dimensions), the others (n, targets).

    `offsets` are log odds, `targets` are within 0..1, and `weights` say how much each counts: 0 where nothing is known.
    `stories` names the group of each row: rows of one story are never in two folds.
    """

    vectors: Matrix
    offsets: Matrix
    targets: Matrix
    weights: Matrix
    stories: tuple[str, ...]

    def take(self, rows: NDArray[np.bool_]) -> "Problem":
        """Some of the rows."""
        stories = tuple(story for story, chosen in zip(self.stories, rows, strict=True) if chosen)
        return Problem(self.vectors[rows], self.offsets[rows], self.targets[rows], self.weights[rows], stories)


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """What is added to the log odds: `weights` (dimensions, targets) and `bias` (targets,)."""

    weights: Matrix
    bias: Matrix


class Regression:
    """A problem made ready to be fitted with one prior after the other, each fit starting where the last one ended.

    Vectors are taken from their centre: sentence embeddings share a large part, and a slope along it would only be a
    second bias, without its prior. They are turned to their principal axes, where each number to be found can be
    scaled by its own curvature: L-BFGS then needs some thirty steps, where it takes hundreds on raw embeddings.
    """

    def __init__(self, problem: Problem) -> None:
        known = problem.weights.sum(axis=1)
        self._problem = problem
        self._centre = np.average(problem.vectors, axis=0, weights=known).astype(np.float32)
        centred = problem.vectors - self._centre
        spread, self._axes = np.linalg.eigh((centred.T * known) @ centred / known.sum())
        self._rows = np.column_stack([centred @ self._axes, np.ones(len(centred), np.float32)])
        _, sure = _lost(problem.offsets, problem)
        curvature = (problem.weights * np.maximum(sure * (1 - sure), _FLATTEST)).sum(axis=0)
        self._curvature = np.append(np.maximum(spread, 0.0), 1.0)[:, None] * curvature
        self._found = np.zeros(self._curvature.shape)

    def fit(self, strength: float) -> Term:
        """The most probable term: weights have a normal prior of precision `strength`, biases one of precision 1."""
        problem, rows = self._problem, self._rows
        precision = np.full((len(self._found), 1), strength)
        precision[-1] = 1.0
        scale = 1.0 / np.sqrt(self._curvature + precision)

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            term = flat.reshape(scale.shape) * scale
            lost, sure = _lost(problem.offsets + rows @ term.astype(np.float32), problem)
            slope = rows.T @ (problem.weights * (sure - problem.targets)) + precision * term
            return lost + 0.5 * float((precision * term**2).sum()), (slope * scale).ravel()

        options = {"maxiter": _STEPS, "ftol": _ENOUGH}
        ended = minimize(loss, (self._found / scale).ravel(), jac=True, method="L-BFGS-B", options=options)
        self._found = ended.x.reshape(scale.shape) * scale
        weights = (self._axes @ self._found[:-1]).astype(np.float32)
        return Term(weights, self._found[-1].astype(np.float32) - self._centre @ weights)


def choose(problem: Problem, strengths: Sequence[float]) -> float | None:
    """The strength whose terms predict unseen stories best, or None where no term at all predicts them best.

    `strengths` go from strong to weak, so that each fit is near the one before.
    """
    lost = np.zeros(len(strengths))
    unchanged = 0.0
    for seen, unseen in _folds(problem):
        unchanged += _lost(unseen.offsets, unseen)[0]
        regression = Regression(seen)
        for place, strength in enumerate(strengths):
            term = regression.fit(strength)
            lost[place] += _lost(unseen.offsets + unseen.vectors @ term.weights + term.bias, unseen)[0]
    best = int(lost.argmin())
    return strengths[best] if lost[best] < unchanged else None


def sample(problem: Problem, most: int) -> Problem:
    """About `most` rows, of whole stories; always the same ones."""
    share = most / max(len(problem.stories), most)
    kept = {story: _place(story, "sample") < share for story in set(problem.stories)}
    return problem.take(np.array([kept[story] for story in problem.stories]))


def _folds(problem: Problem) -> Iterator[tuple[Problem, Problem]]:
    """What is learned from and what is predicted, for each fold of stories where there is something of both."""
    folds = {story: int(_place(story, "fold") * _FOLDS) for story in set(problem.stories)}
    fold_of = np.array([folds[story] for story in problem.stories])
    for fold in sorted(set(folds.values())):
        if not (fold_of == fold).all():
            yield problem.take(fold_of != fold), problem.take(fold_of == fold)


def _place(story: str, purpose: str) -> float:
    """A number within 0..1 that belongs to the story, another one for each purpose."""
    return int.from_bytes(hashlib.sha256(f"{purpose} of story {story}".encode()).digest()[:4], "big") / 2**32


def _lost(odds: Matrix, problem: Problem) -> tuple[float, Matrix]:
    """Weighted log loss, summed over all cells, and the probabilities: one exponential for both, and none overflows."""
    small = np.exp(-np.abs(odds))
    lost = problem.weights * (np.maximum(odds, 0) + np.log1p(small) - problem.targets * odds)
    return float(lost.sum(dtype=np.float64)), np.asarray(np.where(odds >= 0, 1.0, small) / (1.0 + small))
