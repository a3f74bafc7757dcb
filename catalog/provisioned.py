"""What an identity provider said of people, as it said it.

It decides nothing by itself: what follows from it stands in the employee's own row. It is kept so that the provider
finds again what it wrote. Whoever it never spoke of is shown to it as we know them.
"""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, delete, func, select, update

from catalog import tables, tables_edge
from catalog.database import insert, parts, record, values
from catalog.errors import Conflict
from catalog.ids import EmployeeId, TenantId
from catalog.records import Employee

_s = tables_edge.provisioned
_p = tables.employees
_JOINED: Final = _p.outerjoin(_s, (_s.c.tenant_id == _p.c.tenant_id) & (_s.c.employee_id == _p.c.id))
WORK: Final = "work"
"""The type of the address of somebody of whom no provider spoke."""


class UserNameTaken(Conflict):
    """Somebody else signs in with this name."""

    code = "user_name_taken"


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one person. Of several addresses one is kept, the one that is used."""

    user_name: str
    display_name: str | None = None
    formatted: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    email_type: str | None = None
    email_primary: bool | None = None
    preferred_language: str | None = None
    locale: str | None = None
    department: str | None = None


def folded(text: str) -> str:
    """What two names are compared by: capitals and the way in which accents are written make no difference."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def _shown(name: str, otherwise: ColumnElement[str] | str | bool | None) -> ColumnElement[str]:
    """A column, or for somebody of whom nothing was said what we know of them."""
    return case((_s.c.employee_id.is_(None), otherwise), else_=_s.c[name])


ID: Final = _p.c.id
USER_NAME: Final = _shown("user_name", _p.c.email)
USER_KEY: Final = _shown("user_key", _p.c.email)
DISPLAY_NAME: Final = _shown("display_name", _p.c.name)
EMAIL: Final = _shown("email", _p.c.email)
EMAIL_TYPE: Final = _shown("email_type", WORK)
EMAIL_PRIMARY: Final = case((_s.c.employee_id.is_(None), True), else_=_s.c.email_primary)
CHANGED_AT: Final = func.coalesce(_p.c.changed_at, _p.c.created_at, type_=_p.c.created_at.type)


def many(connection: Connection, tenant: TenantId, ids: Collection[EmployeeId]) -> dict[EmployeeId, Said]:
    """What was said of these people; those of whom nothing was said are left out."""
    found: dict[EmployeeId, Said] = {}
    for some in parts(ids):
        rows = connection.execute(select(_s).where(_s.c.tenant_id == tenant, _s.c.employee_id.in_(some)))
        found |= {EmployeeId(row.employee_id): record(Said, row) for row in rows}
    return found


def find(
    connection: Connection, tenant: TenantId, where: ColumnElement[bool], offset: int, limit: int
) -> tuple[int, list[EmployeeId]]:
    """How many people a condition holds for, and which are on this page, by id. It may name the columns above."""
    mine = (_p.c.tenant_id == tenant, where)
    total = connection.execute(select(func.count()).select_from(_JOINED).where(*mine)).scalar_one()
    if offset >= total or not limit:
        return total, []
    page = select(_p.c.id).select_from(_JOINED).where(*mine).order_by(_p.c.id).offset(offset).limit(limit)
    return total, [EmployeeId(each) for each in connection.execute(page).scalars()]


def keep(connection: Connection, tenant: TenantId, employee: EmployeeId, said: Said) -> None:
    """Keep what is said of somebody, in the place of what was. Raises UserNameTaken."""
    key = folded(said.user_name)
    others = select(_p.c.id).select_from(_JOINED).where(_p.c.tenant_id == tenant, _p.c.id != employee)
    if connection.execute(others.where(USER_KEY.is_not_distinct_from(key))).first() is not None:
        raise UserNameTaken(f"another employee has the user name {said.user_name}: change or erase that one first")
    connection.execute(delete(_s).where(_s.c.tenant_id == tenant, _s.c.employee_id == employee))
    row = values(said) | {"tenant_id": tenant, "employee_id": employee, "user_key": key}
    connection.execute(insert(connection, _s).values(row))


def follow(connection: Connection, tenant: TenantId, before: Employee, after: Employee) -> None:
    """Let what was said agree with an address or a name that somebody else has changed since."""
    said = many(connection, tenant, [before.id]).get(before.id)
    if said is None:
        return
    if before.name != after.name:
        said = replace(said, display_name=after.name)
    if before.email != after.email:
        said = replace(said, email=after.email, email_type=WORK, email_primary=True)
    mine = (_s.c.tenant_id == tenant, _s.c.employee_id == before.id)
    connection.execute(update(_s).where(*mine).values(values(said)))
