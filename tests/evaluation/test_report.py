"""The report: every ranker on the same slates, per function, and only slates that can tell."""

import numpy as np
import orjson
import pytest

from evaluation import metrics
from evaluation.report import EVERYBODY, evaluate, measure
from ranking.features import NAMES
from ranking.scoring import score
from tests.graded import SIGNAL, ByFeature, graded

GOOD, NOISE = ByFeature(SIGNAL), ByFeature(NAMES[0])


def test_rows_by_ranker_and_function() -> None:
    report = evaluate(graded(40), [GOOD, NOISE])
    keys = [(row.ranker, row.function, row.slates) for row in report.rows]
    assert keys == [
        (ranker.name, function, slates)
        for ranker in (GOOD, NOISE)
        for function, slates in ((EVERYBODY, 40), ("hr", 20), ("sales", 20))
    ]
    good, noise = (report.rows[0].metrics, report.rows[3].metrics)
    assert list(good) == ["ndcg@5", "ndcg@10", "mrr", "recall@5"]
    assert all(good[name] > noise[name] for name in good)


def test_the_figures_are_means_over_the_slates_of_the_function() -> None:
    dataset = graded(40)
    sales = dataset.take(np.array(["sales" in offer.functions for offer in dataset.offers]))
    values = metrics.ndcg(sales.labels, score(GOOD, sales.rows), sales.groups, 5)
    row = next(row for row in evaluate(dataset, [GOOD]).rows if row.function == "sales")
    assert row.metrics["ndcg@5"] == pytest.approx(values.mean())


def test_a_slate_without_a_grade_counts_nowhere() -> None:
    dataset = graded(40)
    before = measure(dataset, NOISE)
    padded = graded(80)
    padded.labels[: 40 * 8] = dataset.labels
    padded.rows[: 40 * 8] = dataset.rows
    padded.labels[40 * 8 :] = 0
    assert measure(padded, NOISE) == pytest.approx(before)
    assert evaluate(padded, [NOISE]).rows[0].slates == 40


def test_it_can_be_written_as_json() -> None:
    dataset = graded(4)
    dataset.labels[:] = 0
    found = orjson.loads(orjson.dumps(evaluate(dataset, [GOOD]).to_dict()))
    assert found == {
        "rows": [
            {
                "ranker": GOOD.name,
                "function": EVERYBODY,
                "slates": 0,
                "metrics": {"ndcg@5": None, "ndcg@10": None, "mrr": None, "recall@5": None},
            }
        ]
    }
