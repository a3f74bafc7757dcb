"""The metrics by hand, against scikit-learn, and as properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score

from evaluation import metrics

ONE = np.array([4], dtype=np.int32)


def grades(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def descending(n: int) -> np.ndarray:
    return -np.arange(n, dtype=np.float64)


@st.composite
def slates(draw):
    """Labels, distinct scores and groups of a few slates."""
    groups = draw(st.lists(st.integers(1, 8), min_size=1, max_size=5))
    n = sum(groups)
    labels = draw(arrays(np.int32, n, elements=st.integers(0, 5)))
    scores = draw(arrays(np.float64, n, elements=st.integers(-1000, 1000), unique=True))
    return labels, scores, np.array(groups, dtype=np.int32)


ALL = [
    lambda *rows: metrics.ndcg(*rows, k=3),
    metrics.mrr,
    metrics.mrr_of_all,
    lambda *rows: metrics.recall(*rows, k=3),
    metrics.average_precision,
    metrics.auc,
]


def test_ndcg_by_hand() -> None:
    # shown 0, 2, 0, 5: gains 3 and 31; best order 5, 2
    found = metrics.ndcg(grades(0, 2, 0, 5), descending(4), ONE, k=4)
    dcg = 3 / math.log2(3) + 31 / math.log2(5)
    best = 31 / math.log2(2) + 3 / math.log2(3)
    assert found == pytest.approx([dcg / best])


def test_ndcg_counts_only_the_first_k() -> None:
    found = metrics.ndcg(grades(0, 2, 0, 5), descending(4), ONE, k=2)
    assert found == pytest.approx([(3 / math.log2(3)) / (31 + 3 / math.log2(3))])


def test_reciprocal_rank_and_recall_by_hand() -> None:
    labels = grades(0, 1, 0, 4)
    assert metrics.mrr(labels, descending(4), ONE) == pytest.approx([0.5])
    assert metrics.recall(labels, descending(4), ONE, k=2) == pytest.approx([0.5])
    assert metrics.recall(labels, descending(4), ONE, k=4) == pytest.approx([1.0])


@pytest.mark.parametrize("metric", ALL)
def test_a_slate_without_relevance_has_no_figure_and_does_not_count(metric) -> None:
    values = metric(grades(0, 0, 1, 0), descending(4), grades(2, 2))
    assert np.isnan(values[0])
    assert values[1] == 1.0
    assert metrics.mean(values) == 1.0
    assert math.isnan(metrics.mean(values[:1]))


@pytest.mark.parametrize("metric", ALL)
def test_no_slates_no_figures(metric) -> None:
    assert metric(grades(), descending(0), grades()).shape == (0,)


@given(slates())
def test_ndcg_agrees_with_scikit_learn(drawn) -> None:
    labels, scores, groups = drawn
    ours = metrics.ndcg(labels, scores, groups, k=4)
    for mine, start, size in zip(ours, np.cumsum(groups) - groups, groups, strict=True):
        part = slice(start, start + size)
        if size > 1 and labels[part].any():  # scikit-learn refuses a single document
            theirs = ndcg_score([2.0 ** labels[part] - 1], [scores[part]], k=4)
            assert mine == pytest.approx(theirs)


def test_average_precision_and_auc_by_hand() -> None:
    labels = grades(0, 1, 0, 4)  # precision 1/2 at rank 2 and 2/4 at rank 4; 1 of 4 pairs in order
    assert metrics.average_precision(labels, descending(4), ONE) == pytest.approx([0.5])
    assert metrics.auc(labels, descending(4), ONE) == pytest.approx([0.25])
    assert metrics.auc(labels, np.zeros(4), ONE) == pytest.approx([0.5])  # a tie counts half
    assert np.isnan(metrics.auc(grades(1, 2), descending(2), grades(2))).all()


@given(slates())
def test_average_precision_agrees_with_scikit_learn(drawn) -> None:
    labels, scores, groups = drawn
    precision = metrics.average_precision(*drawn)
    for place, (start, size) in enumerate(zip(np.cumsum(groups) - groups, groups, strict=True)):
        hit, ranked = labels[start : start + size] > 0, scores[start : start + size]
        if hit.any():
            assert precision[place] == pytest.approx(average_precision_score(hit, ranked))


@given(slates())
def test_every_figure_is_within_0_and_1(drawn) -> None:
    for metric in ALL:
        values = metric(*drawn)
        counted = values[~np.isnan(values)]
        assert ((counted >= 0) & (counted <= 1)).all()


@given(slates())
def test_the_best_order_has_1(drawn) -> None:
    labels, _, groups = drawn
    for metric in ALL[:2]:
        values = metric(labels, labels.astype(np.float64), groups)
        assert values[~np.isnan(values)] == pytest.approx(1.0)


@given(slates())
def test_only_the_order_of_scores_counts(drawn) -> None:
    labels, scores, groups = drawn
    for metric in ALL:
        np.testing.assert_array_equal(
            metric(labels, scores, groups), metric(labels, np.exp(scores / 100) * 3 - 7, groups)
        )


@given(slates(), st.randoms(use_true_random=False))
def test_the_order_of_input_never_counts_even_among_ties(drawn, random) -> None:
    labels, scores, groups = drawn
    scores = np.round(scores / 500)  # few values: many ties
    order = []
    for start, size in zip(np.cumsum(groups) - groups, groups, strict=True):
        rows = list(range(start, start + size))
        random.shuffle(rows)
        order += rows
    for metric in ALL:
        np.testing.assert_array_equal(metric(labels, scores, groups), metric(labels[order], scores[order], groups))


def test_a_tie_is_never_to_the_rankers_advantage() -> None:
    assert metrics.mrr(grades(5, 0, 0, 0), np.zeros(4), ONE) == pytest.approx([0.25])


def test_a_score_that_is_no_number_ranks_last() -> None:
    assert metrics.mrr(grades(5, 0, 0, 0), np.array([np.nan, 1, -9, np.nan]), ONE) == pytest.approx([0.25])


@given(slates(), st.integers(1, 4))
def test_auc_is_that_of_scikit_learn_with_ties_too(rows, coarse: int) -> None:
    labels, scores, groups = rows
    scores = np.round(scores / (1000 / coarse))
    ends = np.cumsum(groups)
    for found, first, end in zip(metrics.auc(labels, scores, groups), ends - groups, ends, strict=True):
        relevant = labels[first:end] > 0
        if 0 < relevant.sum() < len(relevant):
            assert found == pytest.approx(roc_auc_score(relevant, scores[first:end]))
        else:
            assert math.isnan(found)


def test_mrr_of_all_is_the_one_of_the_mind_challenge() -> None:
    two = metrics.mrr_of_all(grades(0, 1, 0, 3, 1, 0), descending(6), np.array([4, 2], dtype=np.int32))
    assert two == pytest.approx([(1 / 2 + 1 / 4) / 2, 1])
