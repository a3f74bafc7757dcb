"""The running audit: a promise that is kept is hardly ever doubted, one that is broken is found out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.audit import FACTORS, LEAST_RATE, Audited, log_evidence, rate


def test_without_results_there_is_no_evidence():
    assert Audited.of([], 0.01) == Audited(0, 0, 1.0, 1.0)


@given(st.lists(st.booleans(), max_size=60), st.sampled_from([0.001, 0.01, 0.1]))
def test_an_error_is_evidence_and_a_right_one_is_against_it(results, alpha):
    now = Audited.of(results, alpha)
    assert Audited.of([*results, True], alpha).evidence > now.evidence
    assert Audited.of([*results, False], alpha).evidence < now.evidence


@given(st.lists(st.booleans(), max_size=60), st.sampled_from([0.001, 0.01, 0.1]))
def test_the_bet_is_fair_at_alpha_and_loses_under_it(results, alpha):
    now, error, right = (Audited.of([*results, *more], alpha).evidence for more in ([], [True], [False]))
    assert alpha * error + (1 - alpha) * right == pytest.approx(now)
    assert alpha / 2 * error + (1 - alpha / 2) * right < now


@given(st.lists(st.booleans(), max_size=60), st.lists(st.booleans(), max_size=20))
def test_what_was_broken_once_stays_broken(before, after):
    first, later = Audited.of(before, 0.01), Audited.of(before + after, 0.01)
    assert later.peak >= first.peak >= first.evidence
    assert later.broken(0.05) or not first.broken(0.05)


@given(st.permutations([True] * 3 + [False] * 40))
def test_the_evidence_now_does_not_depend_on_the_order(results):
    assert Audited.of(results, 0.01).evidence == pytest.approx(Audited.of(sorted(results), 0.01).evidence)


def test_the_evidence_is_the_mean_of_the_likelihood_ratios():
    ratios = [factor**2 * ((1 - factor * 0.01) / 0.99) ** 48 for factor in FACTORS]
    assert Audited.of([True] * 2 + [False] * 48, 0.01).evidence == pytest.approx(sum(ratios) / 3)


def test_a_broken_promise_is_found_out_and_a_kept_one_believed():
    kept, broken = (np.random.default_rng(1).random((400, 1000)) < rate for rate in (0.01, 0.05))
    lapsed = [(log_evidence(results, 0.01) >= math.log(20)).any(axis=1).mean() for results in (kept, broken)]
    assert lapsed[0] <= 0.05
    assert lapsed[1] >= 0.99


@pytest.mark.parametrize(
    ("wanted", "passing", "share"),
    [(299, 100_000, LEAST_RATE), (299, 2990, 0.1), (628, 628, 1.0), (628, 100, 1.0), (299, 0, 1.0)],
)
def test_the_share_to_audit_is_what_the_next_certificate_needs(wanted, passing, share):
    assert rate(wanted, passing) == pytest.approx(share)
