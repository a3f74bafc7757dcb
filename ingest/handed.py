"""Articles that other programs push: one external id is one article, whichever source it comes through.

Nothing is read here. What comes in waits as an item for the worker, so that the process that serves stays light. The
same content again changes nothing, other content revises the article, and what was withdrawn stays withdrawn.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from catalog import articles, items, sources, tenants
from catalog.errors import Conflict, Invalid
from catalog.ids import ItemId, TenantId, new_id
from catalog.items import Standing
from catalog.records import Audience, Axes, Document, FeedItem, ItemState, Source, State, listed
from catalog.taxonomy import language_code
from ingest import doors, plain, urls
from ingest.doors import UNREADABLE

MOST_BYTES: Final = 1_000_000
"""Of one text, in UTF-8."""

ID_CHARACTERS: Final = 200
TITLE_CHARACTERS: Final = 300
AUTHOR_CHARACTERS: Final = 200


class Withdrawn(Conflict):
    """The article was withdrawn, which is final."""

    code = "withdrawn"


class Rejected(Conflict):
    """A curator rejected the article, which is final."""

    code = "rejected"


class OtherSource(Conflict):
    """Another source uses this external id."""

    code = "other_source"


class Taken(StrEnum):
    """What became of something that was handed in."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Piece:
    """One article as its sender tells it. `key` is the external id; what is None or empty its text may tell itself."""

    key: str
    title: str
    document: Document
    url: str | None = None
    author: str = ""
    language: str | None = None
    published_at: datetime | None = None
    expires_at: datetime | None = None
    image_url: str | None = None
    audience: Audience | None = None
    tags: Axes = field(default_factory=dict)
    approved_by: str | None = None

    @property
    def digest(self) -> str:
        """Changes with anything that is said."""
        told = (
            *(self.key, self.title, self.url, self.author, self.language, self.image_url, self.document.kind),
            *(moment and moment.timestamp() for moment in (self.published_at, self.expires_at)),
            *(None if self.audience is None else listed(self.audience.axes), listed(self.tags)),
            *([self.approved_by] if self.approved_by else []),
        )
        return hashlib.sha256(json.dumps(told).encode() + b"\0" + self.document.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a piece, and how its item stands now."""

    taken: Taken
    standing: Standing


def piece(
    external_id: str,
    *,
    title: str,
    text: str | None = None,
    html: str | None = None,
    url: str | None = None,
    author: str = "",
    language: str | None = None,
    image_url: str | None = None,
    **more: Any,
) -> Piece:
    """A piece out of what a program says. Raises Invalid, which names the field. `more`: other fields of a Piece."""
    name = plain.line(title)
    if not 1 <= len(name) <= TITLE_CHARACTERS:
        raise Invalid(f"title: give 1 to {TITLE_CHARACTERS} characters")
    return Piece(
        key=external(external_id),
        title=name,
        document=_document(name, text, html),
        url=urls.canonical(url) if url else None,
        author=plain.line(author, AUTHOR_CHARACTERS),
        language=language_code(language) if language else None,
        image_url=urls.canonical(image_url) if image_url else None,
        **more,
    )


def external(given: str) -> str:
    """An external id, once it is checked: it is printed, looked up and sent in addresses."""
    whole = given.isprintable() and "\ufffd" not in given  # which stands for whatever was no UTF-8
    if not (1 <= len(given) <= ID_CHARACTERS and whole and given.strip() == given):
        raise Invalid(
            f"the external id {given[:40]!r} cannot be used: give 1 to {ID_CHARACTERS} printable characters, "
            "without spaces at either end"
        )
    return given


def push(
    connection: Connection, tenant: TenantId, source: str, pieces: Iterable[Piece], now: datetime
) -> list[Receipt]:
    """Take pieces in through the push source of this name, all of them or none.

    They are asked for one by one: the one that came last is the one refused. Raises Withdrawn, Rejected, OtherSource,
    SourceClosed, NotFound for an unknown source, Invalid.
    """
    tenants.get(connection, tenant, lock=True)  # who pushes the same id at this moment waits, and then sees it
    through = doors.source(connection, tenant, doors.named(source), now)
    return [_take(connection, tenant, through, piece, now) for piece in pieces]


def _document(name: str, text: str | None, html: str | None) -> Document:
    if (text is None) == (html is None):
        raise Invalid("text and html: give exactly one of them")
    kind, words = ("text/html", html) if text is None else ("text/plain", text)
    content = (words or "").encode(errors="replace")
    if len(content) > MOST_BYTES:
        raise Invalid(f"the text has more than {MOST_BYTES // 1_000_000} MB: shorten it")
    if b"\0" in content or not content.strip():
        raise Invalid("the text is empty or holds a NUL character: send the words themselves")
    return Document(kind, name, content)


def _take(connection: Connection, tenant: TenantId, source: Source, piece: Piece, now: datetime) -> Receipt:
    before, digest = items.handed_in(connection, tenant, piece.key), piece.digest
    if before is None:
        doors.require_room(connection, tenant, source, now)
    else:
        if before.state is ItemState.WITHDRAWN:  # before anything else: no other source would take it either
            raise Withdrawn(f"{piece.key} was withdrawn, which is final: send it under another id")
        _require_same_source(connection, tenant, before, source)
        if before.item.digest == digest and before.state not in UNREADABLE:
            return Receipt(Taken.UNCHANGED, before)
        _require_open(connection, tenant, before)
    if piece.expires_at is not None and piece.expires_at <= now:
        raise Invalid(f"{piece.key}: expires_at has passed already: leave it out, or give a later moment")
    first = before.item.published_at if before else now
    item = FeedItem(
        id=before.item.id if before else ItemId(new_id()),
        source_id=source.id,
        key=piece.key,
        url=piece.url,
        title=piece.title,
        summary="",
        author=piece.author,
        published_at=min(piece.published_at or first, now),
        digest=digest,
        revisions=before.item.revisions + 1 if before else 0,
        language=piece.language,
        image_url=piece.image_url,
        audience=piece.audience,
        tags=piece.tags,
        expires_at=piece.expires_at,
        approved_by=piece.approved_by,
    )
    items.remember(connection, tenant, [item], now)
    items.attach(connection, tenant, item.id, piece.document)
    standing = Standing(item, ItemState.DUE, before.article_id if before else None, None)
    return Receipt(Taken.CHANGED if before else Taken.NEW, standing)


def _require_same_source(connection: Connection, tenant: TenantId, before: Standing, source: Source) -> None:
    if before.item.source_id != source.id:
        other = sources.get(connection, tenant, before.item.source_id)
        raise OtherSource(f"{before.item.key} came in through {other.url}: use that source, or another id")


def _require_open(connection: Connection, tenant: TenantId, before: Standing) -> None:
    """What a curator ended does not come back, so its sender should know that a revision would be in vain."""
    if before.article_id is None:
        return
    state = articles.get(connection, tenant, before.article_id).state
    if state in (State.WITHDRAWN, State.REJECTED):
        kind = Withdrawn if state is State.WITHDRAWN else Rejected
        raise kind(f"{before.item.key} was {state} by a curator, which is final: ask them, or use another id")
