"""Intervals over people: they hold the truth as often as they say, and know what they do not know."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from evaluation.bootstrap import BootstrapOptions, centred_interval, interval, mean_intervals

OPTIONS = BootstrapOptions()


def test_with_one_slate_each_it_agrees_with_scipy() -> None:
    values = np.random.default_rng(1).normal(size=(80, 1))
    (ours,) = mean_intervals(values, np.arange(80), BootstrapOptions(resamples=5000))
    theirs = bootstrap((values[:, 0],), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(2))
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.02)


def test_of_few_people_it_reaches_further_than_the_percentiles() -> None:
    drawn = np.random.default_rng(5).normal(size=2000)
    few, many = (interval(0.0, drawn, people, OPTIONS) for people in (12, 10_000))
    assert (many.low, many.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.01)
    assert few.low < many.low < many.high < few.high


def test_slates_of_one_person_are_not_so_many_witnesses() -> None:
    people = np.random.default_rng(3).normal(size=30)
    (once,) = mean_intervals(people[:, np.newaxis], np.arange(30), OPTIONS)
    (often,) = mean_intervals(np.repeat(people, 20)[:, np.newaxis], np.repeat(np.arange(30), 20), OPTIONS)
    assert (often.value, often.low, often.high) == pytest.approx((once.value, once.low, once.high))


def test_it_holds_the_truth_about_as_often_as_it_says() -> None:
    """People differ, and have one to five slates each; A few dozen people is still few: 93 in a hundred."""
    held = 0
    for seed in range(200):
        options = BootstrapOptions(resamples=200, seed=seed)
        random = np.random.default_rng(seed)
        person = np.repeat(np.arange(20), random.integers(1, 6, size=20))
        values = random.normal(size=20)[person] + random.normal(size=len(person))
        (found,) = mean_intervals(values[:, np.newaxis], person, options)
        held += found.low <= 0 <= found.high
    assert 0.9 <= held / 200 <= 0.98


def test_what_is_missing_counts_in_no_mean_and_backs_no_interval() -> None:
    values = np.full((20, 2), 1.0)
    values[9:, 1] = np.nan
    full, partly = mean_intervals(values, np.arange(20), OPTIONS)
    assert (full.value, full.is_told) == (1.0, True)
    assert (partly.value, partly.is_told) == (1.0, False)  # nine people have it
    (none,) = mean_intervals(np.empty((0, 1)), np.empty(0, dtype=np.intp), OPTIONS)
    assert np.isnan(none.value)
    assert not interval(1.0, np.array([np.nan]), 20, OPTIONS).is_told


def test_the_shift_of_a_resample_is_taken_off() -> None:
    drawn = np.random.default_rng(4).normal(0.6, 0.01, size=500)  # each covers less than the 0.8 there is
    found = centred_interval(0.8, drawn, 500, OPTIONS)
    assert found.low < 0.8 < found.high
    assert found.high - found.low == pytest.approx(0.04, abs=0.005)
