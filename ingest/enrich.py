"""From stored articles to tagged ones: language, vector, sketch, tags and story, all at once or not at all."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Connection

from catalog import articles, tenants
from catalog.claims import LeaseLost
from catalog.database import Database, parts
from catalog.errors import Conflict
from catalog.ids import TenantId
from catalog.records import Article, Origin, Sketch, Tag, Vector
from catalog.stories import Neighbour, join_stories, near_in_time, neighbours
from ingest import language
from ingest.config import EnrichOptions
from ingest.passage import passage
from ingest.sketch import sketch
from ingest.stories import Stories
from models.protocols import Encoder, Progress, Vectors

_TOLD_CHARACTERS: Final = 600

_KEPT_AT_ONCE: Final = 64
"""Articles of one transaction: so long, nobody else can start a story or append an event."""


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
    second_language: str | None
    vector: Vector
    sketch: Sketch
    tags: Sequence[Tag]

    def compared(self) -> Neighbour:
        """What it is compared by."""
        article = self.article
        return Neighbour(
            id=article.id,
            story_id=None,
            language=self.language,
            published_at=article.published_at,
            vector=self.vector,
            sketch=self.sketch,
            revision=article.revision,
        )


def enrich(
    database: Database,
    tenant: TenantId,
    encoder: Encoder,
    taggers: Taggers,
    options: EnrichOptions,
    clock: Callable[[], datetime],
    progress: Progress,
    go_on: Callable[[], bool] = lambda: True,
) -> EnrichReport:
    """Enrich every article that waits for it, until none does or `go_on` says no. `progress` hears of every article.

    Raises OtherEncoder where the tenant's vectors are of another encoder, or have come to be in the meantime.
    """
    with database.write() as connection:
        _settle_encoder(connection, tenant, encoder)
    counts: Counter[str] = Counter()
    known = _Known(tenant, encoder.digest, options)
    while go_on():
        with database.write() as connection:
            claim = articles.claim_extracted(connection, tenant, options.batch, clock(), options.lease)
        if not claim:
            break
        waiting = sorted(map(articles.article_of, claim.rows), key=lambda article: (article.published_at, article.id))
        found = _look(waiting, encoder, taggers)
        period = waiting[0].published_at, waiting[-1].published_at
        with database.read() as connection:
            known.look_around(connection, *period)
        for part in parts(found, _KEPT_AT_ONCE):
            with database.write() as connection:
                known.hold(connection, *period)
                counts.update(_record(connection, claim.token, part, known))
            progress(len(part))
    return EnrichReport(**counts)


def together(said: Iterable[Tag], found: Iterable[Tag], settled: Container[str] = ()) -> list[Tag]:
    """What a source or a person says about a facet holds; what the machine found fills the other facets.

    `settled` are facets about which a person said that there is nothing to say.
    """
    kept = [tag for tag in said if tag.origin is not Origin.MACHINE]
    told = {tag.facet for tag in kept}
    return [*kept, *(tag for tag in found if tag.facet not in told and tag.facet not in settled)]


def _settle_encoder(connection: Connection, tenant: TenantId, encoder: Encoder) -> None:
    used = tenants.get(connection, tenant, lock=True).encoder
    if used is None:
        tenants.set_encoder(connection, tenant, encoder.digest)
    else:
        _require_same(used, encoder.digest)


def _require_same(used: str | None, encoder: str) -> None:
    if used != encoder:
        raise OtherEncoder(
            f"the articles were encoded with {(used or 'none')[:12]}, this is encoder {encoder[:12]}: "
            "set SLUIS_ENCODER back, or move the articles over with 'sluis embed --all'"
        )


def _look(waiting: list[Article], encoder: Encoder, taggers: Taggers) -> list[Finding]:
    """Everything that takes time, so no transaction is open."""
    vectors = encoder.encode([passage(article) for article in waiting])
    tags = taggers.tags(vectors)
    languages = [language.detect(article.text[:_TOLD_CHARACTERS], article.language) for article in waiting]
    seconds = [language.second(each.text, first) for each, first in zip(waiting, languages, strict=True)]
    sketches = [sketch(article.text) for article in waiting]
    return [Finding(*each) for each in zip(waiting, languages, seconds, vectors, sketches, tags, strict=True)]


class _Known:
    """The stories of the articles around those of a batch, kept from batch to batch: few are new to us each time."""

    def __init__(self, tenant: TenantId, encoder: str, options: EnrichOptions) -> None:
        self.tenant = tenant
        self.encoder = encoder
        self.stories = Stories(options)
        self._window = options.story_window
        self._version = -1

    def look_around(self, connection: Connection, since: datetime, until: datetime) -> None:
        """Take in what tells which story around that time. This is what takes long, so nobody waits for us."""
        self._version = tenants.get(connection, self.tenant).content_version
        standing = near_in_time(connection, self.tenant, since - self._window, until + self._window)
        fresh = self.stories.keep(standing)
        self.stories.learn(neighbours(connection, self.tenant, self.encoder, fresh))

    def hold(self, connection: Connection, since: datetime, until: datetime) -> None:
        """Keep other workers from giving stories until the transaction ends; look again if one has in the meantime.

        Raises OtherEncoder where the tenant has moved to another one: what was found is dropped, and found again by a
        worker that has it.
        """
        tenant = tenants.get(connection, self.tenant, lock=True)
        _require_same(tenant.encoder, self.encoder)
        if tenant.content_version != self._version:
            self.look_around(connection, since, until)
        tenants.touch(connection, self.tenant)
        self._version += 1


def _record(connection: Connection, token: str, found: list[Finding], known: _Known) -> Counter[str]:
    """Give each its story and write all down."""
    counts: Counter[str] = Counter()
    said = articles.tags_of(connection, known.tenant, [finding.article.id for finding in found])
    for finding in found:
        candidate = finding.compared()
        told = known.stories.of(candidate)
        try:
            articles.finish_enrichment(
                connection,
                known.tenant,
                candidate.id,
                token,
                language=finding.language,
                story_id=told.story,
                encoder=known.encoder,
                vector=finding.vector,
                tags=together(said.get(candidate.id, ()), finding.tags),
                sketch=finding.sketch,
                second_language=finding.second_language,
            )
        except LeaseLost:  # raised before anything of this article is written, so the others can stay
            counts["leases_lost"] += 1
            continue
        join_stories(connection, known.tenant, told.absorbed, told.story)
        known.stories.add(candidate, told)
        counts["articles_tagged"] += 1
        counts["in_a_story"] += (told.story != candidate.id) + len(told.absorbed)
    return counts
