"""Training: enough data or a clear refusal, the newest days unseen, the same ranker twice."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from evaluation.report import measure
from models.ranker import LambdaMart, LambdaMartOptions
from models.registry import Registry
from ranking.splits import SplitOptions
from ranking.training import TooLittleData, Trained, TrainingOptions, train
from tests.graded import SIGNAL, START, graded

OPTIONS = TrainingOptions(
    train_slates=50,
    held_out_slates=20,
    split=SplitOptions(timedelta(days=2), timedelta(days=2)),
    trees=LambdaMartOptions(rounds=50, patience=10, threads=1),
)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(graded(240), OPTIONS, measure)


def test_it_learns_what_the_heuristic_cannot_know(trained: Trained) -> None:
    for part in ("validation", "test"):
        challenger, heuristic = (trained.metrics[f"{part}.{name}.ndcg@10"] for name in ("challenger", "heuristic"))
        assert challenger > heuristic + 0.05
        assert challenger > 0.9
    assert next(iter(trained.ranker.importance())) == SIGNAL


def test_the_facts_tell_which_days_taught_and_which_judged(trained: Trained) -> None:
    data = trained.facts["data"]
    assert data["train"]["to"] < data["validation"]["from"] < data["validation"]["to"] < data["test"]["from"]
    assert data["test"]["slates"] == len(trained.test) == 49
    assert trained.facts["features"] == list(trained.ranker.features)
    assert trained.facts["name"] == trained.ranker.name


def test_the_same_slates_train_the_same_ranker(trained: Trained) -> None:
    assert train(graded(240), OPTIONS, measure).ranker.to_files() == trained.ranker.to_files()


def test_the_judged_days_teach_nothing(trained: Trained) -> None:
    """Turn the grades of the test days upside down: the ranker does not change by a byte, its figures do."""
    dataset = graded(240)
    test_days = np.repeat([offer in set(trained.test.offers) for offer in dataset.offers], dataset.groups)
    dataset.labels[test_days] = 5 - dataset.labels[test_days]
    again = train(dataset, OPTIONS, measure)
    assert again.ranker.to_files() == trained.ranker.to_files()
    for name, value in trained.metrics.items():
        assert (again.metrics[name] == value) is name.startswith("validation")


def test_the_facts_tell_what_was_asked_for(trained: Trained) -> None:
    assert trained.facts["grades"]["share"] == 5
    assert trained.facts["horizon_hours"] == 24
    assert trained.facts["learned_from"]["people"] == 7
    assert trained.facts["learned_from"]["per_person"] is None
    assert trained.facts["trees"]["rounds"] == 50


def test_of_each_person_at_most_so_many_slates_are_drawn() -> None:
    capped = replace(OPTIONS, per_person=8)
    found = train(graded(240), capped, measure)
    assert found.facts["learned_from"] == {"slates": 56, "people": 7, "per_person": 8, "sample_seed": 20}
    assert found.ranker.to_files() == train(graded(240), capped, measure).ranker.to_files()
    assert found.ranker.to_files() != train(graded(240), replace(capped, sample_seed=1), measure).ranker.to_files()
    with pytest.raises(TooLittleData, match="there are 49 in its days, .* with at most 7 per person"):
        train(graded(240), replace(OPTIONS, per_person=7), measure)
    with pytest.raises(ValueError, match="nothing to learn from"):
        replace(OPTIONS, per_person=0)


def test_the_registry_takes_it(trained: Trained, tmp_path: Path) -> None:
    registry = Registry(tmp_path / "artefacts")
    kept = registry.add("ranker", trained.ranker.to_files(), facts=trained.facts, metrics=trained.metrics, now=START)
    loaded = LambdaMart.from_files(registry.read(registry.get("ranker", kept.name)))
    assert loaded.name == trained.ranker.name
    np.testing.assert_array_equal(loaded.score(trained.test.rows), trained.ranker.score(trained.test.rows))


def test_progress_hears_of_every_round() -> None:
    heard: list[int] = []
    train(graded(240), OPTIONS, measure, heard.append)
    assert 10 < sum(heard) <= 50


@pytest.mark.parametrize(("slates", "message"), [(30, "training needs at least 50 .* there are 0"), (0, "no slates")])
def test_too_little_data_is_said_in_numbers(slates: int, message: str) -> None:
    with pytest.raises(Exception, match=message) as refused:
        train(graded(slates), OPTIONS, measure)
    assert "heuristic ranks" in str(refused.value)


@pytest.mark.parametrize("grade", [0, 4])
def test_slates_with_one_grade_are_not_enough(grade: int) -> None:
    dataset = graded(240)
    dataset.labels[:] = grade
    with pytest.raises(TooLittleData, match="there are 0"):
        train(dataset, OPTIONS, measure)
