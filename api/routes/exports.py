"""The log for whoever learns elsewhere, part by part: what `sluis export` writes, in the order of its making."""

import asyncio
from collections.abc import Iterator
from threading import BoundedSemaphore, Lock
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.types import Receive, Scope, Send

from api.caching import names
from api.dependencies import V1, Reading, Wired
from api.paging import BadCursor, Cursor, cursor, place, since
from api.schemas import Answer, Moment
from api.security import Modelling
from catalog.errors import Unavailable
from catalog.records import FUNCTION
from catalog.slates import Place
from ranking.export_asked import ARTICLES, EVENTS, SETTLED, TABLES, Asked, ExportOptions, Format, Part, Table

router = APIRouter(prefix=V1, tags=["models"])

MOST_AT_ONCE: Final = 4
"""Parts that one process has under way. They are made one after the other: feeds want the same core."""
MOST_SECONDS: Final = 600.0
"""That a part may be on its way: who reads a byte now and then keeps others from theirs."""
_CHUNK: Final = 65_536
_LAST_SEQ: Final = 2**63 - 1
_KINDS: Final = {"ndjson": "application/x-ndjson", "parquet": "application/vnd.apache.parquet"}
_room, _making = BoundedSemaphore(MOST_AT_ONCE), Lock()

Axis = Annotated[
    list[str],
    Query(
        max_length=10,
        description="What goes along of who people were, beside their functions: such as language. Repeat it.",
    ),
]
Known = Annotated[str, Header(alias="If-None-Match", max_length=1000)]


class ExportsBusy(Unavailable):
    """So many parts are under way that another one would be at the cost of feeds."""

    code = "exports_busy"


class ColumnOut(Answer):
    """A column, and the Arrow type that it has in Parquet."""

    name: str
    type: str


class TableOut(Answer):
    """What can be read at `/v1/exports/{name}`."""

    name: Table
    goes_on: bool = Field(description="Whether a cursor of today finds tomorrow what came after it.")
    columns: list[ColumnOut]


class ExportsOut(Answer):
    """The tables of an export."""

    tables: list[TableOut]
    feature_version: str = Field(description="Of the list of features; other features, another version.")
    settled_seconds: int = Field(description="Slates younger than this are told later.")
    card: str = Field(description="The data card, in Markdown: what each column is, and what may be done with it.")


@router.get("/exports", summary="What can be exported")
def listed(wired: Wired, key: Modelling, connection: Reading, axis: Axis = []) -> ExportsOut:  # noqa: B006 - FastAPI copies it
    """Tables with their columns, and the data card: read that first. People go by pseudonyms."""
    told = wired.exporter.told(connection, key.tenant, _options(axis))
    return ExportsOut(
        tables=[
            TableOut(
                name=table,
                goes_on=table != ARTICLES,
                columns=[ColumnOut(name=name, type=kind) for name, kind in told.columns[table].items()],
            )
            for table in TABLES
        ],
        feature_version=told.feature_version,
        settled_seconds=int(SETTLED.total_seconds()),
        card=told.card,
    )


@router.get(
    "/exports/{table}",
    summary="The next part of a table",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The part. `Sluis-Cursor` is where the next one begins, now or tomorrow; "
            '`Link` with `rel="next"` is there while there is more now.',
            "content": {
                _KINDS["ndjson"]: {"schema": {"type": "string"}},
                _KINDS["parquet"]: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        304: {"description": "It is the part that you have."},
    },
)
def part(
    request: Request,
    wired: Wired,
    key: Modelling,
    connection: Reading,
    table: Annotated[Table, Path(description="As `GET /v1/exports` lists them.")],
    format: Annotated[Format, Query(description="An object a line, or one Parquet file a part.")] = "ndjson",  # noqa: A002
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="At most so many slates, events or articles.")] = 1000,
    since: Annotated[Moment | None, Query(description="Offered, or heard of, at this moment or later.")] = None,
    until: Annotated[Moment | None, Query(description="Offered, or heard of, before this moment.")] = None,
    axis: Axis = [],  # noqa: B006 - FastAPI copies it
    known: Known = "",
) -> Response:
    """Slates and their `items` in the order in which they were offered, events in that of the log, articles by id.

    Send `Sluis-Cursor` of one part as `cursor` for the next. With `until` nothing is told that came to be known later.
    """
    after, pseudonyms = _after(table, cursor)
    asked = Asked(table, format, limit, _options(axis), after, pseudonyms, since, until)
    if not _room.acquire(blocking=False):
        raise ExportsBusy("other parts of exports are under way: ask for this one again in a moment")
    try:
        with _making:
            made = wired.exporter.make(connection, key.tenant, asked, wired.clock())
        sending = _Sending(made, _headers(request, asked, made), known)
    except BaseException:
        _room.release()
        raise
    return sending


class _Sending(StreamingResponse):
    """A part on its way, after which its file and its place in `_room` are free, whatever became of it."""

    def __init__(self, made: Part, headers: dict[str, str], known: str) -> None:
        self._made = made
        unchanged = names(known, headers["ETag"])
        if unchanged:
            del headers["Content-Length"], headers["Content-Type"]
        super().__init__(iter(()) if unchanged else self._chunks(), 304 if unchanged else 200, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await super().__call__(scope, receive, send)
        finally:
            self._made.file.close()
            _room.release()

    def _chunks(self) -> Iterator[bytes]:
        while chunk := self._made.file.read(_CHUNK):
            yield chunk


def _options(axes: list[str]) -> ExportOptions:
    return ExportOptions(axes=tuple(dict.fromkeys((FUNCTION, *axes))))


def _after(table: Table, given: str | None) -> tuple[Place | int | str | None, str]:
    """Where a part begins, and the pseudonyms of the one before. Raises BadCursor."""
    found = place(given, 4)
    if found is None:
        return None, ""
    of, pseudonyms, first, second = found
    if of != table:
        raise BadCursor
    if table == ARTICLES:
        return first, pseudonyms
    if table == EVENTS:
        if not (first.isascii() and first.isdecimal() and len(first) < 20 and int(first) <= _LAST_SEQ):
            raise BadCursor
        return int(first), pseudonyms
    moment = since(cursor(first, second))
    return (Place(*moment) if moment else None), pseudonyms


def _headers(request: Request, asked: Asked, made: Part) -> dict[str, str]:
    headers = {
        "Content-Type": _KINDS[asked.format],
        "Content-Length": str(made.size),
        "Content-Disposition": f'attachment; filename="{asked.table}.{asked.format}"',
        "Cache-Control": "private, no-cache",
        "ETag": f'"{made.digest[:32]}"',
        "Vary": "Authorization",
    }
    if made.place is None:
        return headers
    parts = (made.place.at.isoformat(), made.place.id) if isinstance(made.place, Place) else (str(made.place), "")
    headers["Sluis-Cursor"] = cursor(asked.table, made.pseudonyms, *parts)
    if made.more:
        query = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
        following = urlencode([*query, ("cursor", headers["Sluis-Cursor"])])
        headers["Link"] = f'<{request.url.path}?{following}>; rel="next"'
    return headers
