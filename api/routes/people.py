"""The directory of employees: who they are, what they chose, and whether they take part."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import Connection

from api.dependencies import V1, Reading, Wired, Writing
from api.directory import (
    ConsentIn,
    EmployeeBatchItem,
    EmployeeIn,
    EmployeeOut,
    EmployeePatch,
    EmployeeResult,
    EmployeesIn,
    EmployeesOut,
    InterestsIn,
    PersonalData,
    changed,
    employee_out,
    made,
)
from api.idempotency import once
from api.ids import EXTERNAL, EmployeeRef, employee
from api.paging import PRINTABLE, Cursor, Limit, Page, page, place
from api.security import Managing
from catalog import people
from catalog.consents import Consent
from catalog.errors import Conflict, Invalid, NotFound
from catalog.ids import EmployeeId, TenantId
from catalog.people import UnknownEmployee
from catalog.records import LONGEST_VALUE, Employee
from curation import directory
from curation.directory import ADDRESS_CHARACTERS, BadPerson

router = APIRouter(prefix=V1, tags=["people"])


@router.get("/employees", summary="The directory, page by page")
def listed(
    key: Managing,
    connection: Reading,
    function: Annotated[
        str | None, Query(max_length=LONGEST_VALUE, pattern=PRINTABLE, description="Only people with it.")
    ] = None,
    opted_in: Annotated[bool | None, Query(description="Only those who take part, or who do not.")] = None,
    q: Annotated[
        str,
        Query(
            max_length=ADDRESS_CHARACTERS,
            pattern=PRINTABLE,
            description="How their address, name or external id begins.",
        ),
    ] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EmployeeOut]:
    """By e-mail address."""
    after = place(cursor, 1)
    found = people.page(
        connection,
        key.tenant,
        limit + 1,
        after[0] if after else None,
        function=function,
        opted_in=opted_in,
        start=q,
    )
    return page(found, limit, employee_out, lambda person: (person.email,))


@router.post("/employees:batch", summary="Many employees at once")
@once
def many(wired: Wired, key: Managing, connection: Writing, batch: EmployeesIn) -> EmployeesOut:
    """Each is created or replaced, and stands for itself: one that is refused keeps back no other."""
    results = [_one_of_many(wired, key.tenant, f"key {key.label}", connection, said) for said in batch.employees]
    return EmployeesOut(results=results)


@router.get("/employees/{employee_id}", summary="One employee")
def read(key: Managing, connection: Reading, employee_id: EmployeeRef) -> EmployeeOut:
    """Who they are, what they chose, and whether they take part."""
    return employee_out(_known(connection, key.tenant, employee_id))


@router.put(
    "/employees/{employee_id}",
    summary="Create or replace an employee",
    responses={201: {"model": EmployeeOut, "description": "Somebody new."}},
)
def put(
    wired: Wired,
    key: Managing,
    connection: Writing,
    response: Response,
    employee_id: EmployeeRef,
    said: EmployeeIn,
) -> EmployeeOut:
    """By `ext:…` somebody new is created (201), not opted in; by our id only who is known can be replaced.

    Consent and interests stay as they were. Refused with 409 where somebody else has this address or external id.
    """
    known = None
    if employee_id.startswith(EXTERNAL):
        external_id = employee_id.removeprefix(EXTERNAL)
        if said.external_id not in (None, external_id):
            raise BadPerson("external_id is another one than in the address: send the same, or leave it out")
        said = said.model_copy(update={"external_id": external_id})
        known = _found(connection, key.tenant, employee_id)
    else:
        known = _known(connection, key.tenant, employee_id)
    person = made(said, wired.taxonomy(connection, key.tenant), wired.clock(), known)
    if people.save(connection, key.tenant, person, f"key {key.label}", wired.clock()):
        response.status_code = 201
    return employee_out(people.get(connection, key.tenant, person.id))  # what groups give them stands beside it


@router.patch("/employees/{employee_id}", summary="Change a part of an employee")
@once
def patch(
    wired: Wired, key: Managing, connection: Writing, employee_id: EmployeeRef, said: EmployeePatch
) -> EmployeeOut:
    """Only the fields that are there change."""
    known = _known(connection, key.tenant, employee_id)
    fields = said.model_dump(include=said.model_fields_set)
    person = changed(known, fields, wired.taxonomy(connection, key.tenant))
    people.save(connection, key.tenant, person, f"key {key.label}", wired.clock())
    return employee_out(people.get(connection, key.tenant, person.id))  # what groups give them stands beside it


@router.delete("/employees/{employee_id}", status_code=204, summary="Erase an employee")
def erase(key: Managing, connection: Writing, employee_id: EmployeeRef) -> None:
    """For good: what they were offered goes, what they did stays as counts that point to nobody."""
    people.erase(connection, key.tenant, employee(connection, key.tenant, employee_id))


@router.put("/employees/{employee_id}/interests", summary="The topics that an employee chose")
def interests(
    wired: Wired, key: Managing, connection: Writing, employee_id: EmployeeRef, said: InterestsIn
) -> EmployeeOut:
    """They count until what the person reads says more."""
    known = _known(connection, key.tenant, employee_id)
    person = changed(known, {"interests": said.topics}, wired.taxonomy(connection, key.tenant))
    people.save(connection, key.tenant, person, f"key {key.label}", wired.clock())
    return employee_out(people.get(connection, key.tenant, person.id))  # what groups give them stands beside it


@router.put("/employees/{employee_id}/consent", summary="Whether an employee takes part")
def consent(wired: Wired, key: Managing, connection: Writing, employee_id: EmployeeRef, said: ConsentIn) -> EmployeeOut:
    """Holds from their next request. The answer is kept with its moment and the label of this key, as evidence."""
    person = employee(connection, key.tenant, employee_id)
    people.set_opted_in(connection, key.tenant, person, Consent(wired.clock(), said.opted_in, f"key {key.label}"))
    if said.pick_days is not None:
        people.set_pick_days(connection, key.tenant, person, directory.weekdays(said.pick_days))
    return employee_out(people.get(connection, key.tenant, person))


@router.get("/employees/{employee_id}/data", summary="All that is kept of an employee")
def data(key: Managing, connection: Reading, employee_id: EmployeeRef) -> PersonalData:
    """Table by table: their right to see it."""
    return PersonalData(kept=people.export(connection, key.tenant, employee(connection, key.tenant, employee_id)))


def _known(connection: Connection, tenant: TenantId, ref: str) -> Employee:
    return people.get(connection, tenant, employee(connection, tenant, ref))


def _found(connection: Connection, tenant: TenantId, ref: str) -> Employee | None:
    try:
        return _known(connection, tenant, ref)
    except UnknownEmployee:
        return None


def _one_of_many(
    wired: Wired, tenant: TenantId, via: str, connection: Connection, said: EmployeeBatchItem
) -> EmployeeResult:
    try:
        known = _one(connection, tenant, said)
        person = made(said, wired.taxonomy(connection, tenant), wired.clock(), known)
        new = people.save(connection, tenant, person, via, wired.clock())
    except (Conflict, Invalid, NotFound) as error:
        return EmployeeResult(
            id=str(said.id) if said.id else None,
            external_id=said.external_id,
            status="refused",
            code=error.code,
            detail=str(error),
        )
    status = "created" if new else "updated"
    return EmployeeResult(id=person.id, external_id=person.external_id, status=status)


def _one(connection: Connection, tenant: TenantId, said: EmployeeBatchItem) -> Employee | None:
    """Whom one of many is about. Raises UnknownEmployee for an id of ours that nobody has."""
    if said.id is not None:
        return people.get(connection, tenant, EmployeeId(str(said.id)))
    external_id = directory.external_id(said.external_id)
    if external_id is not None:
        return _found(connection, tenant, EXTERNAL + external_id)
    return people.by_email_if_known(connection, tenant, directory.address(said.email))
