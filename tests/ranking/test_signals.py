"""Pace, company, bringer, visit and habits: each says what it is declared to say, from the past only."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.records import EventType
from ranking.features import FEATURES, GROUPS, INDEX, build
from ranking.histories import PAUSE, VISITS_KEPT
from ranking.state import State
from tests import make
from tests.make import NOW
from tests.ranking.worlds import SALES, numbered, person, snapshot

MINUTE = timedelta(minutes=1)


def log(*happened, start=1):
    """Each (minutes before now, person, article), opened."""
    return [
        make.event(
            make.slate(who, [article]),
            type=EventType.OPEN,
            at=NOW - ago * MINUTE,
            received_at=NOW - ago * MINUTE,
            axes=SALES,
            seq=seq,
        )
        for seq, (ago, who, article) in enumerate(happened, start=start)
    ]


def column(name, *happened, count=3, who="ann"):
    state, world = State.replay(log(*happened)), snapshot(*numbered(count))
    rows = build(state, world, person(state, world, who), np.arange(count), NOW)
    return rows[:, INDEX[name]]


def test_every_feature_is_in_a_group_that_an_ablation_can_leave_out():
    assert {feature.group for feature in FEATURES} == set(GROUPS)


def test_pace_is_what_goes_on_just_now():
    happened = [(180, "bob", "a0"), (60, "bob", "a1"), (10, "cas", "a1")]
    assert column("opens_3h", *happened)[0] == pytest.approx(0.5)
    assert column("opens_1h", *happened)[1] == pytest.approx(0.5 + 2 ** (-1 / 6))
    assert column("opens_10m", *happened)[1] == pytest.approx(2**-6 + 0.5)
    since = column("since_last_open", *happened)
    assert since[:2] == pytest.approx([math.log1p(3), math.log1p(1 / 6)])
    assert since[2] == pytest.approx(math.log1p(365 * 24))
    assert column("opens_1h_in_list", *happened).tolist() == [0.5, 0.0, 1.0]
    assert column("opens_1h_share", *happened).sum() < 1.0


def test_who_reads_the_same_speaks_for_what_they_open():
    happened = [(500, "bob", "a0"), (400, "ann", "a0"), (300, "bob", "a1"), (200, "cas", "a2")]
    for name in ("like_minded", "like_minded_mean", "like_minded_most", "like_minded_1d", "like_minded_3h"):
        told = column(name, *happened)
        assert told[1] > told[2] == 0.0
    for name in ("followed", "followed_most", "followed_1d"):
        assert column(name, *happened)[1] > 0.0
        assert column(name, *happened, who="bob").tolist() == [0.0] * 3


def test_who_brought_it_and_what_this_person_made_of_that():
    happened = [(500, "bob", "a0"), (400, "ann", "a0"), (300, "bob", "a1"), (200, "cas", "a2")]
    assert column("bringer_chosen", *happened).tolist() == [1.0, 1.0, 0.0]
    assert column("bringer_chosen_share", *happened) == pytest.approx([0.25, 0.25, 0.0])
    assert column("bringer_brought", *happened).tolist() == [2.0, 2.0, 1.0]
    assert column("bringer_reach", *happened) == pytest.approx([1 / 3, 1 / 3, 0.0])
    assert column("bringer_like", *happened)[1] > 0.0


def test_a_visit_ends_with_a_pause_and_what_came_after_is_new():
    """a0, a1 and a2 were published 3, 2 and 1 minutes ago."""
    back = [(300, "ann", "old"), (2, "ann", "a0")]
    assert column("visits_since", *back).tolist() == [1.0, 0.0, 0.0]
    assert column("new_to_visit", *back).tolist() == [1.0] * 3
    assert column("visit_opens", *back).tolist() == [1.0] * 3
    assert column("places_from_last", *back).tolist() == [0.0, 1.0, 2.0]
    assert column("places_from_here", *back).tolist() == [0.0, 1.0, 2.0]
    assert column("opened_since", *back).tolist() == [1.0, 0.0, 0.0]
    gone = [(PAUSE / 60, "ann", "a0")]
    assert column("visit_opens", *gone).tolist() == [0.0] * 3
    assert column("places_from_here", *gone).tolist() == [3.0] * 3


def test_what_is_read_with_what_was_just_opened():
    happened = [(500, "bob", "a0"), (499, "bob", "a1"), (400, "cas", "a2"), (5, "ann", "a0")]
    for name in ("here_together", "here_alike"):
        told = column(name, *happened)
        assert told[1] > told[2] == 0.0
    assert column("here_together", *happened[:3], (PAUSE, "ann", "a0")).tolist() == [0.0] * 3


def test_age_is_told_against_the_newest_the_usual_and_what_was_opened_since():
    ages = column("log_age", (2, "ann", "a0"))
    assert column("age_to_newest", (2, "ann", "a0")) == pytest.approx(ages - ages[2])
    assert column("age_to_usual", (2, "ann", "a0")) == pytest.approx(ages - math.log1p(1 / 60))
    assert column("newer", (2, "ann", "a0")).tolist() == [2.0, 1.0, 0.0]
    assert column("opens_since", (2, "ann", "a0"), (1, "bob", "a1")) == pytest.approx([math.log(3), math.log(2), 0.0])


def test_few_visits_are_remembered():
    state = State.replay(log(*[(10_000 - 60 * number, "ann", "a0") for number in range(VISITS_KEPT + 5)]))
    visits = state.history("ann").visits
    assert len(visits) == VISITS_KEPT
    assert visits[-1] == (NOW - (10_000 - 60 * (VISITS_KEPT + 4)) * MINUTE).timestamp()


happened = st.lists(
    st.tuples(st.integers(0, 5_000), st.sampled_from(["ann", "bob", "cas"]), st.integers(0, 5).map("a{}".format)),
    max_size=14,
)


@settings(deadline=None)
@given(happened, happened, st.randoms(use_true_random=False))
def test_shuffling_what_comes_after_changes_no_feature(past, future, dice):
    """The rows at a moment are the same whatever the log goes on with, and after it was read by others."""
    world = snapshot(*numbered(6))
    told = set()
    for story in (future, dice.sample(future, len(future)), []):
        state, rows = State(), None
        for event in log(*past, *story):
            if event.seq == len(past) + 1:
                rows = build(state, world, person(state, world), np.arange(6), NOW)
            state.advance(event)
        if rows is None:
            rows = build(state, world, person(state, world), np.arange(6), NOW)
        told.add(rows.tobytes())
    assert len(told) == 1
