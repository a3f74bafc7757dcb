"""The order of the queue: what is worth a look most comes first, and nothing waits for good."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.records import State
from curation.priority import PriorityOptions, Waiting, priority
from tests.make import NOW

DAY = timedelta(days=1)
OPTIONS = PriorityOptions()
PLAIN = Waiting(
    state=State.IN_REVIEW,
    since=NOW - DAY,
    published_at=NOW - DAY,
    expires_at=None,
    sure=0.9,
    engagement=None,
    told=1,
)


def of(waiting: Waiting) -> float:
    return priority(waiting, NOW, OPTIONS)


@pytest.mark.parametrize(
    "sooner",
    [
        {"published_at": NOW},
        {"since": NOW - 2 * DAY},
        {"expires_at": NOW + DAY / 2},
        {"state": State.LEGAL_REVIEW},
        {"engagement": 0.9},
        {"sure": 0.5},
        {"told": 3},
    ],
)
def test_what_is_worth_more_comes_sooner(sooner):
    assert of(replace(PLAIN, **sooner)) > of(PLAIN)


def test_an_end_far_away_does_not_press():
    assert of(replace(PLAIN, expires_at=NOW + 30 * DAY)) == of(PLAIN)


def test_a_story_that_very_many_tell_counts_no_more_than_one_that_many_tell():
    assert of(replace(PLAIN, told=50)) == of(replace(PLAIN, told=5))


waits = st.builds(
    Waiting,
    state=st.sampled_from([State.IN_REVIEW, State.LEGAL_REVIEW]),
    since=st.timedeltas(-10 * DAY, timedelta()).map(lambda ago: NOW + ago),
    published_at=st.timedeltas(-400 * DAY, DAY).map(lambda ago: NOW + ago),
    expires_at=st.none() | st.timedeltas(-DAY, 10 * DAY).map(lambda left: NOW + left),
    sure=st.floats(0, 1),
    engagement=st.none() | st.floats(0, 1),
    told=st.integers(1, 100),
)


@given(waits, waits)
def test_nothing_starves(one, other):
    """Whatever else comes in, what waits goes before all that came in later by `patience`."""
    assert -1e-9 <= of(one) - max(NOW - one.since, timedelta()) / OPTIONS.patience <= 1 + 1e-9
    if one.since + OPTIONS.patience < other.since:
        assert of(one) > of(other) - 1e-9
