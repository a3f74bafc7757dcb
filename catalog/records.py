"""The values that every floor speaks in: frozen, typed, impossible ones refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.clock import require_aware
from catalog.ids import ArticleId, DecisionId, EmployeeId, EventId, ItemId, SlateId, SourceId

WORKDAYS: Final = "12345"
"""On which days somebody gets picks who never said when, as ISO numbers of weekdays."""

ALL: Final = "*"
"""The value that opens one axis of an audience to everybody. Only ever written, never a default."""

FUNCTION: Final = "function"
"""The hard axis that every tenant has."""

AXES: Final = ("function", "industry", "language", "region", "unit")
"""What is known of a person that an audience can be drawn along."""

TOPIC: Final = "topic"
"""Not an axis that an audience is cut along: the topics that a person chose stand beside their axes under this name."""

LONGEST_VALUE: Final = 64
"""Characters of a value on an axis."""
LONGEST_EXTERNAL_ID: Final = 200
"""Characters of the id that another program gave somebody."""

LONGEST_GROUP: Final = 256
"""Characters of the name of a group or a department."""

Axes = Mapping[str, frozenset[str]]
Vector = NDArray[np.float32]
Sketch = NDArray[np.uint32]
"""A MinHash of a text: the share of equal places estimates the share of equal shingles."""


def listed(axes: Axes) -> dict[str, list[str]]:
    """Values per axis as JSON has them: sorted lists, so that equal axes are spelled alike."""
    return {axis: sorted(values) for axis, values in sorted(axes.items())}


def joined(some: Axes, more: Axes) -> Axes:
    """The values of both, per axis."""
    return {axis: some.get(axis, frozenset()) | more.get(axis, frozenset()) for axis in {**some, **more}}


def without(some: Axes, others: Axes) -> Axes:
    """The values that only the first has, per axis; axes without any are left out."""
    left = {axis: values - others.get(axis, frozenset()) for axis, values in some.items()}
    return {axis: values for axis, values in left.items() if values}


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
    CERTIFY = "certify"
    APPROVE = "approve"
    AUDIT = "audit"
    REJECT = "reject"
    EDIT = "edit"
    SIGN = "sign"
    WITHDRAW = "withdraw"
    PIN = "pin"
    UNPIN = "unpin"


class WordAction(StrEnum):
    """What somebody did to the organisation's vocabulary."""

    ADD = "add"
    EDIT = "edit"
    RENAME = "rename"
    MERGE = "merge"
    RETIRE = "retire"
    RESTORE = "restore"
    HIDE = "hide"
    UNHIDE = "unhide"
    BORROW = "borrow"
    FORGET = "forget"


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

    `seq` numbers its events without gaps, `content_version` grows with every change of what can be served and
    `vocabulary_version` with every change of its own words, `encoder` is the digest of the encoder whose vectors are in
    use. `certify_since` is when it began to ask curators blind, so that its taggers can be certified, None where it
    does not; `certify_by` had the last word on that.
    """

    name: str
    hard_axes: tuple[str, ...]
    seq: int = 0
    content_version: int = 0
    encoder: str | None = None
    certify_since: datetime | None = None
    certify_by: str | None = None
    vocabulary_version: int = 0

    def __post_init__(self) -> None:
        if FUNCTION not in self.hard_axes or not set(self.hard_axes) <= set(AXES):
            raise ValueError(f"hard axes are of {', '.join(AXES)}, and function is always one")


class SourceStatus(StrEnum):
    """Whether a source is read: `ended` when its server said that it is gone for good, `paused` when a person did."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Trust(StrEnum):
    """How much a source's word weighs where several tell the same story."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class SourceKind(StrEnum):
    """How articles come from a source: it is visited on the web or as a folder, or its articles are handed in."""

    WEB = "web"
    FOLDER = "folder"
    PUSH = "push"


@dataclass(frozen=True, slots=True)
class Source:
    """Where articles come from, what holds for all of them, and what it told us to make the next visit cheap.

    The scheme of `url` says what `kind` it is: `https://…`, `file:///…` or `push:name`. `tags` are given to each of its
    articles, per facet. `archive_days` after publication an article expires; `daily_cap` new items a day are taken.
    """

    id: SourceId
    url: str
    title: str
    due_at: datetime
    language: str | None = None
    internal: bool = False
    needs_legal: bool = False
    audience: Audience | None = None
    etag: str | None = None
    last_modified: str | None = None
    checked_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    status: SourceStatus = SourceStatus.ACTIVE
    owner: str = ""
    trust: Trust = Trust.NORMAL
    tags: Axes = field(default_factory=dict)
    archive_days: int | None = None
    daily_cap: int | None = None

    def __post_init__(self) -> None:
        for name in ("archive_days", "daily_cap"):
            given = getattr(self, name)
            if given is not None and given < 1:
                raise ValueError(f"{name} is at least 1")

    @property
    def kind(self) -> SourceKind:
        """How articles come from it."""
        scheme = self.url.partition(":")[0]
        return {"file": SourceKind.FOLDER, "push": SourceKind.PUSH}.get(scheme, SourceKind.WEB)


@dataclass(frozen=True, slots=True)
class SourceVisit:
    """One line of a source's history. `outcome` is read, unchanged, failed or ended; `seconds` is how long it took."""

    source_id: SourceId
    at: datetime
    outcome: str
    items_new: int
    detail: str | None
    seconds: float


class PromotionState(StrEnum):
    """What became of a request to let a ranker rank. FAILED is one that could not be judged."""

    WAITING = "waiting"
    PROMOTED = "promoted"
    REFUSED = "refused"
    FAILED = "failed"


class ItemState(StrEnum):
    """What became of an item. `capped` came over its source's daily cap and `old` too late: neither is ever read.

    `boilerplate` had a page without an article.
    """

    DUE = "due"
    STORED = "stored"
    DUPLICATE = "duplicate"
    FAILED = "failed"
    BOILERPLATE = "boilerplate"
    CAPPED = "capped"
    OLD = "old"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One entry of a feed or one document that was handed in, remembered before it is read: a crash forgets nothing.

    `url` is None for a document without an address of its own. What is known of the article before its page is read
    (`language`, `image_url`, `audience`, `tags`, `expires_at`) goes before what page and source say. `suggested_by` is
    the employee who sent the address in, `approved_by` the key that may say for whom it is without a curator, and did.
    """

    id: ItemId
    source_id: SourceId
    key: str
    url: str | None
    title: str
    summary: str
    author: str
    published_at: datetime
    digest: str
    revisions: int = 0
    attempts: int = 0
    language: str | None = None
    image_url: str | None = None
    audience: Audience | None = None
    tags: Axes = field(default_factory=dict)
    expires_at: datetime | None = None
    suggested_by: EmployeeId | None = None
    approved_by: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The content of an item that brings its own page. `kind` is a media type, `name` what a person calls the file."""

    kind: str
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Article:
    """One text that somebody may be shown. `digest` is of the normalised text.

    `url` is canonical, and None for a document without an address of its own. `barrier` is what seems to stand between
    a reader and the text: a paywall, a cookie wall. `second_language` is that of a part of the text, where it has one.
    """

    id: ArticleId
    source_id: SourceId | None
    url: str | None
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
    barrier: str | None = None
    second_language: str | None = None

    def __post_init__(self) -> None:
        for name in ("published_at", "created_at", "live_from", "expires_at"):
            require_aware(name, getattr(self, name))

    @property
    def story(self) -> ArticleId:
        """The story it tells; until that is known, one of its own."""
        return self.story_id or self.id


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
class Pin:
    """A curator's wish that everybody in an article's audience is offered it until some moment.

    It holds for what is made of the catalogue at `version` or later, and no longer at `ended_version`: versions are
    numbered in the transactions that make them, so what held for a slate is known however clocks run.
    """

    article_id: ArticleId
    version: int
    pinned_at: datetime
    pinned_by: str
    until: datetime
    must_read: bool = False
    reason: str = ""
    ended_version: int | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    def __post_init__(self) -> None:
        for name in ("pinned_at", "until", "ended_at"):
            require_aware(name, getattr(self, name))

    def held(self, version: int) -> bool:
        """Whether it held at this version of the catalogue, whatever the clock says of `until`."""
        return self.version <= version and (self.ended_version is None or version < self.ended_version)


@dataclass(frozen=True, slots=True)
class WordChange:
    """One line of the vocabulary's own audit trail. `concept` is None where the change is of no single one."""

    at: datetime
    actor: str
    action: WordAction
    facet: str
    concept: str | None
    changes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Employee:
    """A person who may be shown articles, once opted in.

    `pick_days` are the days of the week on which they want picks, as ISO numbers: "135" is Monday, Wednesday, Friday.
    `external_id` is what another program calls them. Of the values on their `axes` those in `lent` were set by nobody:
    a group or another word of an identity provider gives them, and takes them back. Who is not `active` gets nothing,
    whatever they consented to.
    """

    id: EmployeeId
    email: str
    name: str
    axes: Axes
    opted_in: bool
    created_at: datetime
    pick_days: str = WORKDAYS
    external_id: str | None = None
    active: bool = True
    lent: Axes = field(default_factory=dict)

    @property
    def takes_part(self) -> bool:
        """Whether they may be sent anything: they said yes, and are still there."""
        return self.opted_in and self.active

    @property
    def own(self) -> Axes:
        """The values that somebody set, by hand or through the API."""
        return without(self.axes, self.lent)

    def owning(self, own: Axes) -> "Employee":
        """The same person, with these values set and what is lent to them beside it."""
        lent = without(self.lent, own)
        return replace(self, axes=joined(own, lent), lent=lent)


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
    that was asked for, if any. `experiment` and `arm` say which configuration made it, where one was being tried.
    `listed` is a list of the caller's own in the order of its scores: they chose the candidates, and all are items.
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
    experiment: str | None = None
    arm: str | None = None
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Arm:
    """One configuration of an experiment, and the share of the people who get it.

    `ranker` is an artefact's name, or that of the ranker that needs none; `options` are those in which slates are made
    otherwise than usual.
    """

    name: str
    share: float
    ranker: str
    options: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Experiment:
    """Configurations that are compared on people. The first arm is what the others are compared with."""

    name: str
    arms: tuple[Arm, ...]
    started_at: datetime
    started_by: str
    stopped_at: datetime | None = None
    stopped_by: str | None = None

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        if len(names) < 2 or len(set(names)) < len(names):
            raise ValueError("an experiment has two arms or more, each with a name of its own")
        shares = [arm.share for arm in self.arms]
        if not (min(shares) > 0 and abs(sum(shares) - 1) <= 1e-9):
            raise ValueError("every arm has a share above 0, and together they are everybody")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened with one item of one slate. `seq` is its place in the log, 0 before it is appended.

    `axes` is who the person was when the slate was served. An erased person's events stay as counts only: without
    employee, slate and axes. One with an employee but no slate was imported from another tool; its `axes` are those of
    that day. `at` is when it happened as far as we can tell; `said_at` is what the sender's clock said where that was
    corrected, and `sent_at` when it was sent, by the same clock.
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
    said_at: datetime | None = None
    sent_at: datetime | None = None

    def __post_init__(self) -> None:
        require_aware("at", self.at)
        require_aware("received_at", self.received_at)

    @property
    def imported(self) -> bool:
        """Whether it happened elsewhere, so that no slate of ours has any part in it."""
        return self.slate_id is None and self.employee_id is not None


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
