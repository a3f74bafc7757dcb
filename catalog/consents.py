"""When somebody said yes or no to being offered articles, and through what: the evidence that they were asked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from catalog import tables
from catalog.database import insert, record
from catalog.ids import EmployeeId, TenantId

_c = tables.consents


@dataclass(frozen=True, slots=True)
class Consent:
    """One answer. `via` names the key, the file or the command through which it came."""

    at: datetime
    opted_in: bool
    via: str


def note(connection: Connection, tenant: TenantId, employee: EmployeeId, consent: Consent) -> None:
    """Keep an answer."""
    answered = select(func.count()).where(*_of(tenant, employee))
    number = connection.execute(answered).scalar_one() + 1
    row = {"tenant_id": tenant, "employee_id": employee, "number": number}
    told = {"at": consent.at, "opted_in": consent.opted_in, "via": consent.via}
    connection.execute(insert(connection, _c).values(row | told))


def every(connection: Connection, tenant: TenantId, employee: EmployeeId) -> list[Consent]:
    """What one person answered, in order."""
    query = select(_c).where(*_of(tenant, employee)).order_by(_c.c.number)
    return [record(Consent, row) for row in connection.execute(query)]


def _of(tenant: TenantId, employee: EmployeeId) -> tuple[ColumnElement[bool], ...]:
    return (_c.c.tenant_id == tenant, _c.c.employee_id == employee)
