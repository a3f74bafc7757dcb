"""Articles on their way: stored once per text, enriched under a lease, moved from state to state."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Join, Row, bindparam, delete, func, select, update

from catalog import audiences, search, tables, tagged, tenants
from catalog.claims import Claim, ClaimQuery, claim, finish
from catalog.database import insert, parts, record, values
from catalog.errors import Conflict, NotFound
from catalog.ids import ArticleId, TenantId
from catalog.records import Article, LiveArticle, Origin, Sketch, State, Tag, Vector

_a = tables.articles
_u = tables.article_urls
_e = tables.embeddings
_t = tables.tags


_UNDECIDED = (State.EXTRACTED, State.TAGGED, State.IN_REVIEW)
_OF = _a.c.tenant_id == bindparam("of")
_WITH_TEXT = select(_a).where(_OF, _a.c.digest == bindparam("what"))
_AT_ADDRESS = select(_a).where(
    _OF, _a.c.id.in_(select(_u.c.article_id).where(_u.c.tenant_id == bindparam("of"), _u.c.url == bindparam("what")))
)
_WAITS = ClaimQuery(_a, _a.c.state == State.EXTRACTED, _a.c.created_at)


class StateChanged(Conflict):
    """Somebody else moved the article in the meantime."""

    code = "state_changed"


def get(connection: Connection, tenant: TenantId, article: ArticleId) -> Article:
    """One article."""
    row = connection.execute(select(_a).where(_a.c.tenant_id == tenant, _a.c.id == article)).one_or_none()
    if row is None:
        raise NotFound(f"there is no article {article}")
    return article_of(row)


def many(connection: Connection, tenant: TenantId, ids: Iterable[ArticleId]) -> dict[ArticleId, Article]:
    """Several articles by id; unknown ids are missing from the answer."""
    found = {}
    for part in parts(ids):
        rows = connection.execute(select(_a).where(_a.c.tenant_id == tenant, _a.c.id.in_(part)))
        found.update({ArticleId(row.id): article_of(row) for row in rows})
    return found


def in_states(
    connection: Connection, tenant: TenantId, states: Iterable[State], *, oldest_first: bool = False, limit: int
) -> list[Article]:
    """Articles in any of `states`, by date of publication."""
    order = _a.c.published_at if oldest_first else _a.c.published_at.desc()
    query = select(_a).where(_a.c.tenant_id == tenant, _a.c.state.in_(list(states)))
    return [article_of(row) for row in connection.execute(query.order_by(order, _a.c.id).limit(limit))]


def starting_with(connection: Connection, tenant: TenantId, start: str) -> list[Article]:
    """Articles whose id starts so: people copy the first digits of an id."""
    where = (_a.c.tenant_id == tenant, _a.c.id.startswith(start, autoescape=True))
    return [article_of(row) for row in connection.execute(select(_a).where(*where).limit(10))]


def count_by_state(connection: Connection, tenant: TenantId) -> dict[State, int]:
    """How many articles stand where."""
    counted = select(_a.c.state, func.count()).where(_a.c.tenant_id == tenant).group_by(_a.c.state)
    return {State(state): int(count) for state, count in connection.execute(counted)}


def waits_since(connection: Connection, tenant: TenantId) -> datetime | None:
    """Since when the article waits that has waited longest for a person; None where none does."""
    waiting = (State.IN_REVIEW, State.LEGAL_REVIEW)
    oldest = select(func.min(_a.c.created_at)).where(_a.c.tenant_id == tenant, _a.c.state.in_(waiting))
    since: datetime | None = connection.execute(oldest).scalar_one()
    return since


def find(connection: Connection, tenant: TenantId, *, url: str = "", digest: str = "") -> Article | None:
    """The article known under this canonical address or with exactly this text."""
    query = _AT_ADDRESS if url else _WITH_TEXT
    row = connection.execute(query, {"of": tenant, "what": url or digest}).one_or_none()
    return article_of(row) if row else None


def save(connection: Connection, tenant: TenantId, article: Article) -> bool:
    """Store a new article with its address. False, and nothing stored, where its text is stored already."""
    row = values(article) | {"tenant_id": tenant, "words": len(article.text.split())}
    stored = insert(connection, _a).values(row).on_conflict_do_nothing().returning(_a.c.id)
    if connection.execute(stored).one_or_none() is None:
        return False
    if article.url is not None:
        add_url(connection, tenant, article.id, article.url)
    return True


def tighten(connection: Connection, tenant: TenantId, article: ArticleId, other: Article) -> None:
    """See that an article nobody has decided on yet is no less strict than another one with its text or address.

    Legal must look where one of them says so, and the earlier end holds.
    """
    undecided = (_a.c.tenant_id == tenant, _a.c.id == article, _a.c.state.in_(_UNDECIDED))
    if other.needs_legal:
        connection.execute(update(_a).where(*undecided).values(needs_legal=True))
    if other.expires_at is not None:
        later = _a.c.expires_at.is_(None) | (_a.c.expires_at > other.expires_at)
        connection.execute(update(_a).where(*undecided, later).values(expires_at=other.expires_at))


def add_url(connection: Connection, tenant: TenantId, article: ArticleId, url: str) -> None:
    """Remember another address of the same text."""
    row = {"tenant_id": tenant, "url": url, "article_id": article}
    connection.execute(insert(connection, _u).values(row).on_conflict_do_nothing())


def revise(connection: Connection, tenant: TenantId, known: Article, fresh: Article) -> bool:
    """Take over a new text of a known article. What was decided about the old one does not carry over.

    False, and nothing changed, where `known` is no longer how the article stands: look at it again.
    """
    taken = {
        name: getattr(fresh, name)
        for name in ("title", "lead", "text", "author", "image_url", "digest", "language", "barrier")
    }
    taken |= {"words": len(fresh.text.split()), "revision": known.revision + 1, "state": State.EXTRACTED}
    taken |= {"needs_legal": known.needs_legal or fresh.needs_legal, "live_from": None, "expires_at": fresh.expires_at}
    taken |= {"lease_until": None, "lease_token": None}
    tenants.get(connection, tenant, lock=True)  # before the article, as in `move`
    other = find(connection, tenant, digest=fresh.digest)
    if other is not None and other.id != known.id:
        return False
    if connection.execute(update(_a).where(*_unchanged(tenant, known)).values(taken)).rowcount != 1:
        return False
    for table in (_e, _t):
        connection.execute(delete(table).where(table.c.tenant_id == tenant, table.c.article_id == known.id))
    search.forget(connection, tenant, known.id)
    audiences.replace(connection, tenant, known.id, None, Origin.MACHINE, fresh.created_at)
    return True


def claim_extracted(connection: Connection, tenant: TenantId, limit: int, now: datetime, lease: timedelta) -> Claim:
    """Articles that still need language, vector and tags; read each row with `article_of`."""
    return claim(connection, _WAITS, tenant, limit, now, lease)


def finish_enrichment(
    connection: Connection,
    tenant: TenantId,
    article: ArticleId,
    token: str,
    *,
    language: str,
    story_id: ArticleId | None,
    encoder: str,
    vector: Vector,
    tags: Iterable[Tag],
    sketch: Sketch | None = None,
    second_language: str | None = None,
) -> None:
    """Write all that enrichment found in one go: the article is `tagged` with everything or not at all."""
    outcome = {"state": State.TAGGED, "language": language, "story_id": story_id, "sketch": sketch}
    outcome |= {"second_language": second_language}
    finish(connection, _a, tenant, article, token, outcome)
    row = {"tenant_id": tenant, "article_id": article, "encoder": encoder, "vector": vector}
    stored = insert(connection, _e).values(row)
    connection.execute(stored.on_conflict_do_update(index_elements=_e.primary_key, set_={"vector": vector}))
    replace_tags(connection, tenant, article, tags)
    search.index(connection, tenant, get(connection, tenant, article))


def move(connection: Connection, tenant: TenantId, known: Article, after: State, **changes: Any) -> None:
    """Bring an article to another state; whoever was busy with it loses the lease.

    Raises StateChanged where it is no longer as `known`, in state or in text.
    """
    told = {"state": after, "lease_until": None, "lease_token": None, **changes}
    tenants.touch(connection, tenant)  # first, as whoever gives stories does: else each could wait for the other
    moved = connection.execute(update(_a).where(*_unchanged(tenant, known)).values(told))
    if moved.rowcount != 1:
        raise StateChanged(f"article {known.id} is no longer {known.state}: look at it again before deciding")


def tags_of(
    connection: Connection, tenant: TenantId, ids: Iterable[ArticleId] | None = None
) -> dict[ArticleId, list[Tag]]:
    """Tags per article, surest first; of all articles where `ids` is None."""
    query = select(_t).where(_t.c.tenant_id == tenant).order_by(_t.c.probability.desc(), _t.c.concept)
    if ids is not None:
        query = query.where(_t.c.article_id.in_(list(ids)))
    found: dict[ArticleId, list[Tag]] = defaultdict(list)
    for row in connection.execute(query):
        found[ArticleId(row.article_id)].append(record(Tag, row))
    return found


def surest(connection: Connection, tenant: TenantId, states: Iterable[State], facet: str) -> dict[ArticleId, float]:
    """How probable the likeliest concept of a facet is, per article in any of `states`; 0 is left out."""
    same = (_t.c.tenant_id == _a.c.tenant_id) & (_t.c.article_id == _a.c.id)
    query = select(_a.c.id, func.max(_t.c.probability)).select_from(_a.join(_t, same))
    where = (_a.c.tenant_id == tenant, _a.c.state.in_(list(states)), _t.c.facet == facet)
    return {ArticleId(each): float(most) for each, most in connection.execute(query.where(*where).group_by(_a.c.id))}


def replace_tags(
    connection: Connection, tenant: TenantId, article: ArticleId, tags: Iterable[Tag], facet: str | None = None
) -> None:
    """Put these tags in the place of all that were there, or of those of one `facet`. Merged concepts are resolved."""
    old = delete(_t).where(_t.c.tenant_id == tenant, _t.c.article_id == article)
    connection.execute(old if facet is None else old.where(_t.c.facet == facet))
    rows = [
        {"tenant_id": tenant, "article_id": article, **values(tag)} for tag in tagged.resolved(connection, tenant, tags)
    ]
    if rows:
        connection.execute(insert(connection, _t), rows)


def vectors(
    connection: Connection, tenant: TenantId, encoder: str, ids: Iterable[ArticleId] | None = None
) -> dict[ArticleId, Vector]:
    """Vectors of one encoder by article; of all articles where `ids` is None."""
    query = select(_e.c.article_id, _e.c.vector).where(_e.c.tenant_id == tenant, _e.c.encoder == encoder)
    wanted = [query] if ids is None else [query.where(_e.c.article_id.in_(part)) for part in parts(ids)]
    return {ArticleId(row.article_id): row.vector for each in wanted for row in connection.execute(each)}


def approved(connection: Connection, tenant: TenantId, encoder: str) -> list[LiveArticle]:
    """Every approved article with vector and audience, whatever the clock says: live is what `live_from` makes of it.

    One without audience or without a vector of this encoder is left out, so it can never be served.
    """
    columns = [_a.c[name] for name in ("id", "source_id", "story_id", "language", "internal", "words")]
    columns += [_a.c[name] for name in ("published_at", "live_from", "expires_at")]
    query = select(*columns, _e.c.vector).select_from(_encoded_with(encoder))
    where = (_a.c.tenant_id == tenant, _a.c.state == State.APPROVED, _a.c.live_from.is_not(None))
    rows: list[Row[Any]] = list(connection.execute(query.where(*where).order_by(_a.c.published_at, _a.c.id)))
    admitted = audiences.many(connection, tenant, None)
    tags = tags_of(connection, tenant)
    return [_live(row, admitted[row.id], tags.get(row.id, [])) for row in rows if row.id in admitted]


def article_of(row: Row[Any]) -> Article:
    """A row of `articles` as a record."""
    return record(Article, row)


def _encoded_with(encoder: str) -> Join:
    same = (_e.c.tenant_id == _a.c.tenant_id) & (_e.c.article_id == _a.c.id)
    return _a.join(_e, same & (_e.c.encoder == encoder))


def _live(row: Row[Any], audience: Any, tags: list[Tag]) -> LiveArticle:
    facets: Mapping[str, dict[str, float]] = defaultdict(dict)
    for tag in tags:
        facets[tag.facet][tag.concept] = tag.probability
    return record(LiveArticle, row, audience=audience, tags=dict(facets))


def _unchanged(tenant: TenantId, known: Article) -> tuple[ColumnElement[bool], ...]:
    return (_a.c.tenant_id == tenant, _a.c.id == known.id, _a.c.state == known.state, _a.c.revision == known.revision)
