"""What `sluis train` and `sluis evaluate` leave in MLflow: figures, settings and days, and nothing of people."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from catalog import tables
from evaluation.benchmarks import stock
from evaluation.synthetic import simulate
from models.manifest import RANKER
from models.ranker import LambdaMartOptions
from ranking import training
from ranking.features import NAMES
from ranking.splits import SplitOptions
from sluis.wiring import open_house
from tests.make import NOW

OPTIONS = training.TrainingOptions(
    train_slates=10,
    held_out_slates=3,
    split=SplitOptions(timedelta(days=2), timedelta(days=2)),
    trees=LambdaMartOptions(rounds=20, rows_per_leaf=3, threads=1),
)


@pytest.fixture
def house(shell, monkeypatch):
    """Ten days of twelve people, in which little is enough to learn from, and a folder for runs."""
    from mlflow import MlflowClient

    monkeypatch.setattr(training, "TrainingOptions", lambda **given: replace(OPTIONS, **given))
    monkeypatch.setenv("SLUIS_MLFLOW_TRACKING_URI", str(shell.folder / "runs"))
    house, random = open_house(), np.random.default_rng(1)
    staff = stock.staff(12, NOW, random)
    live = stock.live_articles(24, 8, timedelta(days=14), NOW, random)
    stock.store(house.database, house.tenant, live, staff, NOW, lambda _: None)
    simulate(house.database, house.tenant, house.feeds(), staff, 10, NOW, seed=1)
    shell.registry = house.registry

    def runs():
        client = MlflowClient(tracking_uri=str(shell.folder / "runs"))
        (experiment,) = client.search_experiments(filter_string="name = 'sluis-default'")
        return client.search_runs([experiment.experiment_id])

    shell.runs = runs
    return shell


def kept(run, name):
    return json.loads((Path(run.info.artifact_uri.removeprefix("file://")) / name).read_text())


def test_a_training_and_an_evaluation_are_runs_without_a_person_in_them(house):
    assert json.loads(house("train", "--json"))["name"] == house.registry.manifests(RANKER)[0].name
    (run,), (made,) = house.runs(), house.registry.manifests(RANKER)
    assert (run.info.run_name, run.info.status) == (made.name, "FINISHED")
    assert run.data.params["trees.seed"] == str(made.facts["trees"]["seed"])
    assert run.data.params["learned_from.sample_seed"] == "20"
    assert run.data.params["data.train.from"] == made.facts["data"]["train"]["from"]
    assert run.data.params["feature_count"] == str(len(NAMES))
    for name, value in made.metrics.items():
        assert run.data.metrics[name.replace("@", "_at_")] == value
    assert "rounds.ndcg_at_10" in run.data.metrics
    assert kept(run, "features.json") == list(NAMES)
    assert kept(run, "manifest.json")["files"] == made.files

    house("evaluate", made.name)
    judged = next(run for run in house.runs() if run.info.run_name != made.name)
    assert judged.info.status == "FINISHED"
    assert judged.data.params["ranker.challenger"] == made.facts["name"]
    assert judged.data.params["ranker.champion"] == "heuristic-1"
    report = kept(judged, "report.json")
    first = report["relevance"][0]["metrics"]["ndcg@10"]
    assert judged.data.metrics["relevance.challenger.ndcg_at_10"] == first["value"]
    assert judged.data.metrics["ahead.minus_champion.ndcg_at_10"] == report["ahead"][0]["metrics"]["ndcg@10"]["value"]

    p, a = tables.employees.c, tables.articles.c
    with house.database.read() as connection:
        people = connection.execute(select(p.id, p.email, p.name)).all()
        articles = connection.execute(select(a.id, a.title)).all()
    written = [path.read_text() for path in (house.folder / "runs").rglob("*") if path.is_file()]
    assert len(written) > 50
    for secret in {word for row in (*people, *articles) for word in row if word}:
        assert not any(secret in text for text in written)


def test_a_training_that_fails_is_a_run_that_failed(house, monkeypatch):
    monkeypatch.setattr(training, "TrainingOptions", lambda **given: replace(OPTIONS, train_slates=10_000, **given))
    assert "at least 10000 slates" in house.fails("train")
    assert [run.info.status for run in house.runs()] == ["FAILED"]


def test_an_address_that_is_no_good_is_said_before_anything_is_learned(house, monkeypatch):
    (house.folder / "file").touch()
    monkeypatch.setenv("SLUIS_MLFLOW_TRACKING_URI", str(house.folder / "file"))
    assert "SLUIS_MLFLOW_TRACKING_URI" in house.fails("train")
    assert house.registry.manifests(RANKER) == []


def test_where_the_place_is_gone_by_the_end_the_ranker_is_kept(house, monkeypatch):
    learn = training.train

    def and_lose_the_place(*given):
        shutil.rmtree(house.folder / "runs")
        return learn(*given)

    monkeypatch.setattr(training, "train", and_lose_the_place)
    code, printed, complained = house.call("train")
    (made,) = house.registry.manifests(RANKER)
    assert code == 0
    assert f"{made.name} is a challenger" in printed
    assert "the run is not whole" in complained
