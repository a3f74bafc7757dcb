"""The ranker that needs no data: each of its wishes counts, and nothing but its own row does."""

import numpy as np
import pytest

from models.heuristic import HeuristicRanker
from ranking.features import NAMES, columns
from tests.contracts.learned import RankerContract

RANKER = HeuristicRanker()


class TestHeuristicRanker(RankerContract):
    @pytest.fixture
    def ranker(self):
        return RANKER


PLAIN = {"log_age": np.log1p(10.0)}


def score(*rows):
    table = np.array([[(PLAIN | row).get(name, 0.0) for name in RANKER.features] for row in rows])
    return RANKER.score(table)


def test_it_uses_features_that_are_built():
    assert len(columns(RANKER.features)) == len(set(RANKER.features)) < len(NAMES)


@pytest.mark.parametrize(
    "better",
    [
        {"log_age": np.log1p(1.0)},
        {"function_tag": 0.9},
        {"audience_focus": 1.0},
        {"nearest_lift": 0.5},
        {"topic_affinity": 0.5},
        {"function_opens_7d": 4.0},
        {"shares_7d": 2.0},
    ],
)
def test_each_of_these_lifts_an_article(better):
    plain, lifted = score({}, better)
    assert lifted > plain


@pytest.mark.parametrize("worse", [{"times_seen": 1.0}, {"dismissals_7d": 2.0}])
def test_each_of_these_lowers_it(worse):
    plain, lowered = score({}, worse)
    assert lowered < plain


def test_an_article_counts_as_half_as_fresh_after_two_days():
    new, older, ancient = score({"log_age": 0.0}, {"log_age": np.log1p(48.0)}, {"log_age": 50.0})
    assert new - older == pytest.approx(0.5)
    assert new - ancient == pytest.approx(1.0)


def test_a_row_is_scored_by_itself_and_what_was_not_logged_adds_nothing():
    together = score({}, {"function_tag": np.nan}, {"function_tag": 1.0})
    assert together[0] == together[1] == score({})[0]


def test_no_rows_no_scores():
    assert RANKER.score(np.empty((0, len(RANKER.features)))).shape == (0,)
