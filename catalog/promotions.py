"""Rankers that were to rank: who asked for it, and what the gate said. Work is a query: what waits is claimed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from catalog import tables_edge
from catalog.claims import Claim, ClaimQuery, claim, finish
from catalog.database import insert, record, values
from catalog.ids import TenantId, new_id
from catalog.records import PromotionState

_p = tables_edge.promotions

LEASE: Final = timedelta(hours=1)
"""How long one may be judged: the gate reads the whole log."""

_WAITING = ClaimQuery(_p, _p.c.state == PromotionState.WAITING, _p.c.asked_at)


@dataclass(frozen=True, slots=True)
class Promotion:
    """One request to let a ranker rank. `reason` is the gate's word on it, or what went wrong; empty while it waits.

    `difference`, challenger less champion, and `low` and `high` of it are what the gate measured, on so many `slates`;
    None where those were too few to tell.
    """

    id: str
    model: str
    asked_at: datetime
    asked_by: str
    state: PromotionState
    reason: str = ""
    slates: int | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    decided_at: datetime | None = None


def ask(connection: Connection, tenant: TenantId, model: str, by: str, now: datetime) -> Promotion:
    """Ask for a ranker to be judged. Where that was asked already and waits, it is the one that waits."""
    standing = latest(connection, tenant, [model]).get(model)
    if standing and standing.state is PromotionState.WAITING:
        return standing
    made = Promotion(new_id(), model, now, by, PromotionState.WAITING)
    note(connection, tenant, made)
    return made


def note(connection: Connection, tenant: TenantId, made: Promotion) -> None:
    """Keep one, whatever became of it."""
    connection.execute(insert(connection, _p).values(tenant_id=tenant, **values(made)))


def latest(connection: Connection, tenant: TenantId, models: Collection[str]) -> dict[str, Promotion]:
    """The last request for each model, by its name."""
    order = (_p.c.asked_at, _p.c.decided_at.is_(None), _p.c.id)
    query = select(_p).where(_p.c.tenant_id == tenant, _p.c.model.in_(models)).order_by(*order)
    return {row.model: _promotion(row) for row in connection.execute(query)}


def waiting(connection: Connection, tenant: TenantId, now: datetime) -> bool:
    """Whether any is to be judged that nobody has claimed."""
    free = _p.c.lease_until.is_(None) | (_p.c.lease_until <= now)
    query = select(_p.c.id).where(_p.c.tenant_id == tenant, _p.c.state == PromotionState.WAITING, free)
    return connection.execute(query.limit(1)).first() is not None


def claim_waiting(connection: Connection, tenant: TenantId, now: datetime) -> Claim:
    """The one that has waited longest and is nobody's; read it with `claimed`."""
    return claim(connection, _WAITING, tenant, 1, now, LEASE)


def claimed(found: Claim) -> list[Promotion]:
    """What was claimed."""
    return [_promotion(row) for row in found.rows]


def decide(connection: Connection, tenant: TenantId, judged: Promotion, token: str) -> None:
    """Write down what became of one that was claimed. Raises LeaseLost."""
    outcome = values(judged, "id", "model", "asked_at", "asked_by")
    finish(connection, _p, tenant, judged.id, token, outcome)


def _promotion(row: Any) -> Promotion:
    return record(Promotion, row, state=PromotionState(row.state))
