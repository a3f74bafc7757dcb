"""What kind of lists: figures by hand and against other definitions, and lists made from what was known then."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import entropy

from catalog.ids import SourceId
from evaluation.benchmarks.learning import ByFeature
from evaluation.lists import FIGURES, ListOptions, diversity, gini, make, miscalibration, novelty
from evaluation.replay import read
from models.heuristic import HeuristicRanker
from ranking.config import RankingOptions
from tests.evaluation.conftest import TENANT
from tests.make import NOW

NEWEST, OLDEST = ByFeature("newest", "log_age", -1.0), ByFeature("oldest", "log_age", 1.0)
SINCE = NOW - timedelta(days=1)


def test_diversity_is_the_mean_cosine_distance() -> None:
    vectors = np.random.default_rng(1).normal(size=(5, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert diversity(vectors) == pytest.approx(pdist(vectors, "cosine").mean(), abs=1e-6)
    assert diversity(vectors[[0, 0]]) == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(diversity(vectors[:1]))


def test_novelty_is_in_bits() -> None:
    assert novelty(np.array([7.0]), 15) == pytest.approx(1.0)  # half of them
    assert novelty(np.array([3.0, 15.0]), 15) == pytest.approx(1.0)  # 2 bits and none
    assert np.isnan(novelty(np.array([]), 15))


def test_miscalibration_is_the_divergence_from_what_was_chosen() -> None:
    chosen, listed = np.array([3.0, 1.0, 0.0]), np.array([1.0, 0.0, 4.0])
    p, q = chosen / 4, listed / 5
    assert miscalibration(chosen, listed) == pytest.approx(entropy(p, 0.99 * q + 0.01 * p))
    assert miscalibration(chosen, 7 * chosen) == pytest.approx(0.0)
    assert np.isfinite(miscalibration(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    assert np.isnan(miscalibration(np.zeros(2), listed[:2]))


def test_gini_is_half_the_mean_difference_of_two_articles() -> None:
    counts = np.random.default_rng(2).integers(0, 9, size=30).astype(np.float64)
    apart = np.abs(counts[:, np.newaxis] - counts).mean()
    assert gini(counts) == pytest.approx(apart / (2 * counts.mean()))
    assert gini(np.ones(4)) == 0.0
    assert gini(np.array([0.0, 0, 0, 8])) == 0.75
    assert np.isnan(gini(np.zeros(3)))


@pytest.fixture
def records(afterwards):
    """What happened, with articles from three sources."""
    with afterwards.read() as connection:
        found = read(connection, TENANT)
    live = [replace(one, source_id=SourceId(f"source-{place % 3}")) for place, one in enumerate(found.live)]
    return replace(found, live=live)


def lists(records, *rankers, options=ListOptions()):  # noqa: B008 - it is frozen
    return make(records, rankers, SINCE, RankingOptions(), options)


def test_every_ranker_lists_what_it_scores_highest_of_the_same(records) -> None:
    made = [one for one in lists(records, NEWEST, OLDEST) if one.language is None]
    newest, oldest = made[::2], made[1::2]
    published = {article.id: article.published_at for article in records.live}
    assert len(newest) == len(oldest) == sum(slate.created_at >= SINCE for slate in records.slates)
    for young, old in zip(newest, oldest, strict=True):
        assert young.candidates == old.candidates >= set(young.first)
        ordered = sorted(young.candidates, key=lambda article: published[article])
        assert set(old.first) == set(ordered[: len(old.first)])
        assert set(young.first) == set(ordered[-len(young.first) :])
        assert len(young.first) == min(5, len(ordered))


def test_every_figure_is_told_and_a_list_in_one_language_has_no_other(records) -> None:
    language = {article.id: article.language for article in records.live}
    made = lists(records, HeuristicRanker())
    assert {one.language for one in made} == {None, *language.values()}
    for one in made:
        assert one.language is None or {language[article] for article in one.first} == {one.language}
    figures = np.array([one.figures for one in made])
    assert figures.shape[1] == len(FIGURES)
    assert np.isfinite(figures).any(axis=0).all()


def test_nobody_without_a_history_has_a_taste_to_be_true_to(records) -> None:
    made = lists(records, HeuristicRanker(), options=ListOptions(history=10_000))
    assert np.isnan([one.figures[2:] for one in made]).all()


def test_nothing_comes_from_after_a_slate(records) -> None:
    """Forget what happened after the last slate that is looked at, and the one before: the lists stay as they are."""
    made = lists(records, HeuristicRanker())
    first = min(slate.seq for slate in records.slates if slate.created_at >= SINCE)
    known = replace(records, slates=[slate for slate in records.slates if slate.seq <= first])
    known = replace(known, events=[event for event in records.events if event.seq <= first])
    again = lists(known, HeuristicRanker())
    assert again
    for mine, theirs in zip(again, made, strict=False):
        assert (mine.first, mine.candidates) == (theirs.first, theirs.candidates)
        np.testing.assert_array_equal(mine.figures, theirs.figures)
