"""What a caller of the API can ask of an export, and what they get: known here without Arrow, which makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import Final, Literal, Protocol

from sqlalchemy import Connection

from catalog.errors import Conflict, Invalid
from catalog.ids import TenantId
from catalog.records import AXES, FUNCTION
from catalog.slates import Place

Table = Literal["slates", "items", "events", "articles"]
Format = Literal["ndjson", "parquet"]

TABLES: Final[tuple[Table, ...]] = ("slates", "items", "events", "articles")
SLATES, ITEMS, EVENTS, ARTICLES = TABLES

SETTLED: Final = timedelta(minutes=2)
"""Slates younger than this are told by a later part: one may be stored somewhat after the moment it bears."""


class PseudonymsChanged(Conflict):
    """The key at home is another one than when the part before was made, so the parts would not fit each other."""

    code = "pseudonyms_changed"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How much leaves the house. Every axis makes a group smaller; `text` is what others own."""

    axes: tuple[str, ...] = (FUNCTION,)
    text: bool = False

    def __post_init__(self) -> None:
        unknown = [axis for axis in self.axes if axis not in AXES]
        if unknown:
            raise Invalid(f"unknown axis {unknown[0]}: use one of {', '.join(AXES)}")
        if FUNCTION not in self.axes:
            raise Invalid("function goes along in any case: figures are told per job function")


@dataclass(frozen=True, slots=True)
class Asked:
    """The next part of a table: at most `limit` slates, events or articles that come after `after`.

    `after` is `Part.place` of the part before: of a slate, an event's number, or an article's id; and `pseudonyms` what
    its `Part.pseudonyms` was. `since` and `until` bound when a slate was offered, or when an event was heard of; raises
    Invalid for articles, which are told as they are now, and for bounds between which nothing lies.
    """

    table: Table
    format: Format
    limit: int
    options: ExportOptions = ExportOptions()
    after: Place | int | str | None = None
    pseudonyms: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.table == ARTICLES and (self.since or self.until):
            raise Invalid("articles are told as they are now: leave out since and until")
        if self.since and self.until and self.since >= self.until:
            raise Invalid("nothing lies between since and until: until is the later one, and not itself part of it")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a table in a file that is gone when it is closed; `size` in bytes, `digest` the SHA-256 of it.

    `place` is where the next part begins, now or later: the same as before where nothing was there yet.
    """

    file: SpooledTemporaryFile[bytes]
    size: int
    digest: str
    rows: int
    place: Place | int | str | None
    pseudonyms: str
    more: bool


class Exporter(Protocol):
    """Makes parts. It brings Arrow when it is first asked, so nobody else waits for that."""

    def told(self, connection: Connection, tenant: TenantId, options: ExportOptions) -> "Told":
        """The tables there are."""

    def make(self, connection: Connection, tenant: TenantId, asked: Asked, now: datetime) -> Part:
        """The next part of a table, of what `connection` sees."""


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to ask for: the columns of each table with their Arrow types, and the data card in Markdown."""

    columns: Mapping[Table, Mapping[str, str]]
    feature_version: str
    card: str
