"""The fit is the most probable one, and the prior is the one that predicts unseen stories best."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.offset_logistic import Problem, Regression, choose, sample


def problem(n: int = 200, *, targets: int = 3, offset: float = 0.0, slope: float = 3.0, seed: int = 0) -> Problem:
    random = np.random.default_rng(seed)
    rows = (random.normal(size=(n, 5)) * [3, 1, 1, 0.3, 0.1] + 1).astype(np.float32)
    odds = (rows - 1) @ random.normal(size=(5, targets)) * slope
    truth = (random.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(np.float32)
    stories = tuple(f"story {place // 2}" for place in range(n))
    return Problem(rows, np.full(odds.shape, offset, np.float32), truth, np.ones(odds.shape, np.float32), stories)


def test_without_offset_it_is_a_plain_logistic_regression():
    known = problem(targets=1)
    term = Regression(known).fit(0.5)
    plain = LogisticRegression(C=2.0).fit(known.vectors, known.targets[:, 0])
    assert term.weights[:, 0] == pytest.approx(plain.coef_[0], rel=0.05)  # its constant has no prior


def test_targets_do_not_know_of_one_another():
    known = problem()
    first = (part[:, :1] for part in (known.offsets, known.targets, known.weights))
    alone = Problem(known.vectors, *first, known.stories)
    assert Regression(alone).fit(0.1).weights[:, 0] == pytest.approx(Regression(known).fit(0.1).weights[:, 0], abs=0.05)


def test_a_fit_does_not_depend_on_where_it_started():
    known = problem()
    warm = Regression(known)
    warm.fit(10.0)
    assert warm.fit(0.1).weights == pytest.approx(Regression(known).fit(0.1).weights, abs=0.05)


def test_a_strong_prior_keeps_to_the_offset():
    term = Regression(problem()).fit(1e6)
    assert abs(term.weights).max() < 1e-3


def test_what_is_unknown_does_not_count():
    known = problem()
    known.weights[:, 1] = 0
    known.weights[::2, 0] = 0
    known.targets[known.weights == 0] = 1 - known.targets[known.weights == 0]
    term = Regression(known).fit(0.1)
    known.targets[known.weights == 0] = 1 - known.targets[known.weights == 0]
    assert (Regression(known).fit(0.1).weights == term.weights).all()
    assert (term.weights[:, 1] == 0).all()


def test_where_there_is_something_to_learn_a_weak_prior_wins():
    assert choose(problem(), (1000.0, 0.1)) == 0.1


def test_where_the_odds_are_right_already_nothing_is_added():
    random = np.random.default_rng(1)
    known = problem(seed=1)
    odds = random.normal(size=known.offsets.shape).astype(np.float32) * 3
    truth = (random.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(np.float32)
    assert choose(Problem(known.vectors, odds, truth, known.weights, known.stories), (0.01, 0.001)) is None


def test_one_story_cannot_choose():
    known = problem(20)
    assert choose(Problem(known.vectors, known.offsets, known.targets, known.weights, ("a",) * 20), (1.0,)) is None


def test_a_sample_is_of_whole_stories_and_always_the_same():
    known = problem(1000)
    some = sample(known, 300)
    assert 200 < len(some.stories) < 400
    assert all(some.stories.count(story) == 2 for story in some.stories)
    assert some.stories == sample(known, 300).stories
    assert len(sample(known, 1000).stories) == 1000
