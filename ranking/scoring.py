"""A ranker applied to feature rows, and the check that what came back can be used."""

import numpy as np
from numpy.typing import NDArray

from catalog.errors import ArtefactMismatch
from catalog.stages import stage
from models.protocols import Features, Ranker
from ranking.features import columns


class NoScores(ArtefactMismatch):
    """A ranker did not give every article a score."""

    code = "no_scores"


@stage("scoring")
def score(ranker: Ranker, rows: Features) -> NDArray[np.float64]:
    """One score per row of `features.build`. Raises ArtefactMismatch where the ranker does not fit this program."""
    scores = ranker.score(rows.T[columns(ranker.features)].T)
    if scores.shape != (len(rows),) or not np.isfinite(scores).all():
        raise NoScores(f"{ranker.name} gave no finite score for each of {len(rows)} articles: train it again")
    return scores
