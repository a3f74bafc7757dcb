"""Move an organisation's articles to another encoder: vectors for all of them first, then everything else at once.

Until the switch whatever is served, enriched or searched uses the old vectors, and the new ones lie beside them. So it
can be stopped or killed at any moment, and goes on where it was.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from sqlalchemy import Connection

from catalog import articles, embeddings, reviews, tenants
from catalog.database import Database
from catalog.embeddings import Version
from catalog.ids import ArticleId, TenantId
from catalog.records import Action, Decision, State, Tag, Vector
from ingest.config import EnrichOptions
from ingest.enrich import Taggers, passage, together
from models.protocols import Encoder, Progress

_Item = TypeVar("_Item")

_WAITING: Final = (State.TAGGED, State.IN_REVIEW, State.LEGAL_REVIEW)
"""States in which a person has yet to decide, so that tags of the new encoder are of use."""

_KEPT_AT_ONCE: Final = 64
"""Vectors of one transaction: so long, nobody else can start a story or append an event."""

_ASKED_AT_ONCE: Final = 500


def embed(database: Database, tenant: TenantId, encoder: Encoder, options: EnrichOptions, progress: Progress) -> int:
    """Give each enriched article a vector of `encoder`, where it has none yet; how many were read.

    Nothing uses these vectors before `switch`. `progress` hears of each article.
    """
    read = 0
    while True:
        with database.read() as connection:
            waiting = embeddings.missing(connection, tenant, encoder.digest, options.batch)
        if not waiting:
            return read
        vectors = encoder.encode([passage(article) for article in waiting])
        for part in _parts(list(zip(waiting, vectors, strict=True)), _KEPT_AT_ONCE):
            with database.write() as connection:
                embeddings.store(connection, tenant, encoder.digest, part)
            progress(len(part))
        read += len(waiting)


def switch(
    database: Database,
    tenant: TenantId,
    encoder: Encoder,
    taggers: Taggers,
    options: EnrichOptions,
    progress: Progress,
) -> int:
    """Use this encoder from now on, and tag again what waits for a person; how many articles that were.

    One transaction, once nothing lacks a vector: what a worker enriched with the old encoder in the meantime is read
    first. What persons and sources said about an article stays. `progress` hears of each article that was still read.
    """
    while True:
        embed(database, tenant, encoder, options, progress)
        tags = _tags(database, tenant, encoder.digest, taggers)
        with database.write() as connection:
            retagged = _switch(connection, tenant, encoder.digest, tags)
        if retagged is not None:
            return retagged


def _tags(database: Database, tenant: TenantId, encoder: str, taggers: Taggers) -> Mapping[Version, Sequence[Tag]]:
    """What the taggers say of all that waits; what has no vector yet is missing."""
    found: list[tuple[Version, Vector]] = []
    with database.read() as connection:
        for part in _parts(embeddings.versions(connection, tenant, _WAITING), _ASKED_AT_ONCE):
            vectors = articles.vectors(connection, tenant, encoder, [article for article, _ in part])
            found += [(version, vectors[version[0]]) for version in part if version[0] in vectors]
    if not found:
        return {}
    tags = taggers.tags(np.stack([vector for _, vector in found]))
    return {version: each for (version, _), each in zip(found, tags, strict=True)}


def _switch(
    connection: Connection, tenant: TenantId, encoder: str, tags: Mapping[Version, Sequence[Tag]]
) -> int | None:
    """Do it, unless something came in that has no vector or no tags yet: then None, and nothing is changed."""
    used = tenants.get(connection, tenant, lock=True).encoder
    waiting = embeddings.versions(connection, tenant, _WAITING)
    if embeddings.count_missing(connection, tenant, encoder) or not set(waiting) <= tags.keys():
        return None
    tenants.set_encoder(connection, tenant, encoder)
    if used in (None, encoder):
        return 0
    for part in _parts(waiting, _ASKED_AT_ONCE):
        ids = [article for article, _ in part]
        said = articles.tags_of(connection, tenant, ids)
        settled = _settled(reviews.of_articles(connection, tenant, ids))
        for version in part:
            article = version[0]
            found = together(said.get(article, ()), tags[version], settled.get(article, ()))
            articles.replace_tags(connection, tenant, article, found)
    return len(waiting)


def _settled(trail: Iterable[Decision]) -> dict[ArticleId, set[str]]:
    """Facets that a person corrected since the article was last put before one, also where they left none."""
    found: dict[ArticleId, set[str]] = {}
    for decision in trail:
        if decision.action is Action.ROUTE:
            found.pop(decision.article_id, None)
        elif decision.action is Action.EDIT:
            found.setdefault(decision.article_id, set()).update(decision.changes)
    return found


def _parts(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    yield from (items[start : start + size] for start in range(0, len(items), size))
