"""Read people from a CSV file: all of them, or a list of what is wrong and nobody."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from catalog.errors import Invalid
from catalog.ids import EmployeeId, new_id
from catalog.records import Employee
from catalog.taxonomy import Taxonomy
from curation import directory

COLUMNS: Final = ("name", "email", "functions", "industries", "languages", "region", "unit", "opted_in")
MAX_BYTES: Final = 50_000_000
_YES: Final = frozenset({"yes", "true", "1", "ja", "oui"})
_NO: Final = frozenset({"no", "false", "0", "nee", "nein", "non", ""})
_SHOWN: Final = 5


class BadRoster(Invalid):
    """The file cannot be taken over."""

    code = "bad_roster"


def read(path: Path, taxonomy: Taxonomy, now: datetime) -> list[Employee]:
    """The people in the file. Lists are separated by `;`. Raises BadRoster, which names lines and remedies."""
    try:
        return _people(path, csv.DictReader(io.StringIO(_text(path), newline="")), taxonomy, now)
    except csv.Error as error:
        raise BadRoster(f"{path} is no proper CSV ({error}): save it as 'CSV UTF-8' in your spreadsheet") from error


def _people(path: Path, rows: "csv.DictReader[str]", taxonomy: Taxonomy, now: datetime) -> list[Employee]:
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
    if not all(character.isprintable() for text in cell.values() for character in text):
        raise BadRoster("a field has a character that cannot be printed: type it again")
    said = {
        "function": _listed(cell["functions"]),
        "industry": _listed(cell["industries"]),
        "language": _listed(cell["languages"]),
        "region": _listed(cell["region"]),
        "unit": _listed(cell["unit"]),
    }
    return Employee(
        id=EmployeeId(new_id()),
        email=directory.address(cell["email"]),
        name=cell["name"],
        axes=directory.axes(said, taxonomy),
        opted_in=_yes_or_no(cell["opted_in"]),
        created_at=now,
    )


def _listed(cell: str) -> Iterable[str]:
    return filter(None, (part.strip() for part in cell.split(";")))


def _yes_or_no(cell: str) -> bool:
    """Only a clear yes opts somebody in; an empty field does not."""
    word = cell.lower()
    if word not in _YES | _NO:
        raise BadRoster(f"opted_in is {cell!r}: write yes or no")
    return word in _YES
