"""A ranker gets the columns it names, and what it answers must be usable."""

import numpy as np
import pytest

from catalog.errors import ArtefactMismatch
from ranking.features import INDEX, NAMES
from ranking.scoring import score


class Fake:
    name = "fake-1"

    def __init__(self, *features, answer=None):
        self.features = features
        self.answer = answer

    def score(self, rows):
        self.rows = rows
        return rows @ np.array([10.0, 1.0]) if self.answer is None else self.answer


ROWS = np.arange(3.0 * len(NAMES)).reshape(3, len(NAMES))


def test_columns_come_in_the_rankers_own_order_each_in_one_piece():
    fake = Fake("log_age", "opens_1d")
    scores = score(fake, ROWS)
    assert fake.rows.T.flags.c_contiguous
    assert scores.tolist() == (10 * ROWS[:, INDEX["log_age"]] + ROWS[:, INDEX["opens_1d"]]).tolist()


def test_a_feature_that_is_no_longer_built_is_refused():
    with pytest.raises(ArtefactMismatch, match="retrain"):
        score(Fake("log_age", "gone"), ROWS)


@pytest.mark.parametrize("answer", [np.zeros(2), np.zeros((3, 1)), np.array([1.0, np.nan, 0.0]), np.full(3, np.inf)])
def test_an_answer_that_is_no_score_per_row_is_refused(answer):
    with pytest.raises(ArtefactMismatch, match="fake-1"):
        score(Fake("log_age", answer=answer), ROWS)
