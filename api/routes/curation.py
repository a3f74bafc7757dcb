"""What curators do, over HTTP: sources, the queue, decisions and pins."""

from datetime import datetime
from typing import Annotated, Literal, assert_never

from fastapi import APIRouter, Query
from pydantic import Field

from api import receiving
from api.dependencies import V1, Reading, Wired, Writing
from api.idempotency import once
from api.ids import ArticleRef, article
from api.paging import Cursor, Limit, Page, page, place
from api.routes.articles import tagged_out
from api.schemas import Answer, Ask, AudienceIn, Axis, Few, Moment, TaggedArticleOut, Words
from api.security import Curating
from catalog import articles, reviews, sources
from catalog.records import Action, Decision, Source, State, listed
from curation import pinning, queue
from curation.queue import Entry
from curation.review import NAME_CHARACTERS, REASON_CHARACTERS, Desk, Reviewer, Role

router = APIRouter(prefix=V1, tags=["curation"])

By = Annotated[
    str, Field(min_length=1, max_length=NAME_CHARACTERS, description="Who decides, as the trail names them.")
]
Why = Annotated[str, Field(max_length=REASON_CHARACTERS)]


class SourceOut(Answer):
    """Where articles come from, and how it fares."""

    id: str
    url: str
    title: str
    kind: str
    status: str
    owner: str
    trust: str
    language: str | None
    internal: bool
    needs_legal: bool
    audience: dict[str, list[str]] | None
    checked_at: datetime | None
    due_at: datetime
    failures: int
    last_error: str | None


class WaitingOut(Answer):
    """One story that waits for a person. Asked `blind`, it hides what the machine thinks of its audience."""

    article: TaggedArticleOut
    proposed: dict[str, list[str]] | None = Field(description="Null where the tags are unclear: name the audience.")
    blind: bool
    attached: list[str] = Field(description="Other articles that tell the same story.")


class QueueOut(Answer):
    """What waits, by expected value and so that nothing starves."""

    items: list[WaitingOut]


class DecisionIn(Ask):
    """What a person decides about an article. Which fields count depends on the action."""

    action: Literal["approve", "reject", "withdraw", "sign", "edit"]
    by: By
    role: Role = Role.CURATOR
    reason: Annotated[Why, Field(description="Needed to reject and to withdraw.")] = ""
    audience: Annotated[
        AudienceIn | None, Few, Field(description="approve, edit: for whom; default: what the tags propose.")
    ] = None
    tags: Annotated[dict[Axis, Words] | None, Few, Field(description="edit: concepts per facet.")] = None
    needs_legal: Annotated[bool | None, Field(description="approve: whether legal must sign.")] = None
    live_from: Annotated[Moment | None, Field(description="approve: not before; default: now.")] = None
    expires_at: Annotated[Moment | None, Field(description="approve: until when.")] = None
    revision: Annotated[int | None, Field(ge=0, le=2**31 - 1, description="approve: the wording that was read.")] = None


class DecisionOut(Answer):
    """One line of the audit trail."""

    id: str
    article_id: str
    at: datetime
    actor: str
    action: Action
    before: State
    after: State
    reason: str


class DecisionsOut(Answer):
    """All that was decided about an article, oldest first."""

    items: list[DecisionOut]


class PinIn(Ask):
    """A place of its own in the feed of everybody whom an article is for."""

    by: By
    until: Moment
    must_read: bool = False
    reason: Why = ""


@router.get("/sources", summary="Where articles come from")
def listed_sources(key: Curating, connection: Reading, cursor: Cursor = None, limit: Limit = 50) -> Page[SourceOut]:
    """By title, with how their visits go."""
    after = place(cursor, 2)
    every = sources.every(connection, key.tenant)
    left = [each for each in every if after is None or _place(each) > after]
    return page(left[: limit + 1], limit, _source_out, _place)


@router.get("/queue", summary="What waits for a person")
def waiting(
    wired: Wired,
    key: Curating,
    connection: Reading,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QueueOut:
    """One entry per story, in the order in which they are worth a curator's time."""
    found = queue.waiting(connection, key.tenant, wired.clock(), limit=limit)
    shown = tagged_out(connection, key.tenant, [entry.article for entry in found])
    return QueueOut(items=[_waiting_out(entry, out) for entry, out in zip(found, shown, strict=True)])


@router.post("/articles/{article_id:path}/decisions", summary="Decide about an article")
@once
def decide(wired: Wired, key: Curating, connection: Writing, article_id: ArticleRef, said: DecisionIn) -> DecisionOut:
    """As `sluis review` does, with the same rules; the trail names the person and this key.

    `approve` lets it go to its audience (by way of legal where that is needed), `sign` is legal's word, `edit` corrects
    tags or audience. 409 where its state does not allow it, or somebody else was first.
    """
    desk = Desk(connection, key.tenant, wired.clock())
    which, by = article(connection, key.tenant, article_id), _reviewer(said.by, key.label, said.role)
    words = wired.taxonomy(connection, key.tenant)
    audience = receiving.audience(said.audience, words)
    match said.action:
        case "approve":
            done = desk.approve(
                which,
                by,
                audience=audience,
                reason=said.reason,
                needs_legal=said.needs_legal,
                live_from=said.live_from,
                expires_at=said.expires_at,
                revision=said.revision,
            )
        case "reject":
            done = desk.reject(which, by, reason=said.reason)
        case "withdraw":
            done = desk.withdraw(which, by, reason=said.reason)
        case "sign":
            done = desk.sign(which, by, reason=said.reason)
        case "edit":
            tags = {facet: words.require(facet, concepts) for facet, concepts in (said.tags or {}).items()}
            done = desk.edit(which, by, tags=tags, audience=audience, reason=said.reason)
        case _:
            assert_never(said.action)
    return _decision_out(done)


@router.get("/articles/{article_id:path}/decisions", summary="What was decided about an article")
def decided(key: Curating, connection: Reading, article_id: ArticleRef) -> DecisionsOut:
    """The audit trail, oldest first."""
    which = articles.get(connection, key.tenant, article(connection, key.tenant, article_id)).id
    return DecisionsOut(items=[_decision_out(each) for each in reviews.of_article(connection, key.tenant, which)])


@router.put("/articles/{article_id:path}/pin", summary="Pin an article")
def pin(wired: Wired, key: Curating, connection: Writing, article_id: ArticleRef, said: PinIn) -> DecisionOut:
    """Until a moment; it widens no audience. A must-read stands first until somebody has opened it."""
    desk, which = Desk(connection, key.tenant, wired.clock()), article(connection, key.tenant, article_id)
    by = _reviewer(said.by, key.label)
    done = pinning.pin(desk, which, by, until=said.until, must_read=said.must_read, reason=said.reason)
    return _decision_out(done)


@router.delete("/articles/{article_id:path}/pin", summary="End a pin")
def unpin(
    wired: Wired,
    key: Curating,
    connection: Writing,
    article_id: ArticleRef,
    by: Annotated[str, Query(min_length=1, max_length=NAME_CHARACTERS)],
) -> DecisionOut:
    """409 where it is not pinned."""
    desk, which = Desk(connection, key.tenant, wired.clock()), article(connection, key.tenant, article_id)
    return _decision_out(pinning.unpin(desk, which, _reviewer(by, key.label)))


def _reviewer(name: str, key: str, role: Role = Role.CURATOR) -> Reviewer:
    """A person, and the key through which they spoke. Raises Invalid for a name that is none."""
    return Reviewer(f"{Reviewer(name).name.strip()}, key {key}", role)


def _place(source: Source) -> tuple[str, ...]:
    return source.title, source.url


def _source_out(source: Source) -> SourceOut:
    return SourceOut(
        id=source.id,
        url=source.url,
        title=source.title,
        kind=source.kind,
        status=source.status,
        owner=source.owner,
        trust=source.trust,
        language=source.language,
        internal=source.internal,
        needs_legal=source.needs_legal,
        audience=listed(source.audience.axes) if source.audience else None,
        checked_at=source.checked_at,
        due_at=source.due_at,
        failures=source.failures,
        last_error=source.last_error,
    )


def _waiting_out(entry: Entry, shown: TaggedArticleOut) -> WaitingOut:
    kept = {tag.facet for tag in entry.tags}
    told = {"tags": {facet: tags for facet, tags in shown.tags.items() if facet in kept}} if entry.blind else {}
    hidden = {"audience": None, "live_from": None, "state": entry.article.state} if entry.blind else {}
    return WaitingOut(
        article=shown.model_copy(update=told | hidden),
        proposed=listed(entry.proposed.axes) if entry.proposed else None,
        blind=entry.blind,
        attached=[each.id for each in entry.attached],
    )


def _decision_out(done: Decision) -> DecisionOut:
    return DecisionOut(
        id=done.id,
        article_id=done.article_id,
        at=done.at,
        actor=done.actor,
        action=done.action,
        before=done.before,
        after=done.after,
        reason=done.reason,
    )
