"""Deskdrop: what employees of one company did with articles that colleagues shared inside it, March to December 2016.

There are no impressions and no job titles. Articles have a text only where the copy holds one, and those were picked by
how popular they became: a text, an author or a language says something of the future, so none of them is read here.
"""

import csv
import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from catalog.errors import Invalid
from catalog.ids import ArticleId, EmployeeId, EventId, SlateId
from catalog.records import Event, EventType
from evaluation.loaders.engagement import Engagement, article

FILE: Final = Path("deskdrop") / "interactions.csv.gz"

_TYPES: Final[Mapping[str, EventType]] = {
    "VIEW": EventType.OPEN,
    "LIKE": EventType.LIKE,
    "BOOKMARK": EventType.SAVE,
    "FOLLOW": EventType.SAVE,
    "COMMENT CREATED": EventType.SHARE,
}
"""To follow an article is to want it kept near; to comment on one is to put one's name to it before colleagues."""


def load(folder: Path) -> Engagement:
    """Read the copy under `folder`. An article is published at the moment of its first event.

    Raises Invalid where there is no such file, or a line of it is of no known kind.
    """
    path = folder / FILE
    if not path.is_file():
        raise Invalid(f"there is no {FILE} in {folder}: see docs/benchmarks.md")
    events = tuple(_events(path))
    born = dict[ArticleId, datetime]()
    for event in events:
        born.setdefault(event.article_id, event.at)
    return Engagement(events, tuple(article(each, at) for each, at in born.items()))


def _events(path: Path) -> Iterator[Event]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        lines = sorted(csv.DictReader(file), key=lambda line: int(line["timestamp"]))
    for seq, line in enumerate(lines, start=1):
        if line["eventType"] not in _TYPES:
            raise Invalid(f"{path}: {line['eventType']!r} is no kind of event that Deskdrop has")
        at = datetime.fromtimestamp(int(line["timestamp"]), UTC)
        about, person, own = ArticleId(line["contentId"]), EmployeeId(line["personId"]), SlateId(str(seq))
        yield Event(EventId(str(seq)), _TYPES[line["eventType"]], about, at, at, own, person, seq=seq)
