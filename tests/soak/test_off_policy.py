"""A hundred worlds whose people are known: each kind of estimate holds the truth in at least 93 of them."""

from collections import Counter

import pytest

from evaluation.earnings import EarningOptions, judge
from evaluation.off_policy import ESTIMATORS
from tests.evaluation.tried import CHAMPION, RECENCY, Wavering, lived

pytestmark = pytest.mark.soak

WORLDS = 100
HELD = 93


def test_intervals_hold_the_truth():
    """Small logs of some 100 slates, and challengers that differ a lot: where intervals go wrong first.

    No world is left out, so nothing is refused.
    """
    lenient = EarningOptions(people=2, slates=1, out_of_reach=1.0)
    challengers = {"wavering": Wavering(1.0), "recency": RECENCY}
    held = Counter()
    for seed in range(2000, 2000 + WORLDS):
        world = lived(seed, people=16, articles=40, days=5)
        champion = world.truth(CHAMPION, seed, draws=4)
        truth = {name: world.truth(one, seed, draws=4) for name, one in challengers.items()}
        report = judge(world.log(*challengers.values()), ["champion", *challengers], lenient)
        for row in report.rows:
            if row.ahead:
                ahead = truth[row.ranker] - champion
                held[row.ranker, row.estimator, "earned"] += row.earned.low <= truth[row.ranker] <= row.earned.high
                held[row.ranker, row.estimator, "ahead"] += row.ahead.low <= ahead <= row.ahead.high
    print(f"of {WORLDS} worlds the truth was held in: {dict(held)}")
    assert len(held) == len(challengers) * len(ESTIMATORS) * 2
    assert min(held.values()) >= HELD
