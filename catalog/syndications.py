"""Secret addresses under which people read their own picks in a feed reader. Only the secret's SHA-256 is kept."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import Connection, delete, select

from catalog import tables_edge
from catalog.database import insert
from catalog.ids import EmployeeId, TenantId

_s = tables_edge.syndications


def make(connection: Connection, tenant: TenantId, employee: EmployeeId, now: datetime) -> str:
    """A new secret for this person, in the place of the one before, if there was one. It is shown this once."""
    revoke(connection, tenant, employee)
    secret = secrets.token_urlsafe(32)
    row = {"tenant_id": tenant, "employee_id": employee, "secret_hash": _hash(secret), "made_at": now}
    connection.execute(insert(connection, _s).values(row))
    return secret


def revoke(connection: Connection, tenant: TenantId, employee: EmployeeId) -> None:
    """Nobody reads anything under it any more."""
    connection.execute(delete(_s).where(_s.c.tenant_id == tenant, _s.c.employee_id == employee))


def whose(connection: Connection, tenant: TenantId, secret: str) -> EmployeeId | None:
    """The person of this secret; None where it is nobody's."""
    query = select(_s.c.employee_id).where(_s.c.tenant_id == tenant, _s.c.secret_hash == _hash(secret))
    found = connection.execute(query).scalar_one_or_none()
    return EmployeeId(found) if found else None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
