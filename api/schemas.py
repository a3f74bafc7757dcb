"""What goes over the wire. Requests are strict: an unknown field or a wrong type is an error, never a guess."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from catalog.records import LONGEST_VALUE, EventType, ItemState, State
from curation.library import Way
from ingest.doors import API
from ingest.handed import AUTHOR_CHARACTERS, ID_CHARACTERS, MOST_BYTES, TITLE_CHARACTERS
from ingest.urls import LONGEST

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


_MOST_FIELDS: Final = 50
_MOST_AXES: Final = 20


class Answer(BaseModel):
    """Base of what we send."""

    model_config = ConfigDict(frozen=True)


class Ask(BaseModel):
    """Base of what we accept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def few(cls, given: Any) -> Any:
        """Refuse an object with more fields than there are, before each of them becomes an error of its own."""
        if isinstance(given, dict) and len(given) > _MOST_FIELDS:
            raise ValueError(f"{len(given)} fields: send only those of the documentation")
        return given


class ReasonOut(Answer):
    """Why an article is in the feed, for programs (`code`) and for people (`text`)."""

    code: str
    text: str


class ArticleOut(Answer):
    """An article as an employee or a tool may see it."""

    id: str
    url: str | None = Field(description="Null for a document of our own that has no address.")
    title: str
    lead: str
    author: str
    site_name: str
    image_url: str | None
    language: str | None
    internal: bool
    reading_minutes: int
    published_at: datetime
    barrier: str | None = Field(description="What seems to stand between a reader and the text, such as a paywall.")


class TaggedArticleOut(ArticleOut):
    """An article with its tags and its audience."""

    state: str
    tags: dict[str, dict[str, float]]
    audience: dict[str, list[str]] | None
    live_from: datetime | None
    expires_at: datetime | None


class FoundOut(Answer):
    """One story that was found: the article that stands for it, and how it was found."""

    score: float = Field(description="Orders the items of one answer; means nothing beside those of another.")
    found_by: list[Way] = Field(description="Empty where nothing was asked for.")
    others: int = Field(description="How many other articles tell the same story.")
    same_story: bool = Field(description="Whether it tells the story of the article that it is similar to.")
    article: TaggedArticleOut


class FindingsOut(Answer):
    """What was found, best first."""

    note: str | None = Field(description="What could not be done, such as a search for meaning without an encoder.")
    items: list[FoundOut]


Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=LONGEST_VALUE)]], Field(max_length=100)]


def _few_axes(given: Any) -> Any:
    if isinstance(given, dict) and len(given) > _MOST_AXES:  # pydantic itself counts after it has read them all
        raise ValueError(f"{len(given)} names: at most {_MOST_AXES}")
    return given


Axis = Annotated[str, Field(max_length=LONGEST_VALUE)]
Few = BeforeValidator(_few_axes)
AudienceIn = Annotated[dict[Axis, Annotated[Words, Field(min_length=1)]], Field(min_length=1, max_length=_MOST_AXES)]


class ArticleIn(Ask):
    """An article that another program hands in: its title, and its words as either `text` or `html`."""

    title: Annotated[str, Field(min_length=1, max_length=TITLE_CHARACTERS)]
    text: Annotated[str | None, Field(max_length=MOST_BYTES, description="Plain text, a paragraph per line.")] = None
    html: Annotated[
        str | None, Field(max_length=MOST_BYTES, description="The article's own markup, or its whole page.")
    ] = None
    url: Annotated[str | None, Field(max_length=LONGEST, description="Its address on the web, if it has one.")] = None
    author: Annotated[str, Field(max_length=AUTHOR_CHARACTERS)] = ""
    language: Annotated[
        str | None, Field(pattern="^[a-z]{2}$", description="Default: what the source says, or the words.")
    ] = None
    published_at: Annotated[
        Moment | None, Field(description="Default: now. A curator decides when it goes live, so no later than now.")
    ] = None
    expires_at: Moment | None = None
    image_url: Annotated[str | None, Field(max_length=LONGEST)] = None
    audience: Annotated[
        AudienceIn | None,
        Few,
        Field(description="Whom it is for, per axis; `*` for everybody. Default: what the source says."),
    ] = None
    tags: Annotated[
        dict[Axis, Words], Few, Field(max_length=_MOST_AXES, description="Concepts per facet, which then stand.")
    ] = {}
    source: Annotated[str, Field(description="The push source it comes through, without `push:`.")] = API
    approve: Annotated[
        bool, Field(description="Let `audience` stand without a curator: needs scope `content:approve` as well.")
    ] = False


class HandedIn(Answer):
    """What became of an article that was handed in. `article_id` and `problem` are told once it has been read."""

    external_id: str
    status: Literal["accepted", "unchanged"]
    state: ItemState = Field(description="`due` until it has been read, then `stored`, `duplicate` or `failed`.")
    article_id: str | None
    problem: str | None


class NamedArticleIn(ArticleIn):
    """One of many, with the id that your own program gave it."""

    external_id: Annotated[str, Field(min_length=1, max_length=ID_CHARACTERS)]


class ArticlesIn(Ask):
    """Many articles at once. Each stands for itself."""

    articles: Annotated[list[NamedArticleIn], Field(min_length=1, max_length=500)]


class HandedInResult(Answer):
    """What became of one of many."""

    external_id: str
    status: Literal["accepted", "unchanged", "refused"]
    article_id: str | None = None
    code: str | None = None
    detail: str | None = None


class ArticlesHandedIn(Answer):
    """What became of each, in the order sent."""

    results: list[HandedInResult]


class WithdrawnOut(Answer):
    """What was withdrawn, and the state that it ended in: `withdrawn`, or `rejected` where a curator was first."""

    article_id: str | None
    external_id: str | None
    state: State


class SuggestionIn(Ask):
    """The address of a page that an employee would like others to read."""

    url: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class SuggestionOut(Answer):
    """The address in the spelling that is kept. `known`: it was here already, and nothing was started."""

    url: str
    status: Literal["accepted", "known"]
    article_id: str | None


class PickOut(Answer):
    """One place of a feed."""

    position: int
    score: float
    impression: str = Field(description="Send it back with events about this item.")
    article: ArticleOut
    reasons: list[ReasonOut]


class FeedOut(Answer):
    """A feed. Send `slate_id` back with every event about it."""

    slate_id: str
    employee_id: str
    created_at: datetime
    ranker: str
    degraded: bool = Field(description="True where the trained ranker was not to be had and the heuristic stood in.")
    degraded_reason: str | None = Field(
        description="A code for why: artefact_mismatch, features_missing, no_scores or unavailable. Null where not "
        "degraded, or where another process made the slate and has it in its log."
    )
    items: list[PickOut]


class PicksOut(Answer):
    """Somebody's picks of one day. Send `slate_id` back with every event about them."""

    day: date
    employee_id: str
    slate_id: str | None
    items: list[PickOut]


class EventIn(Ask):
    """Something an employee did with one item that they were shown: named by its `impression`, or by its three ids."""

    id: Id = Field(description="Chosen by you, unique: the same id sent again changes nothing.")
    type: EventType
    at: Moment = Field(description="When it happened, with time zone.")
    impression: Annotated[
        str | None, Field(max_length=100, description="As it came with the item: then leave out the three ids.")
    ] = None
    slate_id: Id | None = None
    article_id: Id | None = None
    employee_id: Id | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> Self:
        """Refuse an item that is named twice, or by half."""
        ids = [self.slate_id, self.article_id, self.employee_id]
        if (self.impression is not None) == any(ids) or (any(ids) and not all(ids)):
            raise ValueError("send either an impression, or slate_id, article_id and employee_id")
        return self


class EventsIn(Ask):
    """A batch. Each event stands for itself."""

    events: Annotated[list[EventIn], Field(min_length=1, max_length=1000)]
    sent_at: Moment | None = Field(
        None, description="By the clock that the events' times are of, at the moment of sending: it is corrected then."
    )


class EventResult(Answer):
    """What became of one event."""

    id: str
    status: Literal["accepted", "duplicate", "quarantined", "refused"]
    code: str | None = Field(None, description="Why it was refused or set aside.")
    detail: str | None = None


class EventsOut(Answer):
    """What became of a batch, in the order sent."""

    results: list[EventResult]


class PastIn(Ask):
    """Something an employee did in another tool, before."""

    employee: Annotated[
        str, Field(min_length=1, max_length=320, description="Our id, their e-mail address, or `ext:` and your id.")
    ]
    article: Annotated[
        str, Field(min_length=1, max_length=LONGEST, description="Our id, its web address, or `ext:` and your id.")
    ]
    type: Annotated[EventType, Field(description="Anything but `seen`.")]
    at: Moment


class PastEventsIn(Ask):
    """A batch of history."""

    events: Annotated[list[PastIn], Field(min_length=1, max_length=1000)]


class PastResult(Answer):
    """What became of one event of a history."""

    status: Literal["accepted", "duplicate", "refused"]
    detail: str | None = None


class PastEventsOut(Answer):
    """What became of a batch of history, in the order sent."""

    results: list[PastResult]


class QuarantinedOut(Answer):
    """An event that waits for a person, because it cannot have happened when it says."""

    id: str
    type: EventType
    slate_id: str
    article_id: str
    employee_id: str
    at: datetime
    received_at: datetime
    reason: Literal["future", "past"]


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
