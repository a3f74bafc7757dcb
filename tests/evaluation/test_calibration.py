"""Calibration: the curve keeps every figure, and the error is what it is called."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.calibration import Bin, expected_error, log_loss, reliability

FIGURES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def arrays(figures):
    return np.array([said for said, _ in figures], float), np.array([held for _, held in figures], bool)


def test_what_is_called_as_likely_as_it_is_has_no_error():
    said, held = np.repeat([0.25, 0.75], 4), np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)
    assert reliability(said, held, bins=2) == [Bin(0.25, 0.25, 4), Bin(0.75, 0.75, 4)]
    assert expected_error(reliability(said, held, bins=2)) == 0


def test_the_error_is_how_far_said_and_held_are_apart():
    curve = [Bin(0.1, 0.3, 30), Bin(0.8, 0.5, 10)]
    assert expected_error(curve) == pytest.approx((30 * 0.2 + 10 * 0.3) / 40)


def test_nothing_has_no_figure():
    none = np.array([])
    assert reliability(none, none.astype(bool)) == []
    assert np.isnan(expected_error([]))
    assert np.isnan(log_loss(none, none.astype(bool)))


@given(FIGURES, st.integers(1, 20))
def test_every_figure_is_in_one_bin_and_bins_rise(figures, bins):
    said, held = arrays(figures)
    curve = reliability(said, held, bins)
    assert sum(part.count for part in curve) == len(figures)
    assert max(part.count for part in curve) - min(part.count for part in curve) <= 1
    assert [part.said for part in curve] == pytest.approx(sorted(part.said for part in curve))
    assert sum(part.held * part.count for part in curve) == pytest.approx(held.sum())


@given(FIGURES)
def test_the_error_is_within_0_and_1_and_no_less_than_that_of_one_bin(figures):
    said, held = arrays(figures)
    error = expected_error(reliability(said, held))
    assert abs(said.mean() - held.mean()) - 1e-9 <= error <= 1 + 1e-9


def test_log_loss_punishes_what_was_sure_and_wrong():
    said = np.array([0.9, 0.1])
    assert log_loss(said, np.array([True, False])) == pytest.approx(-np.log(0.9))
    assert log_loss(said, np.array([False, True])) == pytest.approx(-np.log(0.1))
    assert np.isfinite(log_loss(np.array([0.0]), np.array([True])))


@pytest.mark.parametrize("said", [np.array([1.5]), np.array([-0.1]), np.array([np.nan]), np.array([0.1, 0.2])])
def test_what_is_no_probability_is_refused(said):
    with pytest.raises(ValueError, match="probability|compared"):
        reliability(said, np.array([True]))
