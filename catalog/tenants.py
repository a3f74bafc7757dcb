"""The organisations served, and the two counters each one has."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from catalog import tables
from catalog.database import insert, record, values
from catalog.errors import NotFound
from catalog.ids import TenantId
from catalog.records import FUNCTION, Tenant

_t = tables.tenants

_ONE = select(_t).where(_t.c.tenant_id == bindparam("tenant"))
_ONE_LOCKED = _ONE.with_for_update()
"""Built once, as nearly every transaction asks."""
_SET_SEQ = update(_t).where(_t.c.tenant_id == bindparam("tenant")).values(seq=bindparam("seq"))
"""Built once, as every batch of events asks."""


def ensure(connection: Connection, tenant: TenantId, name: str, now: datetime) -> None:
    """Make the tenant where it is not there yet, with function as its only hard axis."""
    row = values(Tenant(name, (FUNCTION,))) | {"tenant_id": tenant, "created_at": now}
    connection.execute(insert(connection, _t).values(row).on_conflict_do_nothing())


def get(connection: Connection, tenant: TenantId, *, lock: bool = False) -> Tenant:
    """The tenant as it is now. With `lock`, nobody else appends events until this transaction ends."""
    row = connection.execute(_ONE_LOCKED if lock else _ONE, {"tenant": tenant}).one_or_none()
    if row is None:
        raise NotFound(f"there is no tenant {tenant!r}: run 'sluis init' first")
    return record(Tenant, row, hard_axes=tuple(row.hard_axes))


def census(connection: Connection) -> int:
    """How many organisations there are, as far as this connection sees any."""
    return int(connection.execute(select(func.count()).select_from(_t)).scalar_one())


def set_hard_axes(connection: Connection, tenant: TenantId, axes: tuple[str, ...]) -> None:
    """Along which axes eligibility must hold from now on. Tenant's rules decide what is allowed."""
    checked = Tenant("", axes)
    connection.execute(update(_t).where(_t.c.tenant_id == tenant).values(hard_axes=list(checked.hard_axes)))
    touch(connection, tenant)


def set_encoder(connection: Connection, tenant: TenantId, digest: str) -> None:
    """Whose vectors are in use from now on; vectors of different encoders never meet."""
    connection.execute(update(_t).where(_t.c.tenant_id == tenant).values(encoder=digest))
    touch(connection, tenant)


def set_certifying(connection: Connection, tenant: TenantId, since: datetime | None, by: str) -> None:
    """From when on curators are asked blind, so that taggers can be certified; None for no longer. On whose word."""
    told = {"certify_since": since, "certify_by": by}
    connection.execute(update(_t).where(_t.c.tenant_id == tenant).values(told))


def touch(connection: Connection, tenant: TenantId) -> None:
    """Say that what can be served has changed: every cached snapshot and standing slate is out of date."""
    connection.execute(update(_t).where(_t.c.tenant_id == tenant).values(content_version=_t.c.content_version + 1))


def touch_vocabulary(connection: Connection, tenant: TenantId) -> int:
    """Say that the organisation's own words have changed: whoever keeps them must read them again. The new version."""
    grown = update(_t).where(_t.c.tenant_id == tenant).values(vocabulary_version=_t.c.vocabulary_version + 1)
    return int(connection.execute(grown.returning(_t.c.vocabulary_version)).scalar_one())


def set_seq(connection: Connection, tenant: TenantId, seq: int) -> None:
    """Where the event log ends now. The caller holds the tenant's lock."""
    connection.execute(_SET_SEQ, {"tenant": tenant, "seq": seq})
