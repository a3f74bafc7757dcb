"""The gate: a better challenger passes, a worse one does not, and one that nobody can tell yet has to wait."""

import math

import pytest

from evaluation.gate import GateOptions, compare
from ranking.features import NAMES
from tests.graded import SIGNAL, ByFeature, graded

GOOD, BAD, NOISE = ByFeature(SIGNAL), ByFeature(SIGNAL, -1.0), ByFeature(NAMES[0])
OPTIONS = GateOptions()


def test_a_better_challenger_passes() -> None:
    verdict = compare(graded(100), NOISE, GOOD, OPTIONS)
    assert verdict.passed
    assert verdict.difference > 0.1
    assert verdict.interval[0] < verdict.difference < verdict.interval[1]
    assert "\n" not in verdict.reason
    assert NOISE.name in verdict.reason


def test_a_worse_one_is_refused() -> None:
    verdict = compare(graded(100), GOOD, NOISE, OPTIONS)
    assert not verdict.passed
    assert verdict.reason.startswith("refused, it is worse: nDCG@10 0.")


def test_the_champion_itself_passes() -> None:
    verdict = compare(graded(100), GOOD, GOOD, OPTIONS)
    assert verdict.passed
    assert verdict.interval == (0.0, 0.0)


def test_one_that_cannot_be_told_yet_is_refused() -> None:
    """Two kinds of noise: the difference is positive by luck, and the interval says so."""
    dataset = graded(45, seed=11)
    one, other = ByFeature(NAMES[0]), ByFeature(NAMES[2])
    lucky = compare(dataset, one, other, OPTIONS)
    if lucky.difference < 0:
        lucky = compare(dataset, other, one, OPTIONS)
    assert lucky.difference > 0
    assert not lucky.passed
    assert "may be worse by more than 0.02" in lucky.reason
    assert compare(dataset, one, other, OPTIONS) == compare(dataset, one, other, OPTIONS)


def test_a_handful_of_slates_decides_nothing() -> None:
    verdict = compare(graded(39), NOISE, GOOD, OPTIONS)
    assert not verdict.passed
    assert "39 slates with different grades, of 40 needed" in verdict.reason
    assert math.isnan(verdict.difference)


@pytest.mark.parametrize(("tolerance", "passes"), [(0.0, False), (1.0, True)])
def test_the_tolerance_is_on_what_may_be_lost(tolerance: float, passes: bool) -> None:
    noisy = ByFeature(NAMES[0]), ByFeature(NAMES[2])
    better = max(
        (compare(graded(60, seed=3), *pair, GateOptions(tolerance=tolerance)) for pair in (noisy, noisy[::-1])),
        key=lambda verdict: verdict.difference,
    )
    assert better.passed is passes


def test_slates_whose_articles_all_got_the_same_decide_nothing() -> None:
    dataset = graded(80)
    dataset.labels[: 60 * 8] = 4  # nDCG is 1 whatever the order
    assert "hold 20 slates with different grades" in compare(dataset, GOOD, NOISE, OPTIONS).reason
