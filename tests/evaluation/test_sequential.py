"""However often one looks: intervals that hold, an alarm that is not false; and why the usual ones will not do."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from evaluation.experiment import ReportOptions
from evaluation.sequential import confidence_sequence, differences, sample_ratio_p

LOOKS = range(60, 401, 10)
SHARES = (0.5, 0.5)
RUNS = 300


def visits(random, effect=0.0, people=400, shares=SHARES):
    """People and their opens in a week: many have none, a few very many."""
    arm = (random.random(people) < shares[1]).astype(np.intp)
    keen = random.gamma(0.5, 4.0, size=people) + effect * arm
    return random.poisson(keen).astype(np.float64), arm


def looks(outcome, arm, shares=SHARES):
    """The intervals at all looks at which the report would tell them."""
    guesses = differences(outcome, arm, 0, 1, shares)
    enough = [n for n in LOOKS if np.bincount(arm[:n], minlength=2).min() >= ReportOptions().people]
    return [confidence_sequence(guesses[:n], 0.95, 200) for n in enough]


@pytest.mark.parametrize(("effect", "share"), [(0.0, 0.5), (0.0, 0.2), (1.0, 0.5)])
def test_the_truth_is_held_at_all_looks_at_once(effect, share):
    random, shares = np.random.default_rng(1), (1 - share, share)
    wrong = 0
    for _ in range(RUNS):
        found = looks(*visits(random, effect, shares=shares), shares)
        wrong += any(not low <= effect <= high for low, high in found)
    assert wrong / RUNS <= 0.05


def test_looking_at_usual_tests_again_and_again_finds_what_is_not_there():
    random, wrong, runs = np.random.default_rng(2), 0, 60
    for _ in range(runs):
        outcome, arm = visits(random)
        wrong += any(ttest_ind(outcome[:n][arm[:n] == 0], outcome[:n][arm[:n] == 1]).pvalue < 0.05 for n in LOOKS)
    assert wrong / runs > 0.12


def test_what_is_there_is_found():
    random, found = np.random.default_rng(3), 0
    for _ in range(50):
        found += any(low > 0 for low, _ in looks(*visits(random, effect=2.0)))
    assert found >= 45


def test_guesses_are_right_on_average_whatever_the_shares():
    random, shares = np.random.default_rng(4), (0.8, 0.2)
    means = [differences(*visits(random, 1.0, 200, shares), 0, 1, shares).mean() for _ in range(RUNS)]
    assert np.mean(means) == pytest.approx(1.0, abs=3 * np.std(means) / np.sqrt(RUNS))


def test_the_means_of_those_before_make_intervals_narrow():
    """A level that all share falls out, and does not come back as noise of who got which arm."""
    random = np.random.default_rng(5)
    outcome, arm = visits(random)
    plain, raised = differences(outcome, arm, 0, 1, SHARES), differences(outcome + 100, arm, 0, 1, SHARES)
    assert raised[50:].std() < 1.5 * plain[50:].std()


def test_an_interval_is_tightest_where_it_was_planned_to_be():
    values = np.random.default_rng(6).normal(size=200)
    widths = {planned: np.ptp(confidence_sequence(values, 0.95, planned)) for planned in (10, 50, 200, 1000, 10_000)}
    assert min(widths, key=widths.get) == 200
    fixed = 2 * 1.96 * values.std(ddof=1) / np.sqrt(200)
    assert 1.2 * fixed < widths[200] < 2 * fixed  # what it costs to look whenever one likes


def test_one_person_says_nothing():
    assert confidence_sequence(np.array([1.0]), 0.95, 200) == (float("-inf"), float("inf"))


def test_fair_shares_raise_no_alarm_however_often_one_looks():
    random, shares, alarms = np.random.default_rng(7), (0.5, 0.3, 0.2), 0
    for _ in range(500):
        drawn = np.cumsum(random.multinomial(1, shares, size=2000), axis=0)
        alarms += any(sample_ratio_p(drawn[n].tolist(), shares) < 0.05 for n in range(19, 2000, 60))
    assert alarms / 500 <= 0.05


@pytest.mark.parametrize(("counts", "odd"), [((1000, 1000), False), ((1030, 970), False), ((1200, 800), True)])
def test_lost_people_raise_one(counts, odd):
    assert (sample_ratio_p(counts, SHARES) < 0.001) == odd


def test_nobody_yet_is_nothing_odd():
    assert sample_ratio_p((0, 0), SHARES) == 1.0
