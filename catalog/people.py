"""Employees: who they are, what is known of them, and how every trace of them goes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Row, Select, bindparam, delete, func, or_, select, update

from catalog import consents, provisioned, tables, tables_edge, tenants
from catalog.consents import Consent
from catalog.database import insert, parts, record, values
from catalog.errors import Conflict, Invalid, NotFound
from catalog.ids import EmployeeId, TenantId
from catalog.records import FUNCTION, Axes, Employee

_p = tables.employees
_m = tables.memberships

_SET: Final = ""
"""The origin of a value that somebody set."""
_STAY: Final = (
    select(_p.c.id)
    .where(_p.c.tenant_id == bindparam("tenant"), _p.c.id == bindparam("employee"))
    .with_for_update(read=True, key_share=True)
)


class PersonExists(Conflict):
    """Somebody else has this e-mail address or external id."""

    code = "person_exists"


class UnknownEmployee(NotFound):
    """No such person for this tenant."""

    code = "unknown_employee"


def get(connection: Connection, tenant: TenantId, employee: EmployeeId, *, stay: bool = False) -> Employee:
    """One person. With `stay` nobody erases them before this transaction ends; whoever is doing so is waited for."""
    if stay:
        connection.execute(_STAY, {"tenant": tenant, "employee": employee}).all()
    found = _one(connection, tenant, _p.c.id, employee)
    if found is None:
        raise UnknownEmployee(f"there is no employee {employee}: 'sluis people list' shows who is known")
    return found


def hold(connection: Connection, tenant: TenantId, ids: Collection[EmployeeId]) -> None:
    """Let nobody else change these people before this transaction ends: what is read now is what will be changed."""
    for some in parts(sorted(ids)):
        them = select(_p.c.id).where(_p.c.tenant_id == tenant, _p.c.id.in_(some)).order_by(_p.c.id)
        connection.execute(them.with_for_update(key_share=True)).all()


def many(connection: Connection, tenant: TenantId, ids: Collection[EmployeeId]) -> list[Employee]:
    """These people, by id."""
    found = [one for some in parts(ids) for one in _read(connection, tenant, _p.c.id.in_(some))]
    return sorted(found, key=lambda one: one.id)


def changed_at(connection: Connection, tenant: TenantId, ids: Collection[EmployeeId]) -> dict[EmployeeId, datetime]:
    """When these people were last changed, or made."""
    found: dict[EmployeeId, datetime] = {}
    for some in parts(ids):
        query = select(_p.c.id, provisioned.CHANGED_AT.label("at")).where(_p.c.tenant_id == tenant, _p.c.id.in_(some))
        found |= {EmployeeId(row.id): row.at for row in connection.execute(query)}
    return found


def by_email(connection: Connection, tenant: TenantId, email: str) -> Employee:
    """The person with this address."""
    found = by_email_if_known(connection, tenant, email.strip().lower())
    if found is None:
        raise UnknownEmployee(f"there is no employee with address {email}: 'sluis people list' shows who is known")
    return found


def by_email_if_known(connection: Connection, tenant: TenantId, email: str) -> Employee | None:
    """The person with this address, if there is one."""
    return _one(connection, tenant, _p.c.email, email)


def by_external_id(connection: Connection, tenant: TenantId, external_id: str) -> Employee:
    """The person whom another program calls so."""
    found = _one(connection, tenant, _p.c.external_id, external_id)
    if found is None:
        raise UnknownEmployee(f"there is no employee ext:{external_id}: 'sluis people list --json' shows who is known")
    return found


def every(connection: Connection, tenant: TenantId) -> list[Employee]:
    """Everybody, by address."""
    return _read(connection, tenant, None)


def by_value(connection: Connection, tenant: TenantId) -> dict[tuple[str, str], int]:
    """How many people who take part have each value of each axis."""
    joined = _m.join(_p, (_p.c.tenant_id == _m.c.tenant_id) & (_p.c.id == _m.c.employee_id))
    people = func.count(_m.c.employee_id.distinct())  # one value may have several origins
    query = select(_m.c.axis, _m.c.value, people).select_from(joined)
    query = query.where(_m.c.tenant_id == tenant, _p.c.opted_in, _p.c.active)
    return {(axis, value): count for axis, value, count in connection.execute(query.group_by(_m.c.axis, _m.c.value))}


def page(
    connection: Connection,
    tenant: TenantId,
    limit: int,
    after: str | None = None,
    *,
    function: str | None = None,
    opted_in: bool | None = None,
    start: str = "",
) -> list[Employee]:
    """People by address, those after the address `after`; `start` is how address, name or external id begin."""
    which = [] if after is None else [_p.c.email > after]
    if function is not None:
        theirs = (_m.c.tenant_id == tenant, _m.c.axis == FUNCTION, _m.c.value == function)
        which.append(_p.c.id.in_(select(_m.c.employee_id).where(*theirs)))
    if opted_in is not None:
        which.append(_p.c.opted_in == opted_in)
    if start:
        columns = (_p.c.email, _p.c.name, _p.c.external_id)
        which.append(or_(*(column.istartswith(start, autoescape=True) for column in columns)))
    ids = select(_p.c.id).where(_p.c.tenant_id == tenant, *which).order_by(_p.c.email).limit(limit)
    found = connection.execute(ids).scalars().all()
    return _read(connection, tenant, _p.c.id.in_(found)) if found else []


def save(connection: Connection, tenant: TenantId, person: Employee, via: str, now: datetime) -> bool:
    """Keep somebody as they are described, whether their id is known or not. Whether they are new.

    Raises PersonExists where another has their address or external id. An answer that changed is noted. What is lent
    to them stays as it is: see `lend`.
    """
    before = next(iter(_read(connection, tenant, _p.c.id == person.id)), None)
    _require_free(connection, tenant, person)
    row = values(person, "axes", "lent") | {"changed_at": now}
    if before is None:
        connection.execute(insert(connection, _p).values(row | {"tenant_id": tenant}))
    else:
        connection.execute(update(_p).where(_p.c.tenant_id == tenant, _p.c.id == person.id).values(row))
    if person.opted_in != (before is not None and before.opted_in):
        consents.note(connection, tenant, person.id, Consent(now, person.opted_in, via))
    if before is None or before.own != person.own or before.lent != person.lent:
        _place(connection, tenant, person.id, person.own)
    if before is not None and (before.name, before.email) != (person.name, person.email):
        provisioned.follow(connection, tenant, before, person)
    return before is None


def lend(
    connection: Connection, tenant: TenantId, given: Mapping[EmployeeId, Mapping[str, Axes]], now: datetime
) -> int:
    """Let these people have the values that each origin gives them, and none that was lent to them before.

    What somebody set stays. Returns for how many people anything changed.
    """
    changed = 0
    for some in parts(sorted(given)):
        held = defaultdict[str, set[tuple[str, str, str]]](set)
        theirs = (_m.c.tenant_id == tenant, _m.c.employee_id.in_(some), _m.c.origin != _SET)
        for row in connection.execute(select(_m).where(*theirs)):
            held[row.employee_id].add((row.origin, row.axis, row.value))
        wanted = {
            each: [row for of, axes in given[each].items() for row in _rows(tenant, each, of, axes)] for each in some
        }
        other = [
            each for each in some if held[each] != {(row["origin"], row["axis"], row["value"]) for row in wanted[each]}
        ]
        if not other:
            continue
        connection.execute(delete(_m).where(*theirs, _m.c.employee_id.in_(other)))
        rows = [row for each in other for row in wanted[each]]
        if rows:
            connection.execute(insert(connection, _m), rows)
        mine = (_p.c.tenant_id == tenant, _p.c.id.in_(other))
        connection.execute(update(_p).where(*mine).values(changed_at=now))
        changed += len(other)
    return changed


def known(connection: Connection, tenant: TenantId, ids: Collection[EmployeeId]) -> set[EmployeeId]:
    """Those of these ids that are somebody's."""
    found: set[EmployeeId] = set()
    for some in parts(ids):
        rows = connection.execute(select(_p.c.id).where(_p.c.tenant_id == tenant, _p.c.id.in_(some)))
        found |= {EmployeeId(each) for each in rows.scalars()}
    return found


def upsert(connection: Connection, tenant: TenantId, people: Iterable[Employee]) -> tuple[int, int]:
    """Add these people, or bring those whose address is known up to date (their id stays). Returns (added, updated)."""
    known = {row.email: row for row in connection.execute(select(_p).where(_p.c.tenant_id == tenant))}
    added = updated = 0
    for person in people:
        before = known.get(person.email)
        row_id = before.id if before else None
        details = {"name": person.name, "opted_in": person.opted_in, "changed_at": person.created_at}
        if row_id is None:
            row_id = person.id
            row = details | {"tenant_id": tenant, "id": row_id, "email": person.email, "created_at": person.created_at}
            connection.execute(insert(connection, _p).values(row))
            added += 1
        else:
            connection.execute(update(_p).where(_p.c.tenant_id == tenant, _p.c.id == row_id).values(details))
            updated += 1
            if before is not None and before.name != person.name:
                provisioned.follow(connection, tenant, record(Employee, before, axes={}, lent={}), person)
        if person.opted_in != (before is not None and before.opted_in):
            said = Consent(person.created_at, person.opted_in, "a roster")
            consents.note(connection, tenant, EmployeeId(row_id), said)
        _place(connection, tenant, EmployeeId(row_id), person.own)
    tenants.touch(connection, tenant)
    return added, updated


def set_opted_in(connection: Connection, tenant: TenantId, employee: EmployeeId, said: Consent) -> None:
    """Start or stop offering articles to a person; it holds from their next request. Their answer is noted."""
    get(connection, tenant, employee)
    mine = (_p.c.tenant_id == tenant, _p.c.id == employee)
    connection.execute(update(_p).where(*mine).values(opted_in=said.opted_in))
    consents.note(connection, tenant, employee, said)


def set_pick_days(connection: Connection, tenant: TenantId, employee: EmployeeId, days: str) -> None:
    """On which days of the week this person wants picks, as ISO numbers; on none with an empty text. Raises Invalid."""
    if not set(days) <= set("1234567"):
        raise Invalid(f"{days!r} names no days of the week: 1 is Monday, 7 is Sunday")
    get(connection, tenant, employee)
    wanted = "".join(sorted(set(days)))
    connection.execute(update(_p).where(_p.c.tenant_id == tenant, _p.c.id == employee).values(pick_days=wanted))


def export(connection: Connection, tenant: TenantId, employee: EmployeeId) -> dict[str, Any]:
    """All that is kept of a person, column by column: their right to see it.

    `features` of what was offered are the numbers it was ranked by, in the order of the slate's `feature_names`.
    """
    events, slates, items, came = tables.events, tables.slates, tables.slate_items, tables.feed_items
    picks, aside = tables.picks, tables.quarantined_events
    suggested = [came.c[name] for name in ("url", "announced_at", "state", "article_id")]
    mine = select(slates.c.id).where(slates.c.tenant_id == tenant, slates.c.employee_id == employee)
    queries = {
        "slates": select(slates).where(slates.c.tenant_id == tenant, slates.c.employee_id == employee),
        "offered": select(items).where(items.c.tenant_id == tenant, items.c.slate_id.in_(mine)),
        "events": select(events).where(events.c.tenant_id == tenant, events.c.employee_id == employee),
        "quarantined": select(aside).where(aside.c.tenant_id == tenant, aside.c.employee_id == employee),
        "picks": select(picks.c.day, picks.c.slate_id).where(
            picks.c.tenant_id == tenant, picks.c.employee_id == employee
        ),
        "suggested": select(*suggested).where(came.c.tenant_id == tenant, came.c.suggested_by == employee),
    }
    answered = [values(each) for each in consents.every(connection, tenant, employee)]
    said, member = tables_edge.provisioned, tables_edge.group_members
    of_groups = select(tables_edge.people_groups).where(
        tables_edge.people_groups.c.tenant_id == tenant,
        tables_edge.people_groups.c.id.in_(
            select(member.c.group_id).where(member.c.tenant_id == tenant, member.c.employee_id == employee)
        ),
    )
    queries |= {
        "provisioned": select(said).where(said.c.tenant_id == tenant, said.c.employee_id == employee),
        "groups": of_groups,
    }
    kept = {"consents": answered} | {
        name: [_plain(row) for row in connection.execute(query)] for name, query in queries.items()
    }
    return {"employee": values(get(connection, tenant, employee)), **kept}


def erase(connection: Connection, tenant: TenantId, employee: EmployeeId) -> dict[str, int]:
    """Remove a person. Their slates go; events and suggestions stay, but point to nobody. Returns what was touched."""
    tenants.get(connection, tenant, lock=True)  # events of theirs that are on their way come before this, or fail
    get(connection, tenant, employee)
    events, slates = tables.events, tables.slates
    forget = update(events).where(events.c.tenant_id == tenant, events.c.employee_id == employee)
    anonymised = connection.execute(forget.values(employee_id=None, slate_id=None, axes={})).rowcount
    came = tables.feed_items
    unsigned = update(came).where(came.c.tenant_id == tenant, came.c.suggested_by == employee).values(suggested_by=None)
    suggested = connection.execute(unsigned).rowcount
    gone = connection.execute(delete(slates).where(slates.c.tenant_id == tenant, slates.c.employee_id == employee))
    connection.execute(delete(_p).where(_p.c.tenant_id == tenant, _p.c.id == employee))
    tenants.touch(connection, tenant)
    touched = {"slates removed": gone.rowcount, "events anonymised": anonymised}
    return touched | ({"suggestions anonymised": suggested} if suggested else {})


def _plain(row: Row[Any]) -> dict[str, Any]:
    """Column by column, under names that are plain text: the driver's own kind of text is no key in JSON."""
    return {str(name): value for name, value in row._mapping.items()}


def _require_free(connection: Connection, tenant: TenantId, person: Employee) -> None:
    for what, column, value in (
        ("address", _p.c.email, person.email),
        ("external id", _p.c.external_id, person.external_id),
    ):
        others = select(_p.c.id).where(_p.c.tenant_id == tenant, column == value, _p.c.id != person.id)
        if value is not None and connection.execute(others).first() is not None:
            raise PersonExists(f"another employee has the {what} {value}: change or erase that one first")


def _place(connection: Connection, tenant: TenantId, employee: EmployeeId, own: Axes) -> None:
    theirs = (_m.c.tenant_id == tenant, _m.c.employee_id == employee, _m.c.origin == _SET)
    connection.execute(delete(_m).where(*theirs))
    rows = _rows(tenant, employee, _SET, own)
    if rows:
        connection.execute(insert(connection, _m), rows)


def _rows(tenant: TenantId, employee: EmployeeId, origin: str, axes: Axes) -> list[dict[str, str]]:
    return [
        {"tenant_id": tenant, "employee_id": employee, "axis": axis, "value": value, "origin": origin}
        for axis, chosen in sorted(axes.items())
        for value in sorted(chosen)
    ]


def _one(connection: Connection, tenant: TenantId, column: Column[Any], value: str) -> Employee | None:
    """The person with this value in a column that tells people apart."""
    return next(iter(_together(connection, *_by(column), {"tenant": tenant, "value": value})), None)


@cache
def _by(column: Column[Any]) -> tuple[Select[Any], Select[Any]]:
    """People and places of `_one`. Built once, as every feed asks."""
    mine = (_p.c.tenant_id == bindparam("tenant"), column == bindparam("value"))
    whose = (_m.c.tenant_id == bindparam("tenant"), _m.c.employee_id.in_(select(_p.c.id).where(*mine)))
    return select(_p).where(*mine), select(_m).where(*whose)


def _read(connection: Connection, tenant: TenantId, which: Any) -> list[Employee]:
    people = select(_p).where(_p.c.tenant_id == tenant).order_by(_p.c.email)
    places = select(_m).where(_m.c.tenant_id == tenant)
    if which is not None:
        people = people.where(which)
        places = places.where(_m.c.employee_id.in_(select(_p.c.id).where(_p.c.tenant_id == tenant, which)))
    return _together(connection, people, places, {})


def _together(
    connection: Connection, people: Select[Any], places: Select[Any], asked: Mapping[str, str]
) -> list[Employee]:
    own, lent = (defaultdict[str, dict[str, set[str]]](lambda: defaultdict(set)) for _ in range(2))
    for row in connection.execute(places, asked):
        (own if row.origin == _SET else lent)[row.employee_id][row.axis].add(row.value)
    return [_employee(row, own[row.id], lent[row.id]) for row in connection.execute(people, asked)]


def _employee(row: Row[Any], own: dict[str, set[str]], lent: dict[str, set[str]]) -> Employee:
    theirs, given = ({axis: frozenset(chosen) for axis, chosen in axes.items()} for axes in (own, lent))
    return record(Employee, row, axes=given, lent=given).owning(theirs)
