"""The sources that nobody visits, because programs, files and employees bring their articles in by themselves."""

import re
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from catalog import items, sources
from catalog.errors import Conflict, Invalid, NotFound
from catalog.ids import SourceId, TenantId, new_id
from catalog.items import SUGGESTIONS
from catalog.records import ItemState, Source, SourceStatus

API: Final = "api"
FILES: Final = "import"

_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_OURS: Final = {
    f"push:{API}": "Pushed by API",
    f"push:{FILES}": "Imported from files",
    SUGGESTIONS: "Suggested by employees",
}
"""Sources that are made when they are first used."""

UNREADABLE: Final = (ItemState.FAILED, ItemState.BOILERPLATE)
"""Handed in again, this is tried again."""


class SourceClosed(Conflict):
    """The source takes nothing (more) now."""

    code = "source_closed"


def named(name: str) -> str:
    """The address of the push source with this name. Raises Invalid."""
    if not _NAME.fullmatch(name) or f"push:{name}" == SUGGESTIONS:
        raise Invalid(f"{name[:40]!r} is no name for a push: source: use 1 to 64 small letters, digits or dashes")
    return f"push:{name}"


def source(connection: Connection, tenant: TenantId, url: str, now: datetime) -> Source:
    """The push source at this address, made where it is one of ours. Raises NotFound, SourceClosed."""
    found = sources.at(connection, tenant, url)
    if found is None:
        if url not in _OURS:
            raise NotFound(f"there is no source {url}: 'sluis source add {url}' makes it")
        found = Source(
            id=SourceId(new_id()),
            url=url,
            title=_OURS[url],
            language=None,
            internal=url != SUGGESTIONS,
            needs_legal=False,
            audience=None,
            etag=None,
            last_modified=None,
            due_at=now,
            checked_at=None,
            failures=0,
            last_error=None,
        )
        sources.add(connection, tenant, found)
    if found.status is not SourceStatus.ACTIVE:
        raise SourceClosed(f"the source {url} is {found.status} and takes nothing: ask your curators")
    return found


def require_room(connection: Connection, tenant: TenantId, into: Source, now: datetime) -> None:
    """See that the source brings no more new items than it may in a day. Raises SourceClosed."""
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    cap = into.daily_cap
    if cap is not None and items.taken_since(connection, tenant, into.id, since) >= cap:
        raise SourceClosed(f"the source {into.url} may bring {cap} new articles a day: send the rest tomorrow")
