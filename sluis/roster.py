"""Read people from a CSV file: all of them, or a list of what is wrong and nobody."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from catalog.errors import Invalid
from catalog.ids import EmployeeId, new_id
from catalog.records import Employee
from catalog.taxonomy import Taxonomy

COLUMNS: Final = ("name", "email", "functions", "industries", "languages", "region", "unit", "opted_in")
MAX_BYTES: Final = 50_000_000
_YES: Final = frozenset({"yes", "true", "1", "ja", "oui"})
_NO: Final = frozenset({"no", "false", "0", "nee", "nein", "non", ""})
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SHOWN: Final = 5


class BadRoster(Invalid):
    """The file cannot be taken over."""

    code = "bad_roster"


def read(path: Path, taxonomy: Taxonomy, now: datetime) -> list[Employee]:
    """The people in the file. Lists are separated by `;`. Raises BadRoster, which names lines and remedies."""
    rows = csv.DictReader(io.StringIO(_text(path)), delimiter=",")
    header = tuple(name.strip() for name in rows.fieldnames or ())
    if header != COLUMNS:
        raise BadRoster(f"{path}: the columns are {','.join(header) or 'missing'}, but must be {','.join(COLUMNS)}")
    people: dict[str, Employee] = {}
    problems: list[str] = []
    for row in rows:
        try:
            person = _person(row, taxonomy, now)
            if person.email in people:
                raise BadRoster(f"{person.email} is there twice")
            people[person.email] = person
        except Invalid as error:
            problems.append(f"line {rows.line_num}: {error}")
    if problems:
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        raise BadRoster(f"{path}: nobody was imported. {'; '.join(problems[:_SHOWN])}{more}")
    if not people:
        raise BadRoster(f"{path}: there is nobody in it below the header")
    return list(people.values())


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadRoster(f"{path}: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise BadRoster(f"{path} has more than {MAX_BYTES // 1_000_000} MB: split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRoster(f"{path} is not UTF-8: save it as 'CSV UTF-8' in your spreadsheet") from None


def _person(row: Mapping[str | None, str | list[str] | None], taxonomy: Taxonomy, now: datetime) -> Employee:
    if None in row or None in row.values():
        raise BadRoster(f"not {len(COLUMNS)} fields: separate lists with ';' and put fields with a comma in quotes")
    cell = {name: str(row[name]).strip() for name in COLUMNS}
    if not _EMAIL.fullmatch(cell["email"]):
        raise BadRoster(f"{cell['email']!r} is no e-mail address")
    axes = {
        "function": taxonomy.require("function", _listed(cell["functions"])),
        "industry": taxonomy.require("industry", _listed(cell["industries"])),
        "language": frozenset(_languages(cell["languages"])),
        "region": frozenset(_listed(cell["region"])),
        "unit": frozenset(_listed(cell["unit"])),
    }
    return Employee(
        id=EmployeeId(new_id()),
        email=cell["email"].lower(),
        name=cell["name"],
        axes={axis: values for axis, values in axes.items() if values},
        opted_in=_yes_or_no(cell["opted_in"]),
        created_at=now,
    )


def _listed(cell: str) -> Iterable[str]:
    return filter(None, (part.strip() for part in cell.split(";")))


def _languages(cell: str) -> Iterator[str]:
    for language in _listed(cell):
        if not re.fullmatch(r"[a-z]{2}", language.lower()):
            raise BadRoster(f"{language!r} is no language: write two letters, such as nl or en")
        yield language.lower()


def _yes_or_no(cell: str) -> bool:
    """Only a clear yes opts somebody in; an empty field does not."""
    word = cell.lower()
    if word not in _YES | _NO:
        raise BadRoster(f"opted_in is {cell!r}: write yes or no")
    return word in _YES
