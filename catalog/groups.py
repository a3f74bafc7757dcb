"""Groups of an identity provider, who is in them, and what an administrator said that they give."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select, update

from catalog import tables, tables_edge
from catalog.database import insert, parts, record, values
from catalog.errors import NotFound
from catalog.ids import EmployeeId, GroupId, TenantId

_g = tables_edge.people_groups
_m = tables_edge.group_members
_r = tables_edge.group_rules
_p = tables.employees


class UnknownGroup(NotFound):
    """No such group for this tenant."""

    code = "unknown_group"


class Kind(StrEnum):
    """By what a rule knows its group: what it is called, the provider's id of it; or it is about a department."""

    NAME = "name"
    EXTERNAL_ID = "external_id"
    DEPARTMENT = "department"


@dataclass(frozen=True, slots=True)
class Group:
    """A group, without its members."""

    id: GroupId
    display_name: str
    external_id: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """That a group or department gives its people one value on an axis; with an empty axis: that it gives nothing."""

    kind: Kind
    name: str
    axis: str
    value: str


def get(connection: Connection, tenant: TenantId, group: GroupId, *, lock: bool = False) -> Group:
    """One group. With `lock` nobody else changes it before this transaction ends."""
    query = select(_g).where(_g.c.tenant_id == tenant, _g.c.id == group)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise UnknownGroup(f"there is no group {group}")
    return record(Group, row)


def every(connection: Connection, tenant: TenantId) -> list[Group]:
    """All groups, by name."""
    rows = connection.execute(select(_g).where(_g.c.tenant_id == tenant).order_by(_g.c.display_name, _g.c.id))
    return [record(Group, row) for row in rows]


def find(
    connection: Connection, tenant: TenantId, where: ColumnElement[bool], offset: int, limit: int
) -> tuple[int, list[Group]]:
    """How many groups a condition on their columns holds for, and which are on this page, by id."""
    mine = (_g.c.tenant_id == tenant, where)
    total = connection.execute(select(func.count()).select_from(_g).where(*mine)).scalar_one()
    if offset >= total or not limit:
        return total, []
    page = select(_g).where(*mine).order_by(_g.c.id).offset(offset).limit(limit)
    return total, [record(Group, row) for row in connection.execute(page)]


def has_member(where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of a group: that somebody is in it for whom a condition on `employees` holds."""
    of = (_m.c.tenant_id == _g.c.tenant_id, _m.c.group_id == _g.c.id)
    them = (_p.c.tenant_id == _m.c.tenant_id, _p.c.id == _m.c.employee_id)
    return exists().where(*of, *them, where).correlate(_g)


def is_member(where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of a person: that they are in a group for which a condition on `people_groups` holds."""
    of = (_m.c.tenant_id == _p.c.tenant_id, _m.c.employee_id == _p.c.id)
    them = (_g.c.tenant_id == _m.c.tenant_id, _g.c.id == _m.c.group_id)
    return exists().where(*of, *them, where).correlate(_p)


def save(connection: Connection, tenant: TenantId, group: Group) -> None:
    """Keep a group as it is described, whether its id is known or not."""
    row = values(group) | {"tenant_id": tenant}
    made = insert(connection, _g).values(row)
    told = {name: made.excluded[name] for name in ("display_name", "external_id", "changed_at")}
    connection.execute(made.on_conflict_do_update(index_elements=["tenant_id", "id"], set_=told))


def remove(connection: Connection, tenant: TenantId, group: GroupId) -> None:
    """Remove a group; nobody is in it any more."""
    get(connection, tenant, group)
    connection.execute(delete(_g).where(_g.c.tenant_id == tenant, _g.c.id == group))


def touch(connection: Connection, tenant: TenantId, group: GroupId, now: datetime) -> None:
    """Say that a group has changed."""
    connection.execute(update(_g).where(_g.c.tenant_id == tenant, _g.c.id == group).values(changed_at=now))


def members(connection: Connection, tenant: TenantId, ids: Collection[GroupId]) -> dict[GroupId, set[EmployeeId]]:
    """Who is in these groups."""
    found: dict[GroupId, set[EmployeeId]] = {each: set() for each in ids}
    for some in parts(ids):
        query = select(_m.c.group_id, _m.c.employee_id).where(_m.c.tenant_id == tenant, _m.c.group_id.in_(some))
        for row in connection.execute(query):
            found[GroupId(row.group_id)].add(EmployeeId(row.employee_id))
    return found


def of_people(connection: Connection, tenant: TenantId, ids: Collection[EmployeeId]) -> dict[EmployeeId, list[Group]]:
    """In which groups these people are, by id."""
    found: dict[EmployeeId, list[Group]] = defaultdict(list)
    joined = _m.join(_g, (_g.c.tenant_id == _m.c.tenant_id) & (_g.c.id == _m.c.group_id))
    for some in parts(ids):
        query = select(_m.c.employee_id, _g).select_from(joined)
        query = query.where(_m.c.tenant_id == tenant, _m.c.employee_id.in_(some)).order_by(_g.c.id)
        for row in connection.execute(query):
            found[EmployeeId(row.employee_id)].append(record(Group, row))
    return found


def join(connection: Connection, tenant: TenantId, group: GroupId, ids: Iterable[EmployeeId]) -> None:
    """Put people into a group; those who are in it already stay."""
    rows = [{"tenant_id": tenant, "group_id": group, "employee_id": each} for each in sorted(ids)]
    for some in parts(rows):
        connection.execute(insert(connection, _m).on_conflict_do_nothing(), some)


def leave(connection: Connection, tenant: TenantId, group: GroupId, ids: Iterable[EmployeeId]) -> None:
    """Take people out of a group; those who are not in it are passed over."""
    for some in parts(sorted(ids)):
        theirs = (_m.c.tenant_id == tenant, _m.c.group_id == group, _m.c.employee_id.in_(some))
        connection.execute(delete(_m).where(*theirs))


def rules(connection: Connection, tenant: TenantId) -> list[Rule]:
    """What an administrator said, by name."""
    order = (_r.c.kind, _r.c.name, _r.c.axis, _r.c.value)
    rows = connection.execute(select(_r).where(_r.c.tenant_id == tenant).order_by(*order))
    return [Rule(Kind(row.kind), row.name, row.axis, row.value) for row in rows]


def set_rules(connection: Connection, tenant: TenantId, before: Iterable[Rule], after: Iterable[Rule]) -> None:
    """Let some rules take the place of others."""
    for each in before:
        same = [_r.c[name] == getattr(each, name) for name in ("kind", "name", "axis", "value")]
        connection.execute(delete(_r).where(_r.c.tenant_id == tenant, *same))
    rows = [values(each) | {"tenant_id": tenant} for each in after]
    if rows:
        connection.execute(insert(connection, _r), rows)
