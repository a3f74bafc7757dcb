"""Addresses that employees suggest: their pages are read like any other, and a curator sees who asked for them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from catalog import articles, items, people, tenants
from catalog.errors import Conflict
from catalog.ids import ArticleId, EmployeeId, ItemId, TenantId, new_id
from catalog.items import SUGGESTIONS
from catalog.records import FeedItem, ItemState
from ingest import doors, urls
from ingest.doors import UNREADABLE

MOST_SUGGESTIONS: Final = 20
"""Addresses that one employee may send in within a day."""

_DAY: Final = timedelta(days=1)


class EnoughSuggested(Conflict):
    """An employee sent in as many addresses as one may in a day."""

    code = "enough_suggested"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested address in its canonical spelling. `known` where it was here already, perhaps as an article.

    `waits` where nobody has read it yet.
    """

    url: str
    known: bool
    article_id: ArticleId | None = None
    waits: bool = False


def suggest(connection: Connection, tenant: TenantId, employee: EmployeeId, url: str, now: datetime) -> Suggestion:
    """Have the page at `url` read because an employee asks for it. A page that could not be read is tried again.

    Raises BadAddress, UnknownEmployee, EnoughSuggested.
    """
    address = urls.canonical(url)
    tenants.get(connection, tenant, lock=True)  # whoever is being erased is gone after this
    person = people.get(connection, tenant, employee)
    known = articles.find(connection, tenant, url=address)
    if known is not None:
        return Suggestion(address, known=True, article_id=known.id)
    source = doors.source(connection, tenant, SUGGESTIONS, now)
    before = items.standings(connection, tenant, source.id, [address]).get(address)
    if before is not None and before.state not in UNREADABLE:
        return Suggestion(address, True, before.article_id, before.state is ItemState.DUE)
    if items.suggested_since(connection, tenant, person.id, now - _DAY) >= MOST_SUGGESTIONS:
        raise EnoughSuggested(f"{MOST_SUGGESTIONS} addresses a day are enough: send the next one tomorrow")
    if before is None:
        doors.require_room(connection, tenant, source, now)
    suggested = FeedItem(
        id=before.item.id if before else ItemId(new_id()),
        source_id=source.id,
        key=address,
        url=address,
        title="",
        summary="",
        author="",
        published_at=now,
        digest=hashlib.sha256(address.encode()).hexdigest(),
        revisions=before.item.revisions + 1 if before else 0,
        suggested_by=person.id,
    )
    items.remember(connection, tenant, [suggested], now)
    return Suggestion(address, known=False, waits=True)
