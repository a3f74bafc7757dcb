"""What only an export asks for: which features were ever logged, who takes part, and articles without their texts."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, Text, cast, select

from catalog import tables
from catalog.ids import EmployeeId, TenantId

_PAGE: Final = 1000
_s, _i, _e, _p = tables.slates, tables.slate_items, tables.events, tables.employees
_a = tables.articles

METADATA: Final = (
    *("id", "url", "title", "site_name", "language", "internal", "words", "published_at", "live_from", "expires_at"),
    *("state", "story_id"),
)
"""What is told of an article. Its author is a person, and its lead is text."""


def feature_names(
    connection: Connection, tenant: TenantId, first: datetime | None = None, last: datetime | None = None
) -> list[tuple[str, ...]]:
    """Every list of features that a slate was ever logged with, or one from the `first` to the `last` moment."""
    query = select(cast(_s.c.feature_names, Text)).where(_s.c.tenant_id == tenant).distinct()
    if first and last:
        query = query.where(_s.c.created_at.between(first, last))
    return sorted({tuple(orjson.loads(names)) for names in connection.execute(query).scalars()})


def participants(connection: Connection, tenant: TenantId) -> frozenset[EmployeeId]:
    """Who takes part: they opted in, and are still there."""
    query = select(_p.c.id).where(_p.c.tenant_id == tenant, _p.c.opted_in, _p.c.active)
    return frozenset(EmployeeId(person) for person in connection.execute(query).scalars())


def articles(connection: Connection, tenant: TenantId, *, text: bool, after: str = "") -> Iterator[Row[Any]]:
    """Every article that went live, or that a slate or event speaks of: `METADATA`, with `text` also lead and text.

    By id, those `after` one.
    """
    columns = [_a.c[name] for name in (*METADATA, *(("lead", "text") if text else ()))]
    offered = select(_i.c.article_id).where(_i.c.tenant_id == tenant)
    happened = select(_e.c.article_id).where(_e.c.tenant_id == tenant)
    known = _a.c.live_from.is_not(None) | _a.c.id.in_(offered) | _a.c.id.in_(happened)
    last = after
    while True:
        query = select(*columns).where(_a.c.tenant_id == tenant, _a.c.id > last, known)
        page = connection.execute(query.order_by(_a.c.id).limit(_PAGE)).all()
        yield from page
        if len(page) < _PAGE:
            return
        last = page[-1].id
