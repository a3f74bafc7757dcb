"""What goes over the wire about people, and how it becomes an employee."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from api.schemas import Answer, Ask, Id
from catalog.ids import EmployeeId, new_id
from catalog.records import FUNCTION, LONGEST_EXTERNAL_ID, LONGEST_VALUE, TOPIC, Employee
from catalog.taxonomy import Taxonomy
from curation import directory
from curation.directory import ADDRESS_CHARACTERS, DAYS, MOST_VALUES, NAME_CHARACTERS

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Values = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_VALUE)], ...], Field(max_length=MOST_VALUES)
]

_AXIS_OF: Final[Mapping[str, str]] = {
    "functions": FUNCTION,
    "industries": "industry",
    "languages": "language",
    "regions": "region",
    "units": "unit",
    "interests": TOPIC,
}
"""Which axis a field of the wire is."""


class EmployeeIn(Ask):
    """An employee, whole: what is left out is empty. Nobody is opted in by this; see `consent`."""

    email: Annotated[str, Field(max_length=ADDRESS_CHARACTERS)]
    name: Annotated[str, Field(max_length=NAME_CHARACTERS)]
    external_id: Annotated[
        str | None, Field(min_length=1, max_length=LONGEST_EXTERNAL_ID, description="What your own program calls them.")
    ] = None
    functions: Annotated[
        Values, Field(description="Concepts of the facet `function`; without, only what is for all.")
    ] = ()
    industries: Values = ()
    languages: Annotated[Values, Field(description="Two letters each; none: they read all.")] = ()
    regions: Values = ()
    units: Values = ()


class EmployeePatch(Ask):
    """A part of an employee (RFC 7396): only what is there changes."""

    email: Annotated[str, Field(max_length=ADDRESS_CHARACTERS)] = ""
    name: Annotated[str, Field(max_length=NAME_CHARACTERS)] = ""
    external_id: Annotated[str | None, Field(min_length=1, max_length=LONGEST_EXTERNAL_ID)] = None
    functions: Values = ()
    industries: Values = ()
    languages: Values = ()
    regions: Values = ()
    units: Values = ()


class EmployeeBatchItem(EmployeeIn):
    """One of many: `id` where it is known by ours, else it is found by `external_id` or, without one, by address."""

    id: Id | None = None


class EmployeesIn(Ask):
    """Many at once. Each stands for itself."""

    employees: Annotated[list[EmployeeBatchItem], Field(min_length=1, max_length=1000)]


class InterestsIn(Ask):
    """The topics that somebody chose, whole."""

    topics: Values


class ConsentIn(Ask):
    """Somebody's own answer. Only ever send what they said themselves."""

    opted_in: bool
    pick_days: Annotated[
        list[Day] | None, Field(max_length=7, description="Days on which they want picks; left out: as it was.")
    ] = None


class EmployeeOut(Answer):
    """An employee. Groups of an identity provider may give some of the values; it alone says who is active."""

    id: str
    external_id: str | None
    email: str
    name: str
    functions: list[str]
    industries: list[str]
    languages: list[str]
    regions: list[str]
    units: list[str]
    interests: list[str]
    opted_in: bool
    active: bool
    pick_days: list[Day]
    created_at: datetime


class EmployeeResult(Answer):
    """What became of one of many."""

    id: str | None
    external_id: str | None
    status: Literal["created", "updated", "refused"]
    code: str | None = None
    detail: str | None = None


class EmployeesOut(Answer):
    """What became of each, in the order sent."""

    results: list[EmployeeResult]


class PersonalData(Answer):
    """All that is kept of a person, table by table: their right to see it."""

    kept: dict[str, Any]


def made(said: EmployeeIn, taxonomy: Taxonomy, now: datetime, known: Employee | None) -> Employee:
    """Somebody as they are described; consent, days and interests stay as they were `known`. Raises BadPerson."""
    new = Employee(EmployeeId(new_id()), "", "", {}, opted_in=False, created_at=now)
    return changed(known or new, said.model_dump(exclude={"id"}), taxonomy)


def changed(known: Employee, said: Mapping[str, Any], taxonomy: Taxonomy) -> Employee:
    """The same person with what is `said` by field of the wire. Raises BadPerson, and what the vocabulary says."""
    axes = {_AXIS_OF[field]: values for field, values in said.items() if field in _AXIS_OF}
    kept = {axis: values for axis, values in known.own.items() if axis not in axes}
    plain: dict[str, Any] = {}
    if "email" in said:
        plain["email"] = directory.address(said["email"])
    if "name" in said:
        plain["name"] = directory.name(said["name"])
    if "external_id" in said:
        plain["external_id"] = directory.external_id(said["external_id"])
    return replace(known.owning(kept | dict(directory.axes(axes, taxonomy))), **plain)


def employee_out(person: Employee) -> EmployeeOut:
    """As it is told to a tool that may see the directory."""
    listed = {field: sorted(person.axes.get(axis, ())) for field, axis in _AXIS_OF.items()}
    return EmployeeOut(
        id=person.id,
        external_id=person.external_id,
        email=person.email,
        name=person.name,
        opted_in=person.opted_in,
        active=person.active,
        pick_days=_days(person.pick_days),
        created_at=person.created_at,
        **listed,
    )


def _days(numbers: Iterable[str]) -> list[Day]:
    return [DAYS[int(number) - 1] for number in numbers]
