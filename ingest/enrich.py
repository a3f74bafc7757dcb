"""From stored articles to tagged ones: language, vector, tags and story, all at once or not at all."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Connection

from catalog import articles, tenants
from catalog.articles import Neighbour
from catalog.claims import LeaseLost
from catalog.database import Database
from catalog.errors import Conflict
from catalog.ids import TenantId
from catalog.records import Article, Tag, Vector
from ingest import language, plain
from ingest.config import EnrichOptions
from ingest.stories import Stories
from models.protocols import Encoder, Progress, Vectors

PASSAGE_WORDS: Final = 100
"""Words of the text that the encoder reads. With 150, two languages' versions of a story were harder to tell from mere
likeness; with 60, one language's."""

_TOLD_CHARACTERS: Final = 2000


class OtherEncoder(Conflict):
    """The tenant's vectors are of another encoder, and vectors of different encoders never meet."""

    code = "other_encoder"


class Taggers(Protocol):
    """What enrichment asks of `models.taggers`, so that a fake is three lines."""

    def tags(self, vectors: Vectors) -> Sequence[Sequence[Tag]]:
        """The tags to store, per row of (n, dimensions)."""


@dataclass(frozen=True, slots=True)
class EnrichReport:
    """What one run did. `in_a_story`: articles that tell what another one tells. `leases_lost`: results thrown away."""

    articles_tagged: int = 0
    in_a_story: int = 0
    leases_lost: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """All that was found about one article."""

    article: Article
    language: str
    vector: Vector
    tags: Sequence[Tag]


def enrich(
    database: Database,
    tenant: TenantId,
    encoder: Encoder,
    taggers: Taggers,
    options: EnrichOptions,
    clock: Callable[[], datetime],
    progress: Progress,
) -> EnrichReport:
    """Enrich every article that waits for it, until none does. `progress` hears of every article.

    Raises OtherEncoder where the tenant's vectors were made by another encoder.
    """
    with database.write() as connection:
        _settle_encoder(connection, tenant, encoder)
    counts: Counter[str] = Counter()
    while True:
        with database.write() as connection:
            claim = articles.claim_extracted(connection, tenant, options.batch, clock(), options.lease)
        if not claim:
            return EnrichReport(**counts)
        waiting = sorted(map(articles.article_of, claim.rows), key=lambda article: (article.published_at, article.id))
        found = _look(waiting, encoder, taggers)
        with database.write() as connection:
            counts.update(_record(connection, tenant, encoder.digest, claim.token, found, options))
        progress(len(found))


def passage(article: Article) -> str:
    """What the encoder reads of an article: title, lead, and how the text begins."""
    beginning = " ".join(article.text.split()[:PASSAGE_WORDS])
    own_lead = "" if beginning.startswith(article.lead.rstrip("…")) else article.lead
    return plain.line(f"{article.title}. {own_lead} {beginning}")


def _settle_encoder(connection: Connection, tenant: TenantId, encoder: Encoder) -> None:
    used = tenants.get(connection, tenant, lock=True).encoder
    if used is None:
        tenants.set_encoder(connection, tenant, encoder.digest)
    elif used != encoder.digest:
        raise OtherEncoder(
            f"the articles were encoded with {used[:12]}, this is encoder {encoder.digest[:12]}: "
            "set SLUIS_ENCODER back, or start with an empty database"
        )


def _look(waiting: list[Article], encoder: Encoder, taggers: Taggers) -> list[Finding]:
    """Everything that takes time, so no transaction is open."""
    vectors = encoder.encode([passage(article) for article in waiting])
    tags = taggers.tags(vectors)
    languages = [language.detect(article.text[:_TOLD_CHARACTERS], article.language) for article in waiting]
    return [Finding(*each) for each in zip(waiting, languages, vectors, tags, strict=True)]


def _record(
    connection: Connection, tenant: TenantId, encoder: str, token: str, found: list[Finding], options: EnrichOptions
) -> Counter[str]:
    counts: Counter[str] = Counter()
    dates = [finding.article.published_at for finding in found]
    since, until = min(dates) - options.story_window, max(dates) + options.story_window
    stories = Stories(articles.near_in_time(connection, tenant, encoder, since, until), options)
    for finding in found:
        article = finding.article
        candidate = Neighbour(article.id, None, finding.language, article.published_at, finding.vector)
        story = stories.of(candidate)
        try:
            articles.finish_enrichment(
                connection,
                tenant,
                article.id,
                token,
                language=finding.language,
                story_id=story,
                encoder=encoder,
                vector=finding.vector,
                tags=finding.tags,
            )
        except LeaseLost:  # raised before anything of this article is written, so the others can stay
            counts["leases_lost"] += 1
            continue
        stories.add(candidate, story)
        counts["articles_tagged"] += 1
        counts["in_a_story"] += story != article.id
    return counts
