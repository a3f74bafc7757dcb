"""Work is a query: rows that need work are claimed for a while, and only the claimant may finish them.

A claim is a lease with a random token. When a worker dies the lease runs out and the row is work again; when a worker
comes back late, its token no longer fits and what it did is thrown away. So nothing is lost, and nothing done twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Integer, Row, Table, and_, bindparam, or_, select, update

from catalog.errors import Conflict
from catalog.ids import TenantId


class LeaseLost(Conflict):
    """The work took longer than its lease, and somebody else has it now."""

    code = "lease_lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that are ours until the lease runs out."""

    token: str
    rows: list[Row[Any]]

    def __bool__(self) -> bool:
        return bool(self.rows)


def claim(
    connection: Connection,
    query: "ClaimQuery",
    tenant: TenantId,
    limit: int,
    now: datetime,
    lease: timedelta,
    **given: Any,
) -> Claim:
    """Take up to `limit` rows that are ready and not leased to anybody, in their order. `given` fills `ready`."""
    token = str(uuid4())
    told = {"of": tenant, "most": limit, "now": now, "until": now + lease, "token": token, **given}
    return Claim(token, list(connection.execute(query.statement, told).all()))


class ClaimQuery:
    """The question for work in one table, put together once: it is asked for every page that is read.

    `ready` may use the parameters `of` (the tenant) and `now`, and others that `claim` is then given.
    """

    def __init__(self, table: Table, ready: ColumnElement[bool], order_by: ColumnElement[Any]) -> None:
        now = bindparam("now", type_=table.c.lease_until.type)
        free = or_(table.c.lease_until.is_(None), table.c.lease_until <= now)
        chosen = (
            select(table.c.id)
            .where(table.c.tenant_id == bindparam("of"), ready, free)
            .order_by(order_by, table.c.id)
            .limit(bindparam("most", type_=Integer))
            .with_for_update(skip_locked=True)
            .cte("chosen")  # as a plain subquery PostgreSQL may run it again per row, and take more than `most`
        )
        self.statement = (
            update(table)
            .where(table.c.tenant_id == bindparam("of"), table.c.id.in_(select(chosen.c.id)))
            .values(lease_until=bindparam("until"), lease_token=bindparam("token"))
            .returning(*table.c)
        )


def finish(
    connection: Connection, table: Table, tenant: TenantId, row_id: str, token: str, values: dict[str, Any]
) -> None:
    """Write the outcome of claimed work and end the lease.

    Raises LeaseLost where the lease went to somebody else; the caller's transaction is then undone.
    """
    mine = and_(table.c.tenant_id == tenant, table.c.id == row_id, table.c.lease_token == token)
    done = connection.execute(update(table).where(mine).values(**values, lease_until=None, lease_token=None))
    if done.rowcount != 1:
        raise LeaseLost(f"{table.name} {row_id} was taken over by another worker: its result stands, ours is dropped")
