"""Runs in MLflow, kept by MLflow itself in a folder; and what is said where there is no MLflow, or nobody answers."""

import sys
from datetime import UTC, datetime

import pytest

from catalog.errors import Invalid
from models import tracking
from tests.make import NOW


@pytest.fixture
def kept(tmp_path):
    """What MLflow has of the only run in the folder."""
    from mlflow import MlflowClient

    def read():
        client = MlflowClient(tracking_uri=str(tmp_path))
        (experiment,) = client.search_experiments(filter_string="name = 'sluis-acme'")
        (run,) = client.search_runs([experiment.experiment_id])
        return client, run

    return read


def begin(tmp_path):
    return tracking.run(str(tmp_path), "sluis-acme", {"sluis.tenant": "acme"})


def test_what_a_run_was_told_is_there(tmp_path, kept):
    with begin(tmp_path) as run:
        run.name("ranker-1")
        run.parameters({"trees": {"seed": 20, "rounds": 400}, "from": "2026-01-01", **{f"p{n}": n for n in range(150)}})
        run.metrics({"test.ndcg@10": 0.5, "auc": float("nan")}, NOW)
        run.curves({"rounds.ndcg@10": [n / 1000 for n in range(250)]}, NOW)
        run.file("manifest.json", '{"kind": "ranker"}')
        run.end("FINISHED")
    client, made = kept()
    assert (made.info.run_name, made.info.status, made.info.user_id) == ("ranker-1", "FINISHED", "unknown")
    assert made.data.params["trees.seed"] == "20"
    assert made.data.params["p149"] == "149"
    assert made.data.metrics == {"test.ndcg_at_10": 0.5, "rounds.ndcg_at_10": 0.249}
    curve = client.get_metric_history(made.info.run_id, "rounds.ndcg_at_10")
    assert [each.step for each in curve] == list(range(250))
    assert {datetime.fromtimestamp(each.timestamp / 1000, UTC) for each in curve} == {NOW}
    assert client.download_artifacts(made.info.run_id, "manifest.json", str(tmp_path))
    assert (tmp_path / "manifest.json").read_text() == '{"kind": "ranker"}'


@pytest.mark.parametrize(("raised", "status"), [(RuntimeError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_run_whose_work_broke_off_says_so(tmp_path, kept, raised, status):
    with pytest.raises(raised), begin(tmp_path):
        raise raised
    assert kept()[1].info.status == status


def test_nothing_of_the_account_or_the_machine_goes_along(tmp_path, kept):
    with begin(tmp_path) as run:
        run.end("FINISHED")
    made = kept()[1]
    assert set(made.data.tags) == {"sluis.tenant", "mlflow.runName"}


def test_without_mlflow_the_remedy_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(tracking.TrackingAway, match=r"pip install 'sluis\[mlflow\]'"), begin(tmp_path):
        pytest.fail("work began")


def test_where_nobody_answers_no_work_begins(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with (
        pytest.raises(tracking.TrackingAway, match=r"MLflow at http://127\.0\.0\.1:1 takes no run.*Connection refused"),
        tracking.run("http://127.0.0.1:1", "sluis-acme", {}),
    ):
        pytest.fail("work began")


def test_a_password_does_not_belong_in_an_address_that_is_told():
    with pytest.raises(Invalid, match="MLFLOW_TRACKING_PASSWORD") as refused, tracking.run("https://a:b@c/", "x", {}):
        pytest.fail("work began")
    assert "a:b" not in str(refused.value)


def test_nor_is_the_password_of_a_database_told(monkeypatch):
    address = "nosuch://ann:hush@db.example/mlflow"
    with pytest.raises(tracking.TrackingAway, match="nosuch://db.example") as refused, tracking.run(address, "x", {}):
        pytest.fail("work began")
    assert "hush" not in str(refused.value)
