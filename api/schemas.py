"""What goes over the wire. Requests are strict: an unknown field or a wrong type is an error, never a guess."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from catalog.records import EventType

Id = Annotated[UUID, Field(description="An id as this program gives them out.")]


_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def _moment(given: object) -> object:
    if not isinstance(given, str):
        raise ValueError("write it as text, such as 2026-03-02T10:01:00+01:00")
    return given


def _of_our_time(given: datetime) -> datetime:
    try:
        utc = given.astimezone(UTC)
    except OverflowError:
        raise ValueError("not a moment between 2000 and 2100") from None
    if not _EARLIEST <= utc < _LATEST:
        raise ValueError("not a moment between 2000 and 2100")
    return utc


Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_of_our_time)]


class Answer(BaseModel):
    """Base of what we send."""

    model_config = ConfigDict(frozen=True)


class Ask(BaseModel):
    """Base of what we accept."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReasonOut(Answer):
    """Why an article is in the feed, for programs (`code`) and for people (`text`)."""

    code: str
    text: str


class ArticleOut(Answer):
    """An article as an employee or a tool may see it."""

    id: str
    url: str
    title: str
    lead: str
    author: str
    site_name: str
    image_url: str | None
    language: str | None
    internal: bool
    reading_minutes: int
    published_at: datetime


class TaggedArticleOut(ArticleOut):
    """An article with its tags and its audience."""

    state: str
    tags: dict[str, dict[str, float]]
    audience: dict[str, list[str]] | None
    live_from: datetime | None
    expires_at: datetime | None


class PickOut(Answer):
    """One place of a feed."""

    position: int
    score: float
    article: ArticleOut
    reasons: list[ReasonOut]


class FeedOut(Answer):
    """A feed. Send `slate_id` back with every event about it."""

    slate_id: str
    employee_id: str
    created_at: datetime
    ranker: str
    degraded: bool = Field(description="True where the trained ranker was not to be had and the heuristic stood in.")
    items: list[PickOut]


class EventIn(Ask):
    """Something an employee did with one article of a slate."""

    id: Id = Field(description="Chosen by you, unique: the same id sent again changes nothing.")
    type: EventType
    slate_id: Id
    article_id: Id
    employee_id: Id
    at: Moment = Field(description="When it happened, with time zone.")


class EventsIn(Ask):
    """A batch, accepted or refused as a whole."""

    events: Annotated[list[EventIn], Field(min_length=1, max_length=1000)]


class EventResult(Answer):
    """What became of one event."""

    id: str
    status: Literal["accepted", "duplicate"]


class EventsOut(Answer):
    """What became of a batch, in the order sent."""

    results: list[EventResult]


class Health(Answer):
    """Whether the process runs (`healthz`) or can answer (`readyz`)."""

    status: Literal["ok"]


class Problem(Answer):
    """An error, after RFC 9457. `code` is stable; `detail` says what happened and what to do."""

    type: str
    title: str
    status: int
    code: str
    detail: str
