"""Splits by time: every slate whole, no part that knows of the next, each boundary where it should be."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import Invalid
from ranking.dataset import Dataset
from ranking.splits import Split, SplitOptions, by_time
from tests.graded import START, graded

DAY = timedelta(days=1)


def days(part: Dataset) -> list[float]:
    return [(offer.at - START) / DAY for offer in part.offers]


def test_the_newest_days_are_held_out_and_horizons_stay_within_their_part() -> None:
    # a slate every half day, the newest at day 12: cuts at day 7 and day 10, horizons of a day
    split = by_time(graded(25, every=DAY / 2), SplitOptions(validation=3 * DAY, test=2 * DAY))
    assert days(split.test) == [10, 10.5, 11, 11.5, 12]
    assert days(split.validation) == [7, 7.5, 8, 8.5, 9]
    assert days(split.train) == [day / 2 for day in range(13)]


@given(st.integers(1, 60), st.integers(1, 48), st.integers(1, 72), st.integers(1, 9), st.integers(1, 9))
def test_no_part_knows_of_the_next(slates, every, horizon, validation, test) -> None:
    hours = timedelta(hours=1)
    dataset = graded(slates, size=2, every=every * hours, horizon=horizon * hours)
    split = by_time(dataset, SplitOptions(validation * DAY, test * DAY))
    parts = (split.train, split.validation, split.test)
    newest = dataset.offers[-1].at
    assert all(offer.at >= newest - test * DAY for offer in split.test.offers)
    assert all(offer.at + dataset.horizon <= newest - test * DAY for offer in split.validation.offers)
    assert all(offer.at + dataset.horizon <= newest - (test + validation) * DAY for offer in split.train.offers)
    seen = [offer for part in parts for offer in part.offers]
    assert len(set(seen)) == len(seen)
    assert split.test.offers
    for offer in set(dataset.offers) - set(seen):  # what is left out reaches over a cut
        cuts = (newest - test * DAY, newest - (test + validation) * DAY)
        assert any(offer.at < cut < offer.at + dataset.horizon for cut in cuts)


def test_slates_stay_whole() -> None:
    dataset = graded(25, every=DAY / 2)
    split = by_time(dataset, SplitOptions(3 * DAY, 2 * DAY))
    assert split.test.groups.tolist() == [8] * 5
    np.testing.assert_array_equal(split.test.rows, dataset.rows[-40:])
    np.testing.assert_array_equal(split.train.labels, dataset.labels[: 13 * 8])


def test_parts_that_overlap_cannot_be_made() -> None:
    dataset = graded(10, every=DAY)
    early, late = (dataset.take(np.arange(10) < 5), dataset.take(np.arange(10) >= 5))
    Split(early, late, late.take(np.zeros(5, dtype=bool)))
    with pytest.raises(ValueError, match="reach into"):
        Split(late, early, early.take(np.zeros(5, dtype=bool)))
    with pytest.raises(ValueError, match="reach into"):
        Split(early.take(np.zeros(5, dtype=bool)), dataset.take(np.arange(10) < 6), late)


def test_nothing_to_split() -> None:
    with pytest.raises(Invalid, match="heuristic ranks"):
        by_time(graded(3).take(np.zeros(3, dtype=bool)), SplitOptions())
    with pytest.raises(ValueError, match="some time"):
        SplitOptions(test=timedelta(0))
