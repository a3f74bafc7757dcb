"""What somebody would do with an item that they look at, as its features tell it: the model inside doubly robust."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from evaluation.off_policy import Array

FOLDS: Final = 5

Rows = NDArray[np.float32]


def cross_fitted(
    rows: Rows, happened: NDArray[np.bool_], person: NDArray[np.intp], asked: Rows, asked_person: NDArray[np.intp]
) -> Array:
    """For each row of `asked` the probability that the event happens, by a model that never met that row's person.

    `rows` (n, features) are items that were looked at, `happened` (n,) whether the event followed, `person` (n,) who
    looked, as is `asked_person` of `asked`. Cross-fitting keeps the estimate unbiased however the model errs:
    Chernozhukov et al., "Double/debiased machine learning" (Econometrics Journal 21, 2018). Needs two people.
    """
    answers = np.full(len(asked), happened.mean())
    folds = GroupKFold(min(FOLDS, len(np.unique(person))))
    for known, held_out in folds.split(rows, groups=person):
        concerned = np.isin(asked_person, np.unique(person[held_out]))
        answers[concerned] = _fitted(rows[known], happened[known], asked[concerned])
    return answers


def _fitted(rows: Rows, happened: NDArray[np.bool_], asked: Rows) -> Array:
    """Small trees and few: with some hundreds of events a larger model learns the persons, not what they like."""
    if not len(asked) or happened.all() or not happened.any():
        return np.full(len(asked), happened.mean())
    model = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=6, min_samples_leaf=20, l2_regularization=5.0, early_stopping=False, random_state=20
    )
    return np.asarray(model.fit(rows, happened).predict_proba(asked)[:, 1], dtype=np.float64)
