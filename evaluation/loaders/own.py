"""One's own log, as CSV, JSON lines or Parquet: `impressions` or `events`, and where there are any `items`, `people`.

What a column is called and means is in docs/data-scientists.md. Several values in a text are separated by `;`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from math import isfinite, nan
from pathlib import Path
from typing import Any, Final

from catalog.ids import ArticleId, EmployeeId, EventId, SlateId
from catalog.records import FUNCTION, Axes, Event, EventType, LiveArticle
from evaluation.loaders import rows
from evaluation.loaders.engagement import Engagement, Impression, article, by_time, first_met, numbered
from evaluation.loaders.rows import BadFile, Row

IMPRESSION: Final = ("impression", "person", "item", "at", "clicked")
EVENT: Final = ("person", "item", "event", "at")
_FACETS: Final = {"topics": "topic", "functions": "function", "kinds": "kind"}
_YES: Final = frozenset({"1", "true", "yes"})
_NO: Final = frozenset({"0", "false", "no", ""})


def load(folder: Path) -> Engagement:
    """Read the files in `folder`. Raises BadFile, which names file, row and remedy."""
    found = {name: rows.find(folder, name, *rows.FORMS) for name in ("impressions", "events", "items", "people")}
    shown, happened, about, persons = found.values()
    if shown is None and happened is None:
        raise BadFile(f"there are neither impressions nor events in {folder}: see docs/data-scientists.md")
    people = dict(_people(persons)) if persons else {}
    events = tuple(numbered(_events(happened, people))) if happened else ()
    impressions = by_time(_impressions(shown)) if shown else ()
    known = {ArticleId(_text(about, *pair, "id")): pair for pair in rows.read(about, ["id"])} if about else {}
    born = first_met(events, impressions)
    made = [_article(each, at, *known.get(each, (0, {})), path=about) for each, at in born.items()]
    return Engagement(events, tuple(sorted(made, key=lambda one: (one.published_at, one.id))), impressions, people)


def _impressions(path: Path) -> Iterator[Impression]:
    """The rows of one list stand together; their order, or `position`, is that in which it was shown."""
    told = set[str]()
    for name, group in groupby(rows.read(path, IMPRESSION), key=lambda pair: str(pair[1].get("impression"))):
        places = list(group)
        number, first = places[0]
        if name in told:
            raise BadFile(
                f"{path}, row {number}: the rows of impression {name} do not stand together: sort the file by it"
            )
        told.add(name)
        if all(row.get("position") is not None for _, row in places):
            places.sort(key=lambda pair: _number(path, pair[0], pair[1], "position"))
        said = [(_text(path, place, row, "item"), _flag(path, place, row.get("clicked"))) for place, row in places]
        yield Impression(
            id=name,
            at=_moment(path, number, first.get("at")),
            person=EmployeeId(_text(path, number, first, "person")),
            shown=tuple(dict.fromkeys(ArticleId(item) for item, _ in said)),
            chosen=frozenset(ArticleId(item) for item, clicked in said if clicked),
        )


def _events(path: Path, people: Mapping[EmployeeId, Axes]) -> Iterator[Event]:
    for number, row in rows.read(path, EVENT):
        kind = _text(path, number, row, "event").lower()
        if kind not in set(EventType):
            raise BadFile(f"{path}, row {number}: {kind!r} is no event: use one of {', '.join(EventType)}")
        at, person = _moment(path, number, row.get("at")), EmployeeId(_text(path, number, row, "person"))
        own, axes, item = SlateId(f"e{number}"), people.get(person, {}), ArticleId(_text(path, number, row, "item"))
        yield Event(EventId(f"e{number}"), EventType(kind), item, at, at, own, person, axes)


def _people(path: Path) -> Iterator[tuple[EmployeeId, Axes]]:
    for number, row in rows.read(path, ["id"]):
        functions = frozenset(_listed(row.get("functions")))
        yield EmployeeId(_text(path, number, row, "id")), {FUNCTION: functions} if functions else {}


def _article(each: ArticleId, first: datetime, number: int, row: Row, *, path: Path | None) -> LiveArticle:
    """Published no later than it was met: nobody saw it before."""
    told = row.get("published_at")
    return article(
        each,
        min(_moment(path, number, told), first) if told is not None else first,
        {facet: list(_listed(row.get(column))) for column, facet in _FACETS.items() if row.get(column)},
        source=str(row["source"]) if row.get("source") else None,
        language=str(row["language"]) if row.get("language") else None,
        words=int(_number(path, number, row, "words")) if row.get("words") else 0,
        internal=_flag(path, number, row.get("internal")),
    )


def _moment(path: Path | None, number: int, given: Any) -> datetime:
    """A moment without a zone is taken as UTC: within one log only differences count."""
    try:
        return rows.moment(given, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise BadFile(f"{path}, row {number}: {given!r} is no moment: write 2026-03-02T09:00Z") from error


def _text(path: Path | None, number: int, row: Row, name: str) -> str:
    """What a row must say. Somebody without a name is not one person with all others that have none."""
    given = row.get(name)
    if given is None or not str(given).strip():
        raise BadFile(f"{path}, row {number}: {name} is empty: fill it in, or leave the row out")
    return str(given)


def _number(path: Path | None, number: int, row: Row, name: str) -> float:
    try:
        found = float(row[name])
    except (TypeError, ValueError):
        found = nan
    if not isfinite(found):
        raise BadFile(f"{path}, row {number}: {name} is {row[name]!r}, which is no number")
    return found


def _flag(path: Path | None, number: int, given: Any) -> bool:
    said = "" if given is None else str(given).strip().lower().removesuffix(".0")
    if said not in _YES | _NO:
        raise BadFile(f"{path}, row {number}: {given!r} is neither 1 nor 0")
    return said in _YES


def _listed(given: Any) -> Iterable[str]:
    parts = str(given).split(";") if isinstance(given, str) else [str(part) for part in given or ()]
    return (part.strip() for part in parts if part.strip())
