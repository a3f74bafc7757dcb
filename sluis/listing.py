"""Read articles from a CSV or JSONL file: all of them, or a list of what is wrong and none.

Each row of a file is its fields, or what is wrong with the line.
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from api import wording
from api.receiving import piece
from api.schemas import ArticleIn
from catalog.errors import Invalid
from catalog.taxonomy import Taxonomy
from ingest.handed import Piece

ID: Final = "id"
COLUMNS: Final = (ID, *(name for name in ArticleIn.model_fields if name != "source"))
MAX_BYTES: Final = 100_000_000
MOST_ARTICLES: Final = 10_000
_AXES: Final = ("audience", "tags")
_MOMENTS: Final = ("published_at", "expires_at")
_SHOWN: Final = 5


class BadListing(Invalid):
    """The file cannot be taken over."""

    code = "bad_listing"


def read(path: Path, taxonomy: Taxonomy) -> dict[int, Piece]:
    """The articles in the file by the number of their line: fields of the API, and `id` for their external id.

    In CSV, audience and tags are written as `function=sales;region=*`, and an empty field says nothing. A moment
    without a time zone is local. Raises BadListing, which names lines and remedies.
    """
    rows = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl}.get(path.suffix.lower())
    if rows is None:
        raise BadListing(f"{path} is neither .csv nor .jsonl: give it the suffix of what it is")
    found: dict[int, Piece] = {}
    keys: set[str] = set()
    problems: list[str] = []
    for line, row in rows(path, _text(path)):
        try:
            article = _piece(row, taxonomy)
            if article.key in keys:
                raise BadListing(f"the id {article.key!r} is there twice: each article has its own")
            keys.add(article.key)
            found[line] = article
        except Invalid as error:
            problems.append(f"line {line}: {error}")
        if len(found) > MOST_ARTICLES:
            raise BadListing(f"{path} has more than {MOST_ARTICLES} articles: split it")
    if problems:
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        raise BadListing(f"{path}: nothing was imported. {'; '.join(problems[:_SHOWN])}{more}")
    if not found:
        raise BadListing(f"{path}: there is no article in it")
    return found


def _text(path: Path) -> str:
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise BadListing(f"{path}: {error.strerror}") from error
    if content is None:
        raise BadListing(f"{path} has more than {MAX_BYTES // 1_000_000} MB: split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadListing(f"{path} is not UTF-8: save it again, as UTF-8") from None


def _csv(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Rows with the number of their last line; only fields that say something."""
    usual = csv.field_size_limit(MAX_BYTES)
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in rows.fieldnames or ()]
        wrong = sorted(set(header) - set(COLUMNS)) or ([] if ID in header else [ID])
        if wrong or len(set(header)) != len(header):
            raise BadListing(f"{path}: look at the column {', '.join(wrong) or 'names'}: use {','.join(COLUMNS)}")
        rows.fieldnames = header
        for row in rows:
            if None in row or None in row.values():
                yield rows.line_num, BadListing(f"not {len(header)} fields: put fields with a comma in quotes")
            else:
                yield rows.line_num, {name: _cell(name, said) for name, said in row.items() if said.strip()}
    except csv.Error as error:
        raise BadListing(f"{path} is no proper CSV ({error}): save it as 'CSV UTF-8' in your spreadsheet") from error
    finally:
        csv.field_size_limit(usual)


def _cell(name: str, said: str) -> Any:
    if name not in _AXES:
        return said
    axes: dict[str, list[str]] = {}
    for word in filter(None, map(str.strip, said.split(";"))):
        axis, _, value = word.partition("=")
        axes.setdefault(axis.strip(), []).append(value.strip())
    return axes


def _jsonl(_path: Path, text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            yield number, row if isinstance(row, dict) else BadListing("no JSON object: write one article a line")


def _piece(row: Any, taxonomy: Taxonomy) -> Piece:
    if isinstance(row, BadListing):
        raise row
    if not isinstance(row.get(ID), str):
        raise BadListing(f"no {ID!r} as text: give each article the id that your own program knows it by")
    said = {name: _zoned(value) if name in _MOMENTS else value for name, value in row.items() if name != ID}
    if "source" in said:
        raise BadListing("'source' is said once for the whole file: use --source")
    try:
        return piece(row[ID], ArticleIn.model_validate(said), taxonomy)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadListing(f"{wording.where(first) or 'the line'}: {wording.said(first)}") from error


def _zoned(said: Any) -> Any:
    """A date or a time without a zone as a moment of this machine's time, as in `--live-from`."""
    try:
        moment = datetime.fromisoformat(said)
        return said if moment.tzinfo else moment.astimezone().isoformat()
    except (TypeError, ValueError, OverflowError):
        return said
