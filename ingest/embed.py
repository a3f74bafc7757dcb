"""Move an organisation's articles to another encoder: vectors for all of them first, then everything else at once.

Until the switch whatever is served, enriched or searched uses the old vectors, and the new ones lie beside them. So it
can be stopped or killed at any moment, and goes on where it was.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from catalog import embeddings, tenants
from catalog.database import Database, parts
from catalog.embeddings import Version
from catalog.ids import TenantId
from catalog.records import Tag
from ingest.config import EnrichOptions
from ingest.enrich import Taggers
from ingest.passage import passage
from ingest.retag import WAITING, proposed, write
from models.protocols import Encoder, Progress

_KEPT_AT_ONCE: Final = 64
"""Vectors of one transaction: so long, nobody else can start a story or append an event."""


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
        for part in parts(zip(waiting, vectors, strict=True), _KEPT_AT_ONCE):
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
        tags = proposed(database, tenant, encoder.digest, taggers)
        with database.write() as connection:
            retagged = _switch(connection, tenant, encoder.digest, tags)
        if retagged is not None:
            return retagged


def _switch(
    connection: Connection, tenant: TenantId, encoder: str, tags: Mapping[Version, Sequence[Tag]]
) -> int | None:
    """Do it, unless something came in that has no vector or no tags yet: then None, and nothing is changed."""
    used = tenants.get(connection, tenant, lock=True).encoder
    waiting = embeddings.versions(connection, tenant, WAITING)
    if embeddings.count_missing(connection, tenant, encoder) or not set(waiting) <= tags.keys():
        return None
    tenants.set_encoder(connection, tenant, encoder)
    if used in (None, encoder):
        return 0
    write(connection, tenant, waiting, tags)
    return len(waiting)
