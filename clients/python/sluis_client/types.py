"""What goes over the wire. Answers are plain dictionaries with these keys, so a newer server's additions do no harm."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NotRequired, TypedDict
from uuid import uuid4

EventType = Literal["seen", "open", "like", "save", "share", "click", "dismiss"]


class Reason(TypedDict):
    """Why an article is there, for programs and for people."""

    code: str
    text: str


class Article(TypedDict):
    """An article as an employee may see it."""

    id: str
    url: str | None
    title: str
    lead: str
    author: str
    site_name: str
    image_url: str | None
    language: str | None
    internal: bool
    reading_minutes: int
    published_at: str


class Item(TypedDict):
    """One place of a feed. Send `impression` back with events about it."""

    position: int
    score: float
    impression: str
    article: Article
    reasons: list[Reason]


class Feed(TypedDict):
    """A feed, or the picks of a day, which have a `day` and may have no slate."""

    slate_id: str | None
    employee_id: str
    items: list[Item]
    day: NotRequired[str]
    ranker: NotRequired[str]
    degraded: NotRequired[bool]


class Employee(TypedDict):
    """Somebody in the directory."""

    id: str
    external_id: str | None
    email: str
    name: str
    functions: list[str]
    industries: list[str]
    languages: list[str]
    regions: list[str]
    units: list[str]
    interests: list[str]
    opted_in: bool
    active: bool
    pick_days: list[str]


class EventResult(TypedDict):
    """What became of an event."""

    id: str
    status: Literal["accepted", "duplicate", "quarantined", "refused"]
    code: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something an employee did with an item that they were shown. Sent again, it is the same event."""

    type: EventType
    impression: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: str(uuid4()))

    def wire(self) -> dict[str, Any]:
        """As it is sent. Raises ValueError for a moment without time zone."""
        if self.at.tzinfo is None:
            raise ValueError("an event needs a moment with its time zone")
        return {"id": self.id, "type": self.type, "impression": self.impression, "at": self.at.isoformat()}
