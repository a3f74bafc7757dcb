"""Articles, one by one: looked at, handed in by other programs, and taken back."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from api.dependencies import Reading, Services, Wired, Writing
from api.receiving import piece
from api.schemas import ArticleIn, ArticleOut, HandedIn, Id, TaggedArticleOut, WithdrawnOut
from api.security import Browsing, Sending
from catalog import articles, audiences, items
from catalog.articles import StateChanged
from catalog.errors import NotFound
from catalog.ids import ArticleId, TenantId
from catalog.items import Standing
from catalog.keys import ApiKey
from catalog.records import Article, Audience, ItemState, State, Tag, listed
from curation.review import REASON_CHARACTERS, Desk, Sender
from curation.states import FINAL
from ingest.handed import ID_CHARACTERS, Taken, external, push
from ranking.features import WORDS_PER_MINUTE

router = APIRouter(tags=["content"])

ExternalId = Annotated[str, Path(max_length=ID_CHARACTERS, description="The id that your own program gave it.")]
Why = Annotated[str, Query(min_length=1, max_length=REASON_CHARACTERS, description="For the audit trail: one line.")]
_BY_SENDER: Final = "withdrawn by its sender"
_NO_ARTICLE: Final = {
    ItemState.DUPLICATE: "another article has the same text or address",
    ItemState.WITHDRAWN: "it was withdrawn before it was read",
}
_TRIES: Final = 3
"""Times that a withdrawal may find the article read or moved at that very moment, and begins again."""


class NotReadYet(NotFound):
    """It was handed in, and waits to be read."""

    code = "not_read_yet"


class NoArticle(NotFound):
    """It was handed in, and no article came of it."""

    code = "no_article"


# ids of other programs may have slashes in them, and are looked for before our own
@router.put("/articles/ext:{external_id:path}", status_code=202, summary="Hand in an article, or another version of it")
def hand_in(wired: Wired, key: Sending, connection: Writing, external_id: ExternalId, article: ArticleIn) -> HandedIn:
    """Safe to send again: the same content is `unchanged`, other content revises the article, which then goes back to
    the curators. It is read by the next `sluis ingest`.

    Refused with 409 where it was withdrawn or rejected, which is final, or where another source uses this id.
    """
    given = piece(external_id, article, wired.taxonomy(connection, key.tenant))
    [receipt] = push(connection, key.tenant, article.source, [given], wired.clock())
    return HandedIn(
        external_id=external_id,
        status="unchanged" if receipt.taken is Taken.UNCHANGED else "accepted",
        state=receipt.standing.state,
        article_id=receipt.standing.article_id,
        problem=receipt.standing.problem,
    )


@router.get("/articles/ext:{external_id:path}", summary="The article that was handed in under your id")
def handed_in(tenant: Browsing, connection: Reading, external_id: ExternalId) -> TaggedArticleOut:
    """404 with code `not_read_yet` while it waits to be read, `no_article` where none came of it; the detail says why.

    A newer version that waits to be read does not show yet.
    """
    found = _handed_in(connection, tenant, external_id)
    if found.article_id is None and found.state is ItemState.DUE:
        raise NotReadYet(f"{external_id} waits to be read: 'sluis ingest' reads it, ask again later")
    if found.article_id is None:
        why = found.problem or _NO_ARTICLE.get(found.state, "send another text")
        raise NoArticle(f"no article came of {external_id}: {why}")
    return _tagged(connection, tenant, found.article_id)


@router.delete("/articles/ext:{external_id:path}", summary="Take back what you handed in")
def take_back(wired: Wired, key: Sending, external_id: ExternalId, reason: Why = _BY_SENDER) -> WithdrawnOut:
    """For good: live or not, nobody sees it from now on, and this id takes nothing any more. Safe to send again."""
    for _ in range(_TRIES):
        with suppress(StateChanged):
            return _take_back(wired, key, external_id, reason)
    return _take_back(wired, key, external_id, reason)


@router.get("/articles/{article_id}", summary="One article with tags and audience")
def article(tenant: Browsing, connection: Reading, article_id: Id) -> TaggedArticleOut:
    """Whatever its state: for tools that manage content, not for showing it to employees."""
    return _tagged(connection, tenant, ArticleId(str(article_id)))


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


def _take_back(wired: Services, key: ApiKey, external_id: str, reason: str) -> WithdrawnOut:
    with wired.database.write() as connection:
        seen = _handed_in(connection, key.tenant, external_id)
        Desk(connection, key.tenant, wired.clock()).take_back(seen, Sender(key.label), reason=reason)
        state = articles.get(connection, key.tenant, seen.article_id).state if seen.article_id else State.WITHDRAWN
        return WithdrawnOut(article_id=seen.article_id, external_id=external_id, state=state)


def tagged_out(connection: Connection, tenant: TenantId, found: Sequence[Article]) -> list[TaggedArticleOut]:
    """Articles with their tags and audiences, for tools that manage content."""
    ids = [article.id for article in found]
    admitted = audiences.many(connection, tenant, ids)
    tags = articles.tags_of(connection, tenant, ids)
    return [_tagged_out(article, tags.get(article.id, ()), admitted.get(article.id)) for article in found]


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


def _handed_in(connection: Connection, tenant: TenantId, external_id: str) -> Standing:
    found = items.handed_in(connection, tenant, external(external_id))
    if found is None:
        raise NotFound(f"nothing was handed in as {external_id!r}: check the id, or PUT it first")
    return found
