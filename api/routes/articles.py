"""Articles, one by one: looked at, handed in by other programs, and taken back."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from api.dependencies import V1, Reading, Services, Wired, Writing
from api.idempotency import once
from api.ids import ArticleRef, article, handed_in
from api.receiving import piece
from api.schemas import (
    ArticleIn,
    ArticleOut,
    ArticlesHandedIn,
    ArticlesIn,
    HandedIn,
    HandedInResult,
    Id,
    TaggedArticleOut,
    WithdrawnOut,
)
from api.security import Browsing, Sending
from catalog import articles, audiences, tenants
from catalog.articles import StateChanged
from catalog.errors import Conflict, Forbidden, Invalid, NotFound
from catalog.ids import ArticleId, TenantId
from catalog.keys import Caller
from catalog.records import Article, Audience, State, Tag, listed
from curation.review import REASON_CHARACTERS, Desk, Sender
from curation.states import FINAL
from ingest.handed import ID_CHARACTERS, Taken, push
from ranking.features import WORDS_PER_MINUTE

router = APIRouter(prefix=V1, tags=["content"])

ExternalId = Annotated[str, Path(max_length=ID_CHARACTERS, description="The id that your own program gave it.")]
Why = Annotated[str, Query(min_length=1, max_length=REASON_CHARACTERS, description="For the audit trail: one line.")]
_BY_SENDER: Final = "withdrawn by its sender"
_TRIES: Final = 3
"""Times that a withdrawal may find the article read or moved at that very moment, and begins again."""


# ids of other programs may have slashes in them, and are looked for before our own
@router.put("/articles/ext:{external_id:path}", status_code=202, summary="Hand in an article, or another version of it")
def hand_in(wired: Wired, key: Sending, connection: Writing, external_id: ExternalId, article: ArticleIn) -> HandedIn:
    """Safe to send again: the same content is `unchanged`, other content revises the article, which then goes back to
    the curators. It is read by the next `sluis ingest`.

    Refused with 409 where it was withdrawn or rejected, which is final, or where another source uses this id.
    """
    hard_axes = tenants.get(connection, key.tenant).hard_axes
    given = piece(external_id, article, wired.taxonomy(connection, key.tenant), key, hard_axes)
    [receipt] = push(connection, key.tenant, article.source, [given], wired.clock())
    return HandedIn(
        external_id=external_id,
        status="unchanged" if receipt.taken is Taken.UNCHANGED else "accepted",
        state=receipt.standing.state,
        article_id=receipt.standing.article_id,
        problem=receipt.standing.problem,
    )


@router.post("/articles:batch", status_code=202, summary="Hand in many articles")
@once
def hand_in_many(wired: Wired, key: Sending, connection: Writing, batch: ArticlesIn) -> ArticlesHandedIn:
    """As one by one; each stands for itself, and one that is refused keeps back no other."""
    words, hard_axes = wired.taxonomy(connection, key.tenant), tenants.get(connection, key.tenant).hard_axes
    results: list[HandedInResult] = []
    for said in batch.articles:
        name = said.external_id
        try:
            given = piece(name, said, words, key, hard_axes)
            [receipt] = push(connection, key.tenant, said.source, [given], wired.clock())
        except (Conflict, Forbidden, Invalid, NotFound) as error:
            refused = {"code": error.code, "detail": str(error)}
            results.append(HandedInResult(external_id=name, status="refused", **refused))
            continue
        status: Literal["accepted", "unchanged"] = "unchanged" if receipt.taken is Taken.UNCHANGED else "accepted"
        results.append(HandedInResult(external_id=name, status=status, article_id=receipt.standing.article_id))
    return ArticlesHandedIn(results=results)


@router.delete("/articles/ext:{external_id:path}", summary="Take back what you handed in")
def take_back(wired: Wired, key: Sending, external_id: ExternalId, reason: Why = _BY_SENDER) -> WithdrawnOut:
    """For good: live or not, nobody sees it from now on, and this id takes nothing any more. Safe to send again."""
    for _ in range(_TRIES):
        with suppress(StateChanged):
            return _take_back(wired, key, external_id, reason)
    return _take_back(wired, key, external_id, reason)


@router.get("/articles/{article_id:path}", summary="One article with tags and audience")
def read(tenant: Browsing, connection: Reading, article_id: ArticleRef) -> TaggedArticleOut:
    """Whatever its state: for tools that manage content, not for showing it to employees.

    By your own id: 404 with code `not_read_yet` while it waits to be read, `no_article` where none came of it; the
    detail says why. A newer version that waits to be read does not show yet.
    """
    return _tagged(connection, tenant, article(connection, tenant, article_id))


@router.delete("/articles/{article_id}", summary="Withdraw an article")
def withdraw(wired: Wired, key: Sending, connection: Writing, article_id: Id, reason: Why = _BY_SENDER) -> WithdrawnOut:
    """For good, also when it is live. Safe to send again."""
    found = articles.get(connection, key.tenant, ArticleId(str(article_id)))
    if found.state in FINAL:
        return WithdrawnOut(article_id=found.id, external_id=None, state=found.state)
    decision = Desk(connection, key.tenant, wired.clock()).withdraw(found.id, Sender(key.label), reason=reason)
    return WithdrawnOut(article_id=found.id, external_id=None, state=decision.after)


def article_out(found: Article) -> ArticleOut:
    """The part of an article that anybody who gets it may see."""
    return ArticleOut(
        id=found.id,
        url=found.url,
        title=found.title,
        lead=found.lead,
        author=found.author,
        site_name=found.site_name,
        image_url=found.image_url,
        language=found.language,
        internal=found.internal,
        reading_minutes=max(1, round(len(found.text.split()) / WORDS_PER_MINUTE)),
        published_at=found.published_at,
        barrier=found.barrier,
    )


def _take_back(wired: Services, key: Caller, external_id: str, reason: str) -> WithdrawnOut:
    with wired.database.of(key.tenant).write() as connection:
        seen = handed_in(connection, key.tenant, external_id)
        Desk(connection, key.tenant, wired.clock()).take_back(seen, Sender(key.label), reason=reason)
        state = articles.get(connection, key.tenant, seen.article_id).state if seen.article_id else State.WITHDRAWN
        return WithdrawnOut(article_id=seen.article_id, external_id=external_id, state=state)


def tagged_out(connection: Connection, tenant: TenantId, found: Sequence[Article]) -> list[TaggedArticleOut]:
    """Articles with their tags and audiences, for tools that manage content."""
    ids = [each.id for each in found]
    admitted = audiences.many(connection, tenant, ids)
    tags = articles.tags_of(connection, tenant, ids)
    return [_tagged_out(each, tags.get(each.id, ()), admitted.get(each.id)) for each in found]


def _tagged(connection: Connection, tenant: TenantId, article_id: ArticleId) -> TaggedArticleOut:
    return tagged_out(connection, tenant, [articles.get(connection, tenant, article_id)])[0]


def _tagged_out(found: Article, tags: Iterable[Tag], audience: Audience | None) -> TaggedArticleOut:
    by_facet: dict[str, dict[str, float]] = {}
    for tag in tags:
        by_facet.setdefault(tag.facet, {})[tag.concept] = round(tag.probability, 4)
    return TaggedArticleOut(
        **article_out(found).model_dump(),
        state=found.state,
        tags=by_facet,
        audience=listed(audience.axes) if audience else None,
        live_from=found.live_from,
        expires_at=found.expires_at,
    )
