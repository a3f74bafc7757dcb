"""Retrieval: only from what may be shown, bounded, and in every way that it promises."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ids import ArticleId
from ranking.candidates import _Retrieval, _top, select
from ranking.config import RankingOptions
from ranking.snapshot import Snapshot
from ranking.state import State
from tests import make
from tests.make import NOW
from tests.ranking.worlds import SALES, did, numbered, opened, person, snapshot

FEW = RankingOptions(max_size=7, fresh=2, similar=4, co_visited=3, relevant=2, popular=2, explore=1)


def chosen(world, allowed, options=FEW, state=None, seed=0, wanted=()):
    state = state or State()
    rng = np.random.default_rng(seed)
    return select(world, state, person(state, world), np.asarray(allowed), options, NOW, rng, wanted).tolist()


def only(**quota):
    none = {"fresh": 0, "similar": 0, "co_visited": 0, "relevant": 0, "popular": 0, "explore": 0}
    return RankingOptions(max_size=1, **(none | quota))


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=30, max_size=30), st.integers(0, 3))
def test_only_what_is_allowed_at_most_the_limit_each_once(allowed, seed):
    world = snapshot(*numbered(30))
    found = chosen(world, allowed, state=did(*opened("ann", "a3", "a4")), seed=seed)
    assert len(found) == len(set(found))
    least = min(sum(allowed), FEW.candidates - FEW.co_visited)  # little was read together with a3 and a4
    assert least <= len(found) <= min(sum(allowed), FEW.candidates)
    assert all(allowed[index] for index in found)


def test_somebody_new_gets_enough_for_the_longest_slate():
    assert len(chosen(snapshot(*numbered(30)), [True] * 30)) == FEW.max_size
    with pytest.raises(ValueError, match="longest slate"):
        only(similar=50)


def test_where_everything_fits_everything_is_scored():
    world = snapshot(*numbered(FEW.candidates))
    assert chosen(world, [True] * len(world)) == list(range(len(world)))
    assert chosen(snapshot(), np.zeros(0, dtype=np.bool_)) == []


def test_fresh_brings_the_newest():
    assert chosen(snapshot(*numbered(20)), [True] * 15 + [False] * 5, only(fresh=3)) == [12, 13, 14]


def test_relevant_brings_what_is_tagged_with_the_persons_own_function():
    tagged = {3: 0.9, 7: 0.8, 11: 0.1}
    articles = [
        make.live_article(number, tags={"function": {"sales": tagged.get(number, 0.0), "hr": 1.0}})
        for number in range(20)
    ]
    assert chosen(snapshot(*articles), [True] * 20, only(relevant=2)) == [3, 7]


def test_popular_brings_what_the_same_job_opened():
    state = did(*opened("bob", "a4", "a9"), *opened("cas", "a9"))
    assert chosen(snapshot(*numbered(20)), [True] * 20, only(popular=2), state) == [4, 9]


def test_similar_brings_the_nearest_allowed_to_what_was_chosen():
    world = snapshot(*numbered(20))
    allowed = np.arange(20) % 2 == 1
    likeness = np.where(allowed, world.matrix @ world.matrix[6], -2)
    likeness[19] = 2  # the newest, which comes first
    found = chosen(world, allowed, only(fresh=1, similar=6), did(*opened("ann", "a6")))
    assert found == sorted(np.argsort(likeness)[-7:].tolist())


def test_co_visited_brings_what_others_opened_beside_what_was_chosen():
    others = [*opened("bob", "a4", "a9"), *opened("cas", "a4", "a9", "a2"), *opened("dan", "a7", "a8")]
    state = did(*opened("ann", "a4"), *others)
    world, newest = snapshot(*numbered(20)), 19
    assert chosen(world, [True] * 20, only(fresh=1, co_visited=1), state) == [9, newest]
    assert chosen(world, [True] * 20, only(fresh=1, co_visited=5), state) == [2, 9, newest]
    assert chosen(world, np.arange(20) != 9, only(fresh=1, co_visited=1), state) == [2, newest]


def test_what_is_wanted_is_among_them_and_costs_the_others_no_place():
    world = snapshot(*numbered(30))
    assert chosen(world, [True] * 30, wanted=[0, 1]) == sorted({0, 1, *chosen(world, np.arange(30) > 1)})
    barely = FEW.candidates + 1
    assert 0 in chosen(snapshot(*numbered(barely)), [True] * barely, wanted=[0, 1, 2])


def test_explore_draws_evenly_and_the_same_again_with_the_same_seed():
    world = snapshot(*numbered(8))
    drawn = [chosen(world, [True] * 8, only(explore=2), seed=seed) for seed in range(400)]
    assert drawn[7] == chosen(world, [True] * 8, only(explore=2), seed=7)
    assert np.bincount(np.concatenate(drawn), minlength=8) == pytest.approx(np.full(8, 100), abs=35)


def test_a_narrow_audience_is_found_among_many():
    narrow = [make.live_article(number, audience=make.audience("sales")) for number in range(3)]
    old = timedelta(days=900)
    crowd = [make.live_article(number, audience=make.audience("hr")) for number in range(100)]
    world = snapshot(*(make.live_article(9, audience=make.audience("sales"), published_at=NOW - old), *narrow, *crowd))
    allowed = world.audiences["function"].admits(SALES["function"])
    assert chosen(world, allowed) == [0, 1, 2, 3]


@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, 2.0]), max_size=30), st.integers(0, 35))
def test_the_top_is_that_of_sorting_and_of_equal_ones_the_last(worth, k):
    pool = np.arange(100, 100 + len(worth))
    best = sorted(range(len(worth)), key=lambda place: (worth[place], place))[max(len(worth) - k, 0) :]
    assert sorted(_top(pool, np.array(worth), k).tolist()) == [100 + place for place in sorted(best)]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(0, 8))
def test_the_freshest_are_the_same_whether_articles_come_in_order_or_not(hours, fresh):
    def chosen(ages):
        live = [
            make.live_article(number, id=ArticleId(f"{number:03d}-{age}"), published_at=NOW - timedelta(hours=age))
            for number, age in enumerate(ages)
        ]
        world = Snapshot.build(live, ("function",))
        everything = np.ones(len(world), dtype=np.bool_)
        find = _Retrieval(world, State(), None, RankingOptions(fresh=fresh, max_size=1), NOW, None)
        return sorted(world.published[find.fresh(everything)].tolist())

    assert chosen(hours) == chosen(sorted(hours, reverse=True))
