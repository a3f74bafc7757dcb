"""Tag again what waits for a person, when other taggers or another encoder say something else of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from sqlalchemy import Connection

from catalog import articles, embeddings, reviews, tenants
from catalog.database import Database, parts
from catalog.embeddings import Version
from catalog.ids import ArticleId, TenantId
from catalog.records import Action, Decision, State, Tag, Vector
from ingest.enrich import Taggers, together

WAITING: Final = (State.TAGGED, State.IN_REVIEW, State.LEGAL_REVIEW)
"""States in which a person has yet to decide, so that other tags are of use."""

_ASKED_AT_ONCE: Final = 500


def retag(database: Database, tenant: TenantId, encoder: str, taggers: Taggers) -> int:
    """Give all that waits the tags of these taggers, by its vectors of this encoder; how many articles that were.

    What persons and sources said about an article stays. What comes in meanwhile is left as it is.
    """
    tags = proposed(database, tenant, encoder, taggers)
    with database.write() as connection:
        tenants.get(connection, tenant, lock=True)
        waiting = [each for each in embeddings.versions(connection, tenant, WAITING) if each in tags]
        write(connection, tenant, waiting, tags)
    return len(waiting)


def proposed(database: Database, tenant: TenantId, encoder: str, taggers: Taggers) -> Mapping[Version, Sequence[Tag]]:
    """What the taggers say of all that waits; what has no vector yet is missing."""
    found: list[tuple[Version, Vector]] = []
    with database.read() as connection:
        for part in parts(embeddings.versions(connection, tenant, WAITING), _ASKED_AT_ONCE):
            vectors = articles.vectors(connection, tenant, encoder, [article for article, _ in part])
            found += [(version, vectors[version[0]]) for version in part if version[0] in vectors]
    if not found:
        return {}
    tags = taggers.tags(np.stack([vector for _, vector in found]))
    return {version: each for (version, _), each in zip(found, tags, strict=True)}


def write(
    connection: Connection, tenant: TenantId, waiting: Sequence[Version], tags: Mapping[Version, Sequence[Tag]]
) -> None:
    """Put these tags in the place of the machine's earlier ones. The caller holds the tenant's lock."""
    for part in parts(waiting, _ASKED_AT_ONCE):
        ids = [article for article, _ in part]
        said = articles.tags_of(connection, tenant, ids)
        settled = _settled(reviews.of_articles(connection, tenant, ids))
        for version in part:
            article = version[0]
            found = together(said.get(article, ()), tags[version], settled.get(article, ()))
            articles.replace_tags(connection, tenant, article, found)


def _settled(trail: Iterable[Decision]) -> dict[ArticleId, set[str]]:
    """Facets that a person corrected since the article was last put before one, also where they left none."""
    found: dict[ArticleId, set[str]] = {}
    for decision in trail:
        if decision.action is Action.ROUTE:
            found.pop(decision.article_id, None)
        elif decision.action is Action.EDIT:
            found.setdefault(decision.article_id, set()).update(decision.changes)
    return found
