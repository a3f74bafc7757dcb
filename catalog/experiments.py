"""Experiments on people: one runs at a time, and what ran stays on record with what it compared."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from catalog import tables, tenants
from catalog.database import insert, record, values
from catalog.errors import Conflict, NotFound
from catalog.ids import TenantId
from catalog.records import Arm, Experiment

_e = tables.experiments

_RUNNING = select(_e).where(_e.c.tenant_id == bindparam("tenant"), _e.c.stopped_at.is_(None))
"""Built once, as every feed asks."""


class ExperimentRuns(Conflict):
    """One is running already, and people in two at once would tell of neither."""

    code = "experiment_runs"


class NameTaken(Conflict):
    """An earlier experiment has this name. The name decides who gets what, so none is used twice."""

    code = "experiment_name_taken"


def start(connection: Connection, tenant: TenantId, experiment: Experiment) -> None:
    """From the next feed on people get the arm that is theirs. Raises ExperimentRuns, and NameTaken."""
    tenants.get(connection, tenant, lock=True)
    now_running = running(connection, tenant)
    if now_running:
        raise ExperimentRuns(f"{now_running.name} is running: 'sluis experiment stop {now_running.name}' ends it")
    if any(one.name == experiment.name for one in every(connection, tenant)):
        raise NameTaken(f"there was an experiment {experiment.name} before: give this one a name of its own")
    row = values(experiment, "arms") | {"tenant_id": tenant, "arms": [values(arm) for arm in experiment.arms]}
    connection.execute(insert(connection, _e).values(row))


def stop(connection: Connection, tenant: TenantId, name: str, by: str, now: datetime) -> None:
    """From the next feed on everybody gets the usual again. Raises NotFound where it does not run."""
    mine = (_e.c.tenant_id == tenant, _e.c.name == name, _e.c.stopped_at.is_(None))
    if not connection.execute(update(_e).where(*mine).values(stopped_at=now, stopped_by=by)).rowcount:
        raise NotFound(f"no experiment {name} is running: 'sluis experiment list' shows them")


def running(connection: Connection, tenant: TenantId) -> Experiment | None:
    """The one that runs now."""
    row = connection.execute(_RUNNING, {"tenant": tenant}).one_or_none()
    return _experiment(row) if row else None


def get(connection: Connection, tenant: TenantId, name: str) -> Experiment:
    """One experiment, running or not."""
    row = connection.execute(select(_e).where(_e.c.tenant_id == tenant, _e.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"there is no experiment {name}: 'sluis experiment list' shows them")
    return _experiment(row)


def every(connection: Connection, tenant: TenantId) -> list[Experiment]:
    """All of a tenant's, the newest first."""
    query = select(_e).where(_e.c.tenant_id == tenant).order_by(_e.c.started_at.desc(), _e.c.name)
    return [_experiment(row) for row in connection.execute(query)]


def _experiment(row: Row[Any]) -> Experiment:
    return record(Experiment, row, arms=tuple(Arm(**arm) for arm in row.arms))
