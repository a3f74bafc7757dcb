"""Slates: every promise about what stands in them, and that the logged propensities are true."""

from collections import Counter, defaultdict
from dataclasses import replace
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking.config import RankingOptions
from ranking.diversify import Policy, Pool, compose
from ranking.snapshot import NONE
from tests import make

GREEDY = RankingOptions(epsilon=0.0, mmr_weight=0.0, own_share=0.5)


@st.composite
def pools(draw, largest=14, pinned=False):
    n = draw(st.integers(0, largest))

    def column(values):
        return np.array(draw(st.lists(values, min_size=n, max_size=n)))

    plain = Pool(
        scores=column(st.floats(-5, 5)).astype(np.float64),
        vectors=np.array([make.unit(seed, 4) for seed in range(n)], dtype=np.float32).reshape(n, 4),
        story=column(st.integers(0, 8)).astype(np.intp),
        source=column(st.integers(NONE, 3)).astype(np.intp),
        kind=column(st.integers(NONE, 2)).astype(np.intp),
        own=column(st.booleans()).astype(np.bool_),
        sunk=column(st.booleans()).astype(np.bool_),
        topic=column(st.integers(NONE, 2)).astype(np.intp),
        kind_mix=draw(st.dictionaries(st.integers(0, 2), st.sampled_from([0.0, 0.1, 0.33]))),
    )
    if not pinned or not n:
        return plain
    rows_ = draw(st.lists(st.integers(0, n - 1), unique_by=lambda row: plain.story[row], max_size=4))
    cut = draw(st.integers(0, len(rows_)))
    return replace(plain, must_reads=tuple(rows_[:cut]), pins=tuple(rows_[cut:]))


options_ = st.builds(
    RankingOptions,
    epsilon=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    mmr_weight=st.sampled_from([0.0, 0.3, 1.0]),
    per_source=st.integers(1, 4),
    per_kind=st.integers(1, 4),
    own_share=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
)
sizes = st.integers(1, 12)
seeds = st.integers(0, 1000)


def pool(n, **given):
    """`n` candidates of falling score that no wish tells apart."""
    plain = {
        "scores": np.arange(n, 0, -1, dtype=np.float64),
        "vectors": np.array([make.unit(seed) for seed in range(n)]),
        "story": np.arange(n),
        "source": np.full(n, NONE),
        "kind": np.full(n, NONE),
        "own": np.ones(n, dtype=np.bool_),
        "sunk": np.zeros(n, dtype=np.bool_),
        "topic": np.full(n, NONE),
    }
    arrays = {name: np.array(values) if name in plain else values for name, values in given.items()}
    return Pool(**(plain | arrays))


def rows(candidates, options=GREEDY, size=10, seed=0):
    return [pick.row for pick in compose(candidates, options, size, np.random.default_rng(seed))]


@settings(deadline=None)
@given(pools(pinned=True), options_, sizes, seeds)
def test_a_slate_is_as_long_as_there_is_supply_and_repeats_nothing(candidates, options, size, seed):
    slate = rows(candidates, options, size, seed)
    assert len(slate) == len(set(slate)) == min(size, len(candidates))


@settings(deadline=None)
@given(pools(), options_, sizes, seeds)
def test_a_wish_yields_only_where_nothing_is_left_that_fulfils_it(candidates, options, size, seed):
    slate = rows(candidates, options, size, seed)
    for place, row in enumerate(slate):
        before = slate[:place]
        left = [other for other in range(len(candidates)) if other not in before]
        told = set(candidates.story[before])
        if candidates.story[row] in told:
            assert all(candidates.story[other] in told for other in left)
        untold = [other for other in left if candidates.story[other] not in told] or left
        if candidates.sunk[row]:
            assert all(candidates.sunk[other] for other in untold)
        unseen = [other for other in untold if not candidates.sunk[other]] or untold
        used = Counter(candidates.source[before].tolist())
        if candidates.source[row] != NONE and used[candidates.source[row]] >= options.per_source:
            assert all(used[s] >= options.per_source and s != NONE for s in candidates.source[unseen].tolist())


@settings(deadline=None)
@given(pools(pinned=True), options_, sizes, seeds)
def test_propensities_are_those_of_the_policy(candidates, options, size, seed):
    picks = compose(candidates, options, size, np.random.default_rng(seed))
    for place, pick in enumerate(picks):
        choices = Policy(candidates, options).place([earlier.row for earlier in picks[:place]]).choices
        assert pick.row in choices
        by_chance = options.epsilon / len(choices)
        wanted = by_chance if pick.explored else 1 - options.epsilon + by_chance
        assert pick.propensity == pytest.approx(wanted)
        assert 0 < pick.propensity <= 1


@settings(deadline=None, max_examples=25)
@given(pools(largest=4, pinned=True), st.sampled_from([0.3, 1.0]))
def test_for_a_tiny_pool_the_outcomes_of_each_place_sum_to_one(candidates, epsilon):
    options = RankingOptions(epsilon=epsilon)
    outcomes = defaultdict(dict)
    for seed in range(400):
        before = ()
        for pick in compose(candidates, options, 2, np.random.default_rng(seed)):
            outcomes[before][pick.row] = pick.propensity
            before = (*before, pick.row)
    assert [sum(each.values()) for each in outcomes.values()] == pytest.approx([1.0] * len(outcomes))


def test_places_are_filled_as_often_as_their_propensity_says():
    options = replace(GREEDY, epsilon=0.4)
    first = Counter(rows(pool(4), options, 1, seed)[0] for seed in range(4000))
    assert first[0] / 4000 == pytest.approx(0.6 + 0.4 / 4, abs=0.03)
    assert first[3] / 4000 == pytest.approx(0.4 / 4, abs=0.03)


@settings(deadline=None)
@given(pools(pinned=True), options_, seeds)
def test_a_shorter_slate_is_the_beginning_of_a_longer_one(candidates, options, seed):
    assert rows(candidates, options, 3, seed) == rows(candidates, options, 12, seed)[:3]


def test_without_exploration_the_best_come_first_and_are_certain():
    picks = compose(pool(4), GREEDY, 4, np.random.default_rng(0))
    assert [(pick.row, pick.propensity, pick.explored) for pick in picks] == [(row, 1.0, False) for row in range(4)]


def test_what_resembles_the_slate_waits_for_something_else():
    twin, other = make.unit(1), make.unit(2)
    candidates = pool(3, vectors=[twin, twin, other], scores=[3.0, 2.9, 2.5])
    assert rows(candidates) == [0, 1, 2]
    assert rows(candidates, replace(GREEDY, mmr_weight=0.5)) == [0, 2, 1]


def test_one_article_per_story_until_there_is_no_other_story():
    assert rows(pool(4, story=[7, 7, 8, 8])) == [0, 2, 1, 3]


def test_seen_articles_sink_and_still_fill_a_slate():
    assert rows(pool(4, sunk=[True, False, True, False])) == [1, 3, 0, 2]


@pytest.mark.parametrize("axis", ["source", "topic", "kind"])
def test_caps_hold_until_only_the_capped_are_left(axis):
    options = replace(GREEDY, per_source=2, per_topic=2, per_kind=2)
    candidates = pool(6, **{axis: [5, 5, 5, 5, 6, NONE]})
    assert rows(candidates, options) == [0, 1, 4, 5, 2, 3]


def test_what_has_no_source_is_under_no_cap():
    assert rows(pool(5), replace(GREEDY, per_source=1)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 1.0])
def test_own_content_has_its_share_of_every_beginning(share):
    candidates = pool(40, own=[True] * 20 + [False] * 20)
    slate = rows(candidates, replace(GREEDY, own_share=share))
    for places in range(1, 11):
        own = int(candidates.own[slate[:places]].sum())
        assert own <= ceil(share * places)
        assert places - own <= ceil((1 - share) * places)


def test_equal_scores_are_no_obstacle():
    assert rows(pool(3, scores=[1.0, 1.0, 1.0])) == [0, 1, 2]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5])
def test_a_kind_has_its_share_of_every_beginning(share):
    candidates = pool(60, kind=[0] * 20 + [1] * 20 + [NONE] * 20, kind_mix={1: share})
    slate = rows(candidates, replace(GREEDY, per_kind=50), size=20)
    for places in range(1, 21):
        assert floor(share * places + 1e-9) <= int((candidates.kind[slate[:places]] == 1).sum()) <= ceil(share * places)


def test_a_mix_yields_before_a_slate_runs_short():
    assert len(rows(pool(4, kind=[1, 1, 1, 1], kind_mix={1: 0.0, 0: 0.5}))) == 4


def test_must_reads_come_first_and_pins_take_every_second_place_below():
    candidates = pool(9, must_reads=(8,), pins=(7, 6))
    assert rows(candidates) == [8, 0, 7, 1, 6, 2, 3, 4, 5]
    assert rows(pool(9, pins=(7, 6))) == [0, 7, 1, 6, 2, 3, 4, 5, 8]


@settings(deadline=None)
@given(pools(pinned=True), options_, seeds)
def test_what_is_pinned_stands_where_it_must_with_propensity_one_whatever_the_scores(candidates, options, seed):
    picks = compose(candidates, options, len(candidates), np.random.default_rng(seed))
    place = {pick.row: number for number, pick in enumerate(picks, start=1)}
    for number, row in enumerate(candidates.must_reads, start=1):
        assert place[row] == number
    for number, row in enumerate(candidates.pins, start=1):
        assert place[row] <= len(candidates.must_reads) + 2 * number
    fixed = {*candidates.must_reads, *candidates.pins}
    assert all(pick.propensity == 1.0 and not pick.explored for pick in picks if pick.row in fixed)
    random = np.random.default_rng(seed)
    others = compose(replace(candidates, scores=random.permutation(candidates.scores)), options, 50, random)
    assert {pick.row: number for number, pick in enumerate(others, start=1) if pick.row in fixed} == {
        row: place[row] for row in fixed
    }


def test_nothing_else_of_a_pinned_story_is_shown_while_there_is_another():
    assert rows(pool(5, story=[7, 8, 9, 7, 6], pins=(3,))) == [1, 3, 2, 4, 0]
    assert rows(pool(3, story=[7, 7, 7], pins=(2,))) == [2, 0, 1]
