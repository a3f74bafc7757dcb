"""Exposure, against going through every slate that a policy can make."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.exposure import exposure
from ranking.config import RankingOptions
from ranking.diversify import Policy, Pool
from ranking.snapshot import NONE
from tests import make

LOOKED_AT = np.array([1.0, 0.6, 0.5, 0.4])


def policy(seed, n=6, **given):
    """A pool in which every wish has something to say."""
    random = np.random.default_rng(seed)
    fixed = {name: given.pop(name, ()) for name in ("must_reads", "pins")}
    pool = Pool(
        scores=random.normal(size=n),
        vectors=np.array([make.unit(seed * 100 + row, 4) for row in range(n)]),
        story=random.integers(0, n, size=n),
        source=random.integers(NONE, 2, size=n),
        kind=random.integers(NONE, 2, size=n),
        own=random.random(n) < 0.4,
        sunk=random.random(n) < 0.2,
        topic=random.integers(NONE, 2, size=n),
        **fixed,
    )
    return Policy(pool, RankingOptions(**{"per_source": 1, "per_kind": 2, **given}))


def enumerated(tried, looked_at, picked=(), probability=1.0):
    """The same by brute force: every way to fill every place."""
    exposed = np.zeros(len(tried.pool))
    if len(picked) == len(looked_at):
        return exposed
    here = tried.place(picked)
    for row in here.choices.tolist():
        share = probability * here.propensity(row, tried.options.epsilon)
        if share:
            exposed[row] += share * looked_at[len(picked)]
            exposed += enumerated(tried, looked_at, (*picked, row), share)
    return exposed


@pytest.mark.parametrize("epsilon", [0.05, 0.5, 1.0])
def test_on_average_it_is_what_going_through_every_slate_gives(epsilon):
    tried, random = policy(1, epsilon=epsilon), np.random.default_rng(2)
    truth = enumerated(tried, LOOKED_AT)
    found = np.array([exposure(tried, LOOKED_AT, 2, random) for _ in range(300)])
    error = found.std(axis=0) / np.sqrt(len(found))
    assert np.abs(found.mean(axis=0) - truth).max() < 4 * error.max() + 1e-12
    assert np.abs(found.mean(axis=0) - truth).max() < 0.02


def test_without_exploring_it_is_exact():
    tried = policy(3, epsilon=0.0)
    found = exposure(tried, LOOKED_AT, 4, np.random.default_rng(1))
    assert found.tolist() == enumerated(tried, LOOKED_AT).tolist()
    assert sorted(found[found > 0].tolist()) == sorted(LOOKED_AT.tolist())


def test_with_little_exploring_a_few_draws_come_close():
    """At the usual 5 % the error is small against every exposure, also of what only chance can show."""
    for seed in range(5):
        tried = policy(seed, n=8)
        truth = enumerated(tried, LOOKED_AT)
        found = exposure(tried, LOOKED_AT, 4, np.random.default_rng(seed))
        assert found[truth > 0] == pytest.approx(truth[truth > 0], rel=0.35)


@given(st.integers(0, 1000), st.sampled_from([0.0, 0.05, 1.0]), st.integers(1, 4))
@settings(deadline=None)
def test_all_that_is_looked_at_is_handed_out(seed, epsilon, samples):
    found = exposure(policy(seed, epsilon=epsilon), LOOKED_AT, samples, np.random.default_rng(seed))
    assert found.sum() == pytest.approx(LOOKED_AT.sum())
    assert (found >= 0).all()


def test_a_place_that_nobody_looks_at_exposes_nothing():
    assert not exposure(policy(4), np.zeros(3), 2, np.random.default_rng(1)).any()


@given(st.integers(0, 50), st.sampled_from([0.0, 0.05, 0.5]))
@settings(deadline=None)
def test_what_is_pinned_has_the_exposure_of_its_place_under_every_policy(seed, epsilon):
    """So its weight is 1 whatever is tried, and estimates of two policies differ by what they choose alone."""
    for tried in (policy(seed, n=8, epsilon=epsilon, pins=(5,)), policy(seed, n=8, epsilon=0.0, pins=(5,))):
        found = exposure(tried, LOOKED_AT, 2, np.random.default_rng(seed))
        placed = [number for number in range(len(LOOKED_AT)) if found[5] == pytest.approx(LOOKED_AT[number])]
        assert placed in ([0], [1])  # the first place where only its own story is left
    must_read = policy(seed, n=8, epsilon=epsilon, must_reads=(5,))
    assert exposure(must_read, LOOKED_AT, 2, np.random.default_rng(seed))[5] == pytest.approx(LOOKED_AT[0])


def test_with_pins_it_is_still_what_going_through_every_slate_gives():
    tried, random = policy(1, epsilon=0.5, must_reads=(2,), pins=(4,)), np.random.default_rng(2)
    truth = enumerated(tried, LOOKED_AT)
    found = np.mean([exposure(tried, LOOKED_AT, 2, random) for _ in range(300)], axis=0)
    assert np.abs(found - truth).max() < 0.02
