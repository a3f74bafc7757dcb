"""A certificate out of decisions: who is proven, who is not, and that nothing but the decisions matters."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import Invalid
from catalog.ids import ArticleId
from models.calibration import Judged, certify, choose
from models.certificate import CertificateOptions, needed, upper_bound
from tests.make import NOW
from tests.models.test_certificate import BASIS

OPTIONS = CertificateOptions()
SMALL = CertificateOptions(alpha=0.1, confidence=0.8, grid=(0.9, 0.7, 0.5), share=0.1)
"""Sixteen stories are enough for this one."""


def judged(number: int, score: float = 0.9, *, wrong: bool = False, language: str = "nl", story: int = -1) -> Judged:
    return Judged(ArticleId(f"article-{number}"), f"story-{number if story < 0 else story}", language, score, wrong)


def certified(*decisions: Judged, options: CertificateOptions = OPTIONS, **attempts: int):
    window = {"since": NOW - timedelta(days=9), "until": NOW, "now": NOW}
    return certify(decisions, BASIS, options, attempts, **window)


rarely_wrong = st.lists(
    st.tuples(st.sampled_from([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]), st.integers(0, 19).map(lambda die: die == 0)),
    min_size=10,
    max_size=80,
)


def chosen(rows, options=SMALL):
    return choose(np.array([row[0] for row in rows]), np.array([row[1] for row in rows], bool), options)


def strictness(threshold: float | None) -> float:
    return 2.0 if threshold is None else threshold


def test_299_stories_without_an_error_are_enough_and_298_are_not():
    (part,) = certified(*map(judged, range(299))).parts
    assert (part.threshold, part.n, part.errors, part.decided, part.coverage) == (0.9, 299, 0, 299, 1.0)
    assert part.bound == upper_bound(299, 0, 0.95) <= 0.01
    (short,) = certified(*map(judged, range(298))).shortfalls
    assert (short.passing, short.errors, short.missing) == (298, 0, 1)


def test_a_third_attempt_takes_more_than_a_first_in_its_language_only():
    rows = [judged(number) for number in range(400)]
    rows += [judged(1000 + number, language="en") for number in range(400)]
    found = certified(*rows, nl=3, en=1)
    assert [(part.language, part.confidence) for part in found.parts] == [("en", pytest.approx(0.975))]
    assert [(short.tested, short.missing) for short in found.shortfalls] == [
        (False, needed(0, OPTIONS.attempt(3)) - 400)
    ]
    assert found.tested() == {"en": 400}
    assert certified(*rows, *(judged(2000 + number, wrong=True) for number in range(200)), nl=3).tested()["nl"] == 600


def test_one_error_takes_473():
    rows = [judged(number, wrong=number == 5) for number in range(473)]
    assert certified(*rows).parts[0].errors == 1
    (short,) = certified(*rows[:-1]).shortfalls
    assert (short.decided, short.passing, short.errors, short.missing) == (472, 472, 1, 1)


def test_the_threshold_is_the_most_lenient_before_the_first_that_fails():
    rows = [judged(number, 0.95) for number in range(300)]
    rows += [judged(1000 + number, 0.91, wrong=number == 0) for number in range(200)]  # 473 would do for one error
    rows += [judged(2000 + number, 0.81, wrong=number < 20) for number in range(100)]
    rows += [judged(3000 + number, 0.61) for number in range(9000)]  # the sum of all would do again, but comes too late
    (part,) = certified(*rows, options=replace(OPTIONS, share=0.0)).parts
    assert (part.threshold, part.n, part.errors) == (0.9, 500, 1)


def test_testing_begins_where_a_tenth_of_what_could_pass_does():
    rows = [(0.99, number == 0) for number in range(300)] + [(0.91, False) for _ in range(4000)]
    assert chosen(rows, replace(OPTIONS, share=0.0)).threshold is None  # the first test fails, and ends it
    assert chosen(rows, OPTIONS).threshold == 0.9


def test_who_scores_under_the_grid_never_counts():
    nobody = certified(*(judged(number, 0.3) for number in range(500)))
    assert nobody.parts == ()
    assert nobody.shortfalls[0].passing == 0
    assert nobody.shortfalls[0].missing == 299


def test_what_is_missing_reckons_with_those_that_do_not_pass():
    rows = [judged(number, 0.9 if number < 100 else 0.1) for number in range(400)]
    assert certified(*rows).shortfalls[0].missing == 4 * 199


def test_each_language_stands_for_itself():
    rows = [judged(number) for number in range(300)]
    rows += [judged(1000 + number, language="de") for number in range(50)]
    rows += [judged(2000 + number, 0.7, language="en") for number in range(300)]
    found = certified(*rows)
    assert [(part.language, part.threshold) for part in found.parts] == [("en", 0.7), ("nl", 0.9)]
    assert [(short.language, short.missing) for short in found.shortfalls] == [("de", 249)]


def test_a_story_counts_once_however_often_it_is_told():
    rows = [judged(number, story=number % 150) for number in range(1500)]
    assert certified(*rows).shortfalls[0].decided == 150


@given(st.randoms(use_true_random=False), rarely_wrong)
def test_the_order_of_the_decisions_does_not_matter(random, rows):
    before = [judged(number, at, wrong=wrong, story=number // 2) for number, (at, wrong) in enumerate(rows)]
    after = random.sample(before, len(before))
    assert certified(*after, options=SMALL) == certified(*before, options=SMALL)


@given(rarely_wrong, st.data())
def test_a_decision_that_turns_out_wrong_never_makes_the_threshold_more_lenient(rows, data):
    place = data.draw(st.integers(0, len(rows) - 1))
    worse = [*rows[:place], (rows[place][0], True), *rows[place + 1 :]]
    assert strictness(chosen(worse).threshold) >= strictness(chosen(rows).threshold)


@given(rarely_wrong, st.floats(0, 1))
def test_another_error_never_makes_the_threshold_more_lenient(rows, at):
    options = replace(SMALL, share=0.0)
    worse = [*rows, (at, True)]
    assert strictness(chosen(worse, options).threshold) >= strictness(chosen(rows, options).threshold)


@given(rarely_wrong)
def test_less_that_may_be_wrong_never_makes_the_threshold_more_lenient(rows):
    options = replace(SMALL, share=0.0)
    stricter = (replace(options, alpha=0.05), replace(options, confidence=0.9))
    for each in stricter:
        assert strictness(chosen(rows, each).threshold) >= strictness(chosen(rows, options).threshold)


@given(rarely_wrong)
def test_what_is_chosen_is_proven(rows):
    found = chosen(rows)
    passing = [wrong for score, wrong in rows if found.threshold is not None and score >= found.threshold]
    if found.threshold is None:
        assert needed(found.errors, SMALL) > found.n
    else:
        assert (found.n, found.errors) == (len(passing), sum(passing))
        assert upper_bound(found.n, found.errors, SMALL.confidence) <= SMALL.alpha


def test_where_too_much_is_wrong_at_every_threshold_few_certificates_are_given():
    random, false = np.random.default_rng(7), 0
    for _ in range(1000):
        scores, wrong = random.uniform(0.4, 1, size=200), random.random(200) < SMALL.alpha * 1.01
        false += choose(scores, wrong, SMALL).threshold is not None
    assert 50 < false <= 1000 * (1 - SMALL.confidence)  # it makes use of what it may, and keeps to it


@pytest.mark.parametrize("bad", [float("nan"), -0.1, 1.1, float("inf")])
def test_a_score_that_is_no_probability_is_refused(bad):
    with pytest.raises(Invalid, match="tag the article again"):
        judged(1, bad)


def test_no_decisions_no_parts():
    assert certified().parts == certified().shortfalls == ()


def test_only_making_a_certificate_needs_the_library():
    probe = "import sys, models.audit, models.certificate, models.drawing; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", probe], text=True).split()
    assert not {"mapie", "sklearn", "torch"} & set(loaded)
