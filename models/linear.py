"""Linear classifiers for a handful of short texts per class; what they cost and gain is in decision record 0011."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import shrunk_covariance
from sklearn.linear_model import LogisticRegression

Matrix = NDArray[np.float64]
Labels = NDArray[np.int_]

_LOOSE: Final = 25.0
"""The inverse strength of the regression's regularisation: unit vectors of about one direction need little of it."""
_STEPS: Final = 500


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A score per class: `weights` (dimensions, classes) and `bias` (classes,)."""

    weights: Matrix
    bias: Matrix

    def scores(self, vectors: Matrix) -> Matrix:
        """Shape (n, classes)."""
        return vectors @ self.weights + self.bias


def discriminant(vectors: Matrix, labels: Labels, shrinkage: float) -> Columns:
    """Linear discriminant analysis: log likelihood of each class, against that of the centre of them all.

    `shrinkage`, within 0..1, draws the covariance within classes towards a sphere.
    """
    means = np.array([vectors[labels == label].mean(axis=0) for label in range(labels.max() + 1)])
    spread = vectors - means[labels]
    covariance = shrunk_covariance(spread.T @ spread / len(spread), shrinkage)
    centre = means.mean(axis=0)
    weights = np.linalg.solve(covariance, (means - centre).T)
    return Columns(weights, -0.5 * ((means + centre).T * weights).sum(axis=0))


def regression(vectors: Matrix, labels: Labels) -> Columns:
    """Multinomial logistic regression in which every class weighs the same, however many texts it has."""
    centre = vectors.mean(axis=0)
    fitted = LogisticRegression(C=_LOOSE, class_weight="balanced", max_iter=_STEPS).fit(vectors - centre, labels)
    weights, bias = fitted.coef_.T, fitted.intercept_
    if weights.shape[1] == 1:  # of two classes it only tells the second from the first
        weights, bias = weights @ [[-0.5, 0.5]], bias[0] * np.array([-0.5, 0.5])
    return Columns(weights, bias - centre @ weights)


def blended(first: Columns, second: Columns, vectors: Matrix) -> Columns:
    """The mean of both, in units of the first: as spread out on these vectors as its own scores are."""
    scale = first.scores(vectors).std() / second.scores(vectors).std()
    return Columns((first.weights + scale * second.weights) / 2, (first.bias + scale * second.bias) / 2)
