"""The values that every floor speaks in: frozen, typed, impossible ones refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.clock import require_aware
from catalog.ids import ArticleId, DecisionId, EmployeeId, EventId, ItemId, SlateId, SourceId

ALL: Final = "*"
"""The value that opens one axis of an audience to everybody. Only ever written, never a default."""

FUNCTION: Final = "function"
"""The hard axis that every tenant has."""

AXES: Final = ("function", "industry", "language", "region", "unit")
"""What is known of a person that an audience can be drawn along."""

LONGEST_VALUE: Final = 64
"""Characters of a value on an axis."""

Axes = Mapping[str, frozenset[str]]
Vector = NDArray[np.float32]


def listed(axes: Axes) -> dict[str, list[str]]:
    """Values per axis as JSON has them: sorted lists, so that equal axes are spelled alike."""
    return {axis: sorted(values) for axis, values in sorted(axes.items())}


class State(StrEnum):
    """Where an article is on its way. `live` and `expired` are not here: they are read off the clock."""

    EXTRACTED = "extracted"
    TAGGED = "tagged"
    IN_REVIEW = "in_review"
    LEGAL_REVIEW = "legal_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Origin(StrEnum):
    """Who said so."""

    MACHINE = "machine"
    PERSON = "person"
    SOURCE = "source"


class Action(StrEnum):
    """What a decision did to an article."""

    ROUTE = "route"
    APPROVE = "approve"
    REJECT = "reject"
    EDIT = "edit"
    SIGN = "sign"
    WITHDRAW = "withdraw"


class EventType(StrEnum):
    """What an employee did with one article of a slate. `click`: a reader in their network followed the share."""

    SEEN = "seen"
    OPEN = "open"
    LIKE = "like"
    SAVE = "save"
    CLICK = "click"
    SHARE = "share"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class Audience:
    """For whom an article is meant: per axis the values admitted, or `{ALL}`. An axis not named admits nobody."""

    axes: Axes

    def __post_init__(self) -> None:
        for axis, values in self.axes.items():
            if axis not in AXES:
                raise ValueError(f"unknown axis {axis!r}: use one of {', '.join(AXES)}")
            if not all(value.isprintable() and 0 < len(value) <= LONGEST_VALUE for value in values):
                raise ValueError(f"{axis}: a value has 1 to {LONGEST_VALUE} printable characters")
            if ALL in values and len(values) > 1:
                raise ValueError(f"{axis}: either everybody or a list of values, not both")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organisation.

    `seq` numbers its events without gaps, `content_version` grows with every change of what can be served, `encoder`
    is the digest of the encoder whose vectors are in use.
    """

    name: str
    hard_axes: tuple[str, ...]
    seq: int = 0
    content_version: int = 0
    encoder: str | None = None

    def __post_init__(self) -> None:
        if FUNCTION not in self.hard_axes or not set(self.hard_axes) <= set(AXES):
            raise ValueError(f"hard axes are of {', '.join(AXES)}, and function is always one")


@dataclass(frozen=True, slots=True)
class Source:
    """A feed we read, and what it told us to make the next visit cheap."""

    id: SourceId
    url: str
    title: str
    language: str | None
    internal: bool
    needs_legal: bool
    audience: Audience | None
    etag: str | None
    last_modified: str | None
    due_at: datetime
    checked_at: datetime | None
    failures: int
    last_error: str | None


class ItemState(StrEnum):
    """Whether a feed item still needs its page fetched."""

    DUE = "due"
    STORED = "stored"
    DUPLICATE = "duplicate"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One entry of a feed, remembered before its page is fetched, so that a crash forgets nothing."""

    id: ItemId
    source_id: SourceId
    key: str
    url: str
    title: str
    summary: str
    author: str
    published_at: datetime
    digest: str
    revisions: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Article:
    """One text that somebody may be shown. `digest` is of the normalised text; `url` is canonical."""

    id: ArticleId
    source_id: SourceId | None
    url: str
    title: str
    lead: str
    text: str
    author: str
    site_name: str
    image_url: str | None
    language: str | None
    published_at: datetime
    created_at: datetime
    digest: str
    revision: int = 1
    state: State = State.EXTRACTED
    internal: bool = False
    needs_legal: bool = False
    live_from: datetime | None = None
    expires_at: datetime | None = None
    story_id: ArticleId | None = None

    def __post_init__(self) -> None:
        for name in ("published_at", "created_at", "live_from", "expires_at"):
            require_aware(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class Tag:
    """One concept of one facet, with how sure the tagger was. A person's word has probability 1."""

    facet: str
    concept: str
    probability: float
    origin: Origin = Origin.MACHINE
    tagger: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"{self.facet}:{self.concept}: probability {self.probability} is not within 0..1")


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the audit trail: who moved which article from where to where, why, and what it changed."""

    id: DecisionId
    article_id: ArticleId
    at: datetime
    actor: str
    action: Action
    before: State
    after: State
    reason: str
    changes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Employee:
    """A person who may be shown articles, once opted in."""

    id: EmployeeId
    email: str
    name: str
    axes: Axes
    opted_in: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this article: a code with its values, put into words in the reader's language at the edge."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SlateItem:
    """One place of a slate. `propensity`: the probability with which the policy put this article here."""

    position: int
    article_id: ArticleId
    score: float
    propensity: float
    features: tuple[float, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Slate:
    """What one person was offered at one moment, with all that is needed to learn from it or to replay it.

    `seq` is the event log's position it was ranked at, `axes` who the person was then, `hard_axes` on which of them
    eligibility had to hold, `language` the one language
    that was asked for, if any.
    """

    id: SlateId
    employee_id: EmployeeId
    created_at: datetime
    seq: int
    content_version: int
    ranker: str
    degraded: bool
    axes: Axes
    hard_axes: tuple[str, ...]
    feature_names: tuple[str, ...]
    items: tuple[SlateItem, ...]
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened with one item of one slate. `seq` is its place in the log, 0 before it is appended.

    `axes` is who the person was when the slate was served. An erased person's events stay as counts only: without
    employee, slate and axes.
    """

    id: EventId
    type: EventType
    article_id: ArticleId
    at: datetime
    received_at: datetime
    slate_id: SlateId | None
    employee_id: EmployeeId | None
    axes: Axes = field(default_factory=dict)
    seq: int = 0

    def __post_init__(self) -> None:
        require_aware("at", self.at)
        require_aware("received_at", self.received_at)


@dataclass(frozen=True, slots=True)
class LiveArticle:
    """What ranking needs of an article that may be delivered now."""

    id: ArticleId
    source_id: SourceId | None
    story_id: ArticleId | None
    language: str | None
    internal: bool
    words: int
    published_at: datetime
    live_from: datetime
    expires_at: datetime | None
    audience: Audience
    tags: Mapping[str, Mapping[str, float]]
    vector: Vector
