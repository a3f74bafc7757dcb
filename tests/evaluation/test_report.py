"""The report: every ranker on the same slates, per function and language, and only slates that can tell."""

import numpy as np
import orjson
import pytest

from catalog.ids import ArticleId, EmployeeId
from evaluation import metrics
from evaluation.bootstrap import BootstrapOptions
from evaluation.lists import FIGURES, List
from evaluation.report import ALL, EVERYBODY, FUNCTION, LANGUAGE, RELEVANCE, evaluate, measure
from ranking.features import NAMES
from ranking.scoring import score
from tests.graded import SIGNAL, ByFeature, graded

GOOD, NOISE = ByFeature(SIGNAL), ByFeature(NAMES[0])
SEVEN = BootstrapOptions(people=7, resamples=200)
"""`graded` has seven people."""


def half_dutch(dataset):
    return {article: "nl" if place % 2 else "en" for place, article in enumerate(dataset.articles)}


def test_rows_by_ranker_and_part() -> None:
    dataset = graded(40)
    report = evaluate(dataset, [GOOD, NOISE], half_dutch(dataset))
    parts = [(ALL, EVERYBODY), (FUNCTION, "hr"), (FUNCTION, "sales"), (LANGUAGE, "en"), (LANGUAGE, "nl")]
    assert [(row.ranker, row.by, row.part) for row in report.relevance] == [
        (ranker.name, *part) for ranker in (GOOD, NOISE) for part in parts
    ]
    assert [row.slates for row in report.relevance][:3] == [40, 20, 20]
    assert [(row.ranker, row.by) for row in report.ahead[:2]] == [(f"minus {NOISE.name}", by) for by in (ALL, FUNCTION)]
    good, noise = report.relevance[0].metrics, report.relevance[5].metrics
    assert list(good) == list(RELEVANCE)
    assert all(good[name].value > noise[name].value for name in good)


def test_a_difference_is_of_the_same_slates_and_surer_than_its_parts() -> None:
    report = evaluate(graded(200), [GOOD, ByFeature(SIGNAL, 2.0), NOISE], {}, options=SEVEN)
    same, other = (row.metrics["ndcg@10"] for row in report.ahead if row.by == ALL)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    good, _, noise = (row.metrics["ndcg@10"] for row in report.relevance if row.by == ALL)
    assert other.value == pytest.approx(good.value - noise.value)
    assert 0 < other.low < other.value < other.high
    assert other.high - other.low < good.high - good.low + noise.high - noise.low


def test_of_few_people_no_interval_is_told() -> None:
    report = evaluate(graded(40), [GOOD, NOISE], {})
    assert not any(each.is_told for row in (*report.relevance, *report.ahead) for each in row.metrics.values())
    told = evaluate(graded(40), [GOOD], {}, options=SEVEN).relevance[0].metrics
    assert all(each.low <= each.value <= each.high for each in told.values())


def test_the_figures_are_means_over_the_slates_of_the_function() -> None:
    dataset = graded(40)
    sales = dataset.take(np.array(["sales" in offer.functions for offer in dataset.offers]))
    values = metrics.ndcg(sales.labels, score(GOOD, sales.rows), sales.groups, 5)
    row = next(row for row in evaluate(dataset, [GOOD], {}).relevance if row.part == "sales")
    assert row.metrics["ndcg@5"].value == pytest.approx(values.mean())


def test_of_a_language_only_its_own_articles_are_put_in_order() -> None:
    dataset = graded(40)
    dutch = np.arange(len(dataset.labels)) % 2 == 1
    dataset.rows[~dutch] = -dataset.rows[~dutch]  # English is ranked upside down
    report = evaluate(dataset, [GOOD], half_dutch(dataset))
    both, english, dutch_row = (row.metrics["auc"].value for row in report.relevance if row.by != FUNCTION)
    assert dutch_row > 0.9
    assert english < 0.1
    assert english < both < dutch_row


def listed(ranker: str, person: int, first: str, language: str | None = None, figure: float = 0.5) -> List:
    every = frozenset(map(ArticleId, "abcd"))
    figures = (figure,) * len(FIGURES)
    who = EmployeeId(f"employee-{person}")
    return List(ranker, language, who, frozenset({"hr"}), every, tuple(map(ArticleId, first)), figures)


def test_lists_are_looked_at_together_and_one_by_one() -> None:
    made = [
        listed(ranker, person, "ab" if ranker == GOOD.name else "abcd"[person % 4])
        for person in range(8)
        for ranker in (GOOD.name, NOISE.name)
    ]
    for person in range(5):
        made += [listed(GOOD.name, person, "a", "nl", 0.25), listed(NOISE.name, person, "a", "nl", 0.5)]
    made += [listed(ranker, person, "a", "de", 0.25) for person in range(4) for ranker in (GOOD.name, NOISE.name)]
    report = evaluate(graded(40), [GOOD, NOISE], {}, made, SEVEN)
    whole, everything = (row.metrics for row in report.lists if row.by == ALL)
    assert (whole["coverage"].value, everything["coverage"].value) == (0.5, 1.0)
    assert (whole["gini"].value, everything["gini"].value) == (pytest.approx(0.5), 0.0)
    assert whole["coverage"].low == whole["coverage"].high == 0.5
    assert everything["coverage"].low < 1.0
    assert whole["novelty"].value == 0.5
    apart = report.lists_ahead[0].metrics
    assert apart["coverage"].value == -0.5
    by_language = [(row.part, row.metrics["novelty"].value) for row in report.lists if row.by == LANGUAGE]
    assert by_language == [("nl", 0.25), ("nl", 0.5)]  # four people who read German would be told of as persons
    assert report.exposure == {GOOD.name: (0, 0, 8, 8), NOISE.name: (2, 2, 2, 2)}


def test_a_slate_without_a_grade_counts_nowhere() -> None:
    dataset = graded(40)
    before = measure(dataset, NOISE)
    padded = graded(80)
    padded.labels[: 40 * 8] = dataset.labels
    padded.rows[: 40 * 8] = dataset.rows
    padded.labels[40 * 8 :] = 0
    assert measure(padded, NOISE) == pytest.approx(before)
    assert evaluate(padded, [NOISE], {}).relevance[0].slates == 40


def test_it_can_be_written_as_json() -> None:
    dataset = graded(4)
    dataset.labels[:] = 0
    (row,) = orjson.loads(orjson.dumps(evaluate(dataset, [GOOD], {}).to_dict()))["relevance"]
    assert (row["ranker"], row["by"], row["part"], row["slates"], row["people"]) == (GOOD.name, ALL, EVERYBODY, 0, 0)
    assert row["metrics"] == {name: {"value": None, "low": None, "high": None} for name in RELEVANCE}
