"""Picks in a feed reader: behind a secret address, which is all that it takes to read them."""

from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Header, Path, Request, Response
from sqlalchemy import Connection

from api.delivery.syndication import Entry, Feed, addresses, atom, json_feed
from api.dependencies import V1, Services, Wired, Writing
from api.idempotency import once
from api.ids import EmployeeRef, employee
from api.schemas import Answer
from api.security import Managing
from catalog import people, picks, syndications
from catalog.errors import NotFound
from catalog.ids import ArticleId, EmployeeId, TenantId
from ranking.explain import in_words
from ranking.feed import shown

router = APIRouter(prefix=V1, tags=["recommendation"])
readers = APIRouter(tags=["syndication"])

DAYS: Final = 14
"""Of how many days picks are in a feed."""

Tenant = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
Secret = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{20,100}$")]
Since = Annotated[str | None, Header(alias="If-Modified-Since", max_length=100)]
_HEADERS: Final = {
    "Cache-Control": "private, max-age=900",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
_FOUND: Final = {"description": "The feed."}


class SyndicationOut(Answer):
    """Where somebody reads their picks. Whoever knows an address can read it: it is shown this once."""

    json_feed: str
    atom: str


@router.post("/employees/{employee_id}/syndication", status_code=201, summary="A feed of somebody's picks")
@once
def make(wired: Wired, key: Managing, connection: Writing, employee_id: EmployeeRef) -> SyndicationOut:
    """Addresses for a feed reader, in the place of those before, which end. Give them to that person alone."""
    person = people.get(connection, key.tenant, employee(connection, key.tenant, employee_id)).id
    secret = syndications.make(connection, key.tenant, person, wired.clock())
    as_json_feed, as_atom_feed = addresses(key.tenant, secret)
    return SyndicationOut(json_feed=as_json_feed, atom=as_atom_feed)


@router.delete("/employees/{employee_id}/syndication", status_code=204, summary="End somebody's feed")
def end(key: Managing, connection: Writing, employee_id: EmployeeRef) -> None:
    """At once. Safe to send again."""
    person = people.get(connection, key.tenant, employee(connection, key.tenant, employee_id)).id
    syndications.revoke(connection, key.tenant, person)


@readers.get(
    "/feeds/{tenant}/{secret}/picks.json",
    summary="Somebody's picks as JSON Feed 1.1",
    response_class=Response,
    responses={200: _FOUND | {"content": {"application/feed+json": {}}}, 304: {"description": "Nothing new."}},
)
def as_json(wired: Wired, request: Request, tenant: Tenant, secret: Secret, since: Since = None) -> Response:
    """The picks of the last 14 days, each still checked at this moment; nothing for somebody who opted out."""
    feed = _feed(wired, TenantId(tenant), secret, str(request.url))
    return _answer(feed, orjson.dumps(json_feed(feed)), "application/feed+json", since)


@readers.get(
    "/feeds/{tenant}/{secret}/picks.atom",
    summary="Somebody's picks as Atom",
    response_class=Response,
    responses={200: _FOUND | {"content": {"application/atom+xml": {}}}, 304: {"description": "Nothing new."}},
)
def as_atom(wired: Wired, request: Request, tenant: Tenant, secret: Secret, since: Since = None) -> Response:
    """The same as Atom (RFC 4287)."""
    feed = _feed(wired, TenantId(tenant), secret, str(request.url))
    return _answer(feed, atom(feed), "application/atom+xml", since)


def _answer(feed: Feed, body: bytes, kind: str, since: str | None) -> Response:
    headers = _HEADERS | {"Last-Modified": format_datetime(feed.made_at, usegmt=True)}
    known = _moment(since)
    if known is not None and feed.made_at.replace(microsecond=0) <= known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=kind)


def _moment(since: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(since) if since else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _feed(wired: Services, tenant: TenantId, secret: str, address: str) -> Feed:
    now = wired.clock()
    with wired.database.of(tenant).read() as connection:
        who = syndications.whose(connection, tenant, secret)
        if who is None:
            raise NotFound("there is no such feed: ask for another address")
        person = people.get(connection, tenant, who)
        language = "nl" if "nl" in person.axes.get("language", ()) else "en"
        entries = _entries(connection, wired, tenant, who, language, now) if person.takes_part else []
    newest = max((entry.picked_at for entry in entries), default=person.created_at)
    return Feed(tenant, who, language, address, newest, entries)


def _entries(
    connection: Connection, wired: Services, tenant: TenantId, who: EmployeeId, language: str, now: datetime
) -> list[Entry]:
    words, today = wired.taxonomy(connection, tenant), now.astimezone().date()
    found: dict[ArticleId, Entry] = {}
    for back in range(DAYS):
        slate = picks.get(connection, tenant, who, today - timedelta(days=back))
        if slate is None:
            continue
        for item, article in shown(connection, tenant, slate, now):
            reasons = tuple(in_words(reason, language, words) for reason in item.reasons)
            found.setdefault(article.id, Entry(article, slate.created_at, reasons))
    return list(found.values())
