"""What people did in another tool, one thing at a time: found again among our people and articles, or refused by name.

Such an event has no slate. It tells what somebody likes and what is read; nothing that is judged by slates or by
propensities hears of it.
"""

import hashlib
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from api.ids import EXTERNAL
from catalog import articles, items, people
from catalog.errors import Invalid
from catalog.ids import ArticleId, EmployeeId, EventId, TenantId
from catalog.records import Employee, Event, EventType
from ingest import urls

TYPES: Final = tuple(kind for kind in EventType if kind is not EventType.SEEN)
"""What counts as history. To have been shown something elsewhere says nothing that could be weighed here."""


class Refused(Invalid):
    """Something that does not fit, with the reason in a few words."""

    code = "no_history"


class Past:
    """Finds people and articles by whatever they are called; remembers articles, as the same ones come often."""

    def __init__(self, connection: Connection, tenant: TenantId, now: datetime) -> None:
        self._connection, self._tenant, self._now = connection, tenant, now
        everybody = people.every(connection, tenant)
        self._people: dict[str, Employee] = {person.id: person for person in everybody}
        self._people |= {person.email: person for person in everybody}
        self._people |= {EXTERNAL + person.external_id: person for person in everybody if person.external_id}
        self._articles: dict[str, ArticleId | None] = {}

    def event(self, who: str, what: str, kind: str, at: datetime) -> Event:
        """The event, under an id that is the same whenever it is brought; `kind` is a type of event. Raises Refused."""
        person = self._people.get(who) or self._people.get(who.lower())
        if person is None:
            raise Refused("unknown person")
        if not person.opted_in:
            raise Refused("has not opted in")
        if not person.active:
            raise Refused("was deactivated")
        if kind not in TYPES:
            raise Refused(f"unknown event: use one of {', '.join(TYPES)}")
        article = self._article(what)
        if article is None:
            raise Refused("unknown article")
        if at > self._now:
            raise Refused("in the future")
        type_ = EventType(kind)
        name = _name(person.id, article, type_, at)
        return Event(name, type_, article, at, self._now, None, person.id, person.axes)

    def _article(self, said: str) -> ArticleId | None:
        if said not in self._articles:
            self._articles[said] = self._find(said)
        return self._articles[said]

    def _find(self, said: str) -> ArticleId | None:
        """By address, external id (`ext:` or as it is) or id."""
        connection, tenant = self._connection, self._tenant
        if said.lower().startswith(("http://", "https://")):
            try:
                found = articles.find(connection, tenant, url=urls.canonical(said))
            except urls.BadAddress:
                return None
            return found.id if found else None
        if ArticleId(said) in articles.many(connection, tenant, [ArticleId(said)]):
            return ArticleId(said)
        handed = items.handed_in(connection, tenant, said.removeprefix(EXTERNAL))
        return handed.article_id if handed else None


def _name(person: EmployeeId, article: ArticleId, kind: EventType, at: datetime) -> EventId:
    """The same thing that somebody did has the same id, however often and in whatever spelling it is imported."""
    told = "\0".join(("history", person, article, kind, at.isoformat()))
    return EventId(str(UUID(bytes=hashlib.sha256(told.encode()).digest()[:16], version=5)))
