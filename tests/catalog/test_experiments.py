"""Experiments: one at a time, each name once, kept for good. On both databases."""

from datetime import timedelta

import pytest

from catalog import experiments
from catalog.errors import NotFound
from catalog.experiments import ExperimentRuns, NameTaken
from catalog.ids import TenantId
from catalog.records import Arm, Experiment
from tests.make import NOW

ARMS = (Arm("old", 0.25, "heuristic-1"), Arm("new", 0.75, "ranker-x", {"mmr_weight": 0.5, "per_source": 2}))


def experiment(name="wider", **given):
    return Experiment(name, **({"arms": ARMS, "started_at": NOW, "started_by": "Dora"} | given))


@pytest.fixture
def connection(database):
    with database.write() as opened:
        yield opened


def test_what_runs_is_read_back_as_it_was_started(connection, tenant):
    assert experiments.running(connection, tenant) is None
    experiments.start(connection, tenant, experiment())
    assert experiments.running(connection, tenant) == experiment()
    assert experiments.get(connection, tenant, "wider") == experiment()
    assert experiments.running(connection, TenantId("other")) is None


def test_one_runs_at_a_time_and_no_name_is_used_twice(connection, tenant):
    experiments.start(connection, tenant, experiment())
    with pytest.raises(ExperimentRuns, match="sluis experiment stop wider"):
        experiments.start(connection, tenant, experiment("another"))
    later = NOW + timedelta(days=1)
    experiments.stop(connection, tenant, "wider", "Dora", later)
    assert experiments.running(connection, tenant) is None
    with pytest.raises(NameTaken):
        experiments.start(connection, tenant, experiment())
    experiments.start(connection, tenant, experiment("another", started_at=later))
    assert [one.name for one in experiments.every(connection, tenant)] == ["another", "wider"]
    assert experiments.get(connection, tenant, "wider").stopped_at == later


def test_what_does_not_run_cannot_be_stopped(connection, tenant):
    for name in ("wider", "unheard-of"):
        with pytest.raises(NotFound, match="sluis experiment list"):
            experiments.stop(connection, tenant, name, "Dora", NOW)
    with pytest.raises(NotFound):
        experiments.get(connection, tenant, "wider")


@pytest.mark.parametrize(
    "arms",
    [
        ARMS[:1],
        (ARMS[0], ARMS[0]),
        (ARMS[0], Arm("new", 0.7, "x")),
        (Arm("old", 1.0, "x"), Arm("new", 0.0, "x")),
        (Arm("old", float("nan"), "x"), Arm("new", 0.5, "x")),
    ],
)
def test_arms_that_are_not_everybody_are_refused(arms):
    with pytest.raises(ValueError, match="arm"):
        experiment(arms=arms)
