"""Rows of other people's files: CSV, JSON lines and Parquet, plain or packed with gzip, one after the other.

A row is a mapping from column to text, or in Parquet and JSON to what the file holds; what is empty is None.
"""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import IO, Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import Invalid

Row = Mapping[str, Any]

FORMS: Final = (".csv", ".jsonl", ".parquet")
_AT_ONCE: Final = 5_000


class BadFile(Invalid):
    """A file that cannot be read as what its name says."""

    code = "bad_file"


def read(path: Path, columns: Sequence[str] = ()) -> Iterator[tuple[int, Row]]:
    """Each row with its number in the file: the line in a text, counted from 1 in Parquet.

    Raises BadFile where the file is of no known form, cannot be read or lacks one of `columns`.
    """
    form = next((form for form in FORMS if path.name.removesuffix(".gz").endswith(form)), None)
    if form is None:
        raise BadFile(f"{path.name} is of no known form: give {', '.join(FORMS)}, or .csv.gz and .jsonl.gz")
    try:
        if form == ".jsonl":
            yield from _json_lines(path)
        else:
            yield from (_csv if form == ".csv" else _parquet)(path, columns)
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise BadFile(f"{path} is not UTF-8: save it as 'CSV UTF-8'") from None
    except (csv.Error, pa.ArrowException) as error:
        raise BadFile(f"{path} cannot be read as {form.removeprefix('.')} ({error})") from error


def find(folder: Path, name: str, *forms: str) -> Path | None:
    """The one file in `folder` or below whose name is `name`, or ends so after a dash, in one of `forms`.

    Raises BadFile where there are several.
    """
    files = {path: Path(path.name.removesuffix(".gz")) for path in folder.rglob("*") if path.is_file()}
    found = sorted(
        path
        for path, bare in files.items()
        if bare.suffix in forms and (bare.stem == name or bare.stem.endswith(f"-{name}"))
    )
    if len(found) > 1:
        told = ", ".join(str(path.relative_to(folder)) for path in found[:3])
        raise BadFile(f"{folder} has several {name} ({told}): name the folder that has one")
    return found[0] if found else None


def moment(given: object, zone: tzinfo | None = None) -> datetime:
    """An aware moment from a datetime, ISO 8601 text, or POSIX seconds; `zone` is that of one without.

    Raises ValueError where it is none of these, or has no zone and none is given.
    """
    if isinstance(given, str):
        text = given.strip()
        given = float(text) if text.replace(".", "", 1).isdecimal() and len(text) >= 9 else datetime.fromisoformat(text)
    if isinstance(given, int | float):
        return datetime.fromtimestamp(given, UTC)
    if not isinstance(given, datetime):
        raise ValueError("no moment")
    if given.tzinfo is None:
        if zone is None:
            raise ValueError("no time zone")
        given = given.replace(tzinfo=zone)
    return given.astimezone(UTC)


def unpacked(path: Path) -> IO[str]:
    """A text to read, packed with gzip or not."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open("rt", encoding="utf-8-sig", newline="")


def _csv(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
    with unpacked(path) as file:
        rows = csv.DictReader(file)
        rows.fieldnames = [name.strip() for name in rows.fieldnames or ()]
        _require(path, columns, rows.fieldnames)
        for row in rows:
            yield rows.line_num, {name: value or None for name, value in row.items() if name is not None}


def _json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    """A line that is no object is an empty row: what is wrong with a row its reader says."""
    with unpacked(path) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    row = orjson.loads(line)
                except ValueError:
                    row = None
                yield number, row if isinstance(row, dict) else {}


def _parquet(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
    with pq.ParquetFile(path) as file:
        _require(path, columns, file.schema_arrow.names)
        number = 0
        for batch in file.iter_batches(batch_size=_AT_ONCE):
            for row in batch.to_pylist():
                number += 1
                yield number, row


def _require(path: Path, wanted: Sequence[str], there: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise BadFile(f"{path} has no column {missing[0]!r}: it needs {', '.join(wanted)}")
