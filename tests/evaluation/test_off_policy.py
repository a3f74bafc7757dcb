"""The estimators: as obp's on real data, right where the answer is known, and honest about how sure they are."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.off_policy import ESTIMATORS, Spread, Trial, doubly_robust, interval, ips, snips
from tests.conftest import missing

CONFIDENCE = 0.95


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    """The folder in which obp left its answers."""
    if find_spec("obp") is None:
        missing("no peer to compare with: install obp")
    folder = tmp_path_factory.mktemp("obp")
    program = Path(__file__).with_name("peer_obp.py")
    # it is some years old, and its libraries have something to say about that
    command = [sys.executable, "-W", "ignore", program, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def bandit(reward, weight, predicted=None, expected=None, cluster=None):
    """A trial of rounds with one place each, which is always looked at."""
    n = len(reward)
    zeros = np.zeros(n)
    return Trial(
        rounds=np.arange(n),
        reward=np.asarray(reward, dtype=np.float64),
        exposure=np.ones(n),
        weight=np.asarray(weight, dtype=np.float64),
        predicted=zeros if predicted is None else predicted,
        owed=np.ones(n),
        expected=zeros if expected is None else expected,
        cluster=np.arange(n) if cluster is None else cluster,
    )


@pytest.mark.parametrize("logged_by", ["bts", "random"])
def test_the_estimators_agree_with_obp_on_the_open_bandit_sample(peer, logged_by):
    asked = np.load(peer / f"{logged_by}.npz")
    here = np.arange(len(asked["reward"])), asked["action"]
    weight = asked["tried"][here] / asked["pscore"]
    expected = (asked["tried"] * asked["predicted"]).sum(axis=1)
    trial = bandit(asked["reward"], weight, asked["predicted"][here], expected)
    answers = dict(zip(asked["names"].tolist(), asked["answers"].tolist(), strict=True))
    assert len(asked["reward"]) == 10_000
    assert set(answers) == set(ESTIMATORS)
    assert weight.std() > 0.1  # two policies that differ, or there would be nothing to agree about
    assert len({round(value, 7) for value in answers.values()}) == 3
    for name, answer in answers.items():
        assert ESTIMATORS[name](trial).value == pytest.approx(answer, abs=1e-9)


def test_a_policy_tried_on_its_own_log_earned_what_it_earned():
    reward = [1.0, 0.0, 0.0, 1.0, 1.0]
    trial = bandit(reward, np.ones(5))
    for estimate in (ips(trial), snips(trial), doubly_robust(trial)):
        assert estimate.value == pytest.approx(0.6)
    assert trial.effective_rounds() == pytest.approx(5)


def test_one_heavy_weight_counts_as_one_round():
    assert bandit(np.ones(100), [1000.0, *[1e-3] * 99]).effective_rounds() == pytest.approx(1, abs=0.01)
    assert bandit(np.ones(4), np.zeros(4)).effective_rounds() == 0


def test_where_no_weight_is_left_the_self_normalised_answer_is_no_number():
    assert np.isnan(snips(bandit([1.0, 0.0], [0.0, 0.0])).value)


def test_a_right_model_needs_no_luck():
    """With the true rewards as predictions, doubly robust has no error at all, whatever was drawn."""
    random = np.random.default_rng(1)
    expected, predicted = random.random(50), random.random(50)
    trial = bandit(predicted, random.exponential(size=50), predicted, expected)
    assert doubly_robust(trial).value == pytest.approx(expected.mean())


@given(st.integers(0, 10_000))
def test_influences_are_the_change_that_a_round_makes(seed):
    """The influence of a round is the derivative of the estimate by its weight: tried by counting it a little more."""
    random = np.random.default_rng(seed)
    m = int(random.integers(3, 8))
    rounds = np.repeat(np.arange(m), 2)
    trial = Trial(
        rounds=rounds,
        reward=random.random(2 * m),
        exposure=random.random(2 * m) + 0.1,
        weight=random.exponential(size=2 * m) + 0.1,
        predicted=random.random(2 * m),
        owed=random.random(m) + 0.5,
        expected=random.random(m),
        cluster=np.arange(m),
    )
    times, which = 2000, int(random.integers(m))
    for estimator in ESTIMATORS.values():
        plain = estimator(trial)
        assert plain.influence.mean() == pytest.approx(0, abs=1e-9)
        more = estimator(_repeated(trial, times, which))
        moved = (more.value - plain.value) * (times * m + 1)
        assert moved == pytest.approx(plain.influence[which], abs=0.02 * (1 + abs(plain.influence[which])))


def _repeated(trial, times, which):
    """All rounds `times` over, and one of them once more."""
    order = np.append(np.tile(np.arange(len(trial.owed)), times), which)
    places = np.concatenate([2 * order, 2 * order + 1])
    return Trial(
        rounds=np.tile(np.arange(len(order)), 2),
        reward=trial.reward[places],
        exposure=trial.exposure[places],
        weight=trial.weight[places],
        predicted=trial.predicted[places],
        owed=trial.owed[order],
        expected=trial.expected[order],
        cluster=np.arange(len(order)),
    )


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_interval_holds_the_truth_as_often_as_it_says(name):
    """A bandit of two actions and people who differ: 400 logs of 25 people with some rounds each."""
    random = np.random.default_rng(3)
    held = np.mean([_holds(name, random) for _ in range(400)])
    assert 0.925 <= held <= 0.98


def _holds(name, random):
    people = 25
    rounds = random.integers(4, 20, size=people)
    person = np.repeat(np.arange(people), rounds)
    liking = 0.3 * random.random(people)[person]  # for the second action; the first is worth 0.2 to everybody
    second = random.random(len(person)) < 0.3
    reward = random.random(len(person)) < np.where(second, 0.2 + liking, 0.2)
    weight = np.where(second, 0.8 / 0.3, 0.2 / 0.7)
    guess = np.where(second, 0.3, 0.25)  # a model that is off
    expected = np.full(len(person), 0.8 * 0.3 + 0.2 * 0.25)
    trial = bandit(reward, weight, guess, expected, person)
    low, high = interval(ESTIMATORS[name](trial), trial.cluster, CONFIDENCE)
    return low <= 0.2 * 0.2 + 0.8 * (0.2 + 0.15) <= high


def test_rounds_of_one_person_are_not_so_many_witnesses():
    """Everything four times over, by the same people, makes nothing surer."""
    random = np.random.default_rng(4)
    reward, person = random.random(40), np.repeat(np.arange(10), 4)
    once = bandit(reward, np.ones(40), cluster=person)
    often = bandit(np.tile(reward, 4), np.ones(160), cluster=np.tile(person, 4))
    assert interval(ips(often), often.cluster, CONFIDENCE) == pytest.approx(
        interval(ips(once), once.cluster, CONFIDENCE)
    )


def test_one_person_proves_nothing():
    alone = bandit(np.ones(9), np.ones(9), cluster=np.zeros(9, dtype=np.intp))
    assert interval(ips(alone), alone.cluster, CONFIDENCE) == (float("-inf"), float("inf"))


def test_what_was_not_drawn_makes_an_interval_wider():
    trial = bandit([1.0, 0.0] * 10, np.ones(20))
    low, high = interval(ips(trial), trial.cluster, CONFIDENCE)
    lower, higher = interval(ips(trial), trial.cluster, CONFIDENCE, Spread(undrawn=0.01, clusters=20))
    assert lower < low < high < higher
    assert (higher - lower) ** 2 - (high - low) ** 2 == pytest.approx((2 * 2.093) ** 2 * 0.01, rel=1e-3)


def test_few_clusters_that_count_make_it_wider_as_well():
    trial = bandit([1.0, 0.0] * 10, np.ones(20))
    widths = [
        np.ptp(interval(ips(trial), trial.cluster, CONFIDENCE, Spread(0.0, clusters))) for clusters in (1, 2, 5, 20)
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(np.ptp(interval(ips(trial), trial.cluster, CONFIDENCE)))


def test_what_cannot_be_negative_has_no_negative_interval():
    trial = bandit([1.0, *np.zeros(9)], np.ones(10))
    assert interval(ips(trial), trial.cluster, CONFIDENCE)[0] < 0
    low, high = interval(ips(trial), trial.cluster, CONFIDENCE, positive=True)
    assert 0 < low < 0.1 < high
    assert high / 0.1 == pytest.approx(0.1 / low)


def test_a_difference_is_surer_than_its_parts():
    random = np.random.default_rng(5)
    reward, weight = random.random(200), random.uniform(0.8, 1.2, size=200)
    one, other = bandit(reward, np.ones(200)), bandit(reward, weight)
    low, high = interval(ips(other).minus(ips(one)), one.cluster, CONFIDENCE)
    alone = interval(ips(other), one.cluster, CONFIDENCE)
    assert high - low < (alone[1] - alone[0]) / 2


def test_arrays_that_do_not_fit_are_refused():
    trial = bandit(np.ones(3), np.ones(3))
    for column in ("reward", "weight", "owed", "cluster"):
        with pytest.raises(ValueError):
            replace(trial, **{column: getattr(trial, column)[:2]})
    for weight in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not negative"):
            bandit([1.0], [weight])
