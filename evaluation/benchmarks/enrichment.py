"""How much of the encoder's speed is left when everything else that enrichment does is done as well.

The peer is the bare library, which encodes the same passages, all at once and in an order of its own choice. Ours reads
articles from a database on disk, encodes, sketches, tags, finds languages and stories, and writes it all down.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from catalog import articles, schema, tenants
from catalog.database import Database
from catalog.ids import ArticleId, TenantId, new_id
from catalog.records import Article
from evaluation.benchmarks.figures import Figure, seconds
from evaluation.benchmarks.retold import Told
from ingest.config import EnrichOptions
from ingest.enrich import Taggers, enrich
from ingest.fingerprint import fingerprint
from ingest.passage import passage
from models.protocols import Encoder, Progress, Vectors

ARTICLES: Final = 400
ROUNDS: Final = 3
"""So often both are timed, in turn; the best of each counts."""

_TENANT: Final = TenantId("bench")
_SEED: Final = 3


@dataclass(slots=True)
class _Remembering:
    """The encoder, whose answers are known the second time: what is left is the cost of everything else."""

    encoder: Encoder
    known: dict[str, Vectors]

    @property
    def digest(self) -> str:
        return self.encoder.digest

    @property
    def dimensions(self) -> int:
        return self.encoder.dimensions

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        fresh = [text for text in texts if text not in self.known]
        if fresh:
            self.known |= dict(zip(fresh, self.encoder.encode(fresh, progress), strict=True))
        return np.stack([self.known[text] for text in texts])


def measure(
    folder: Path,
    told: Sequence[Told],
    encoder: Encoder,
    taggers: Taggers,
    bare: Callable[[Sequence[str]], object],
    options: EnrichOptions,
    now: datetime,
    progress: Progress,
) -> list[Figure]:
    """Enrich ARTICLES of `told`, some of them more than once where there are fewer, in databases in `folder`.

    `bare` encodes with the library alone. `progress` hears of every article, `steps()` times in all.
    """
    stored = _articles(told, now)
    passages = [passage(article) for article in stored]
    remembering = _Remembering(encoder, {})
    ours, theirs, rest = list[float](), list[float](), list[float]()
    for round_ in range(ROUNDS):
        with _database(folder / f"{round_}.db", stored, now) as database:
            ours.append(seconds(lambda: _enrich(database, encoder, taggers, options, now, progress)))
        theirs.append(seconds(lambda: bare(passages)))
        progress(len(passages))
    for turn in ("to know", "to time"):
        with _database(folder / f"{turn}.db", stored, now) as database:
            rest.append(seconds(lambda: _enrich(database, remembering, taggers, options, now, progress)))
    return [
        Figure("enrichment", "texts/s", len(stored) / min(ours), "bare library", len(stored) / min(theirs)),
        Figure("enrichment without encoding", "ms a text", 1000 * rest[-1] / len(stored)),
    ]


def steps() -> int:
    """How many articles `measure` tells `progress` of."""
    return ARTICLES * (2 * ROUNDS + 2)


def _enrich(
    database: Database,
    encoder: Encoder,
    taggers: Taggers,
    options: EnrichOptions,
    now: datetime,
    progress: Progress,
) -> None:
    enrich(database, _TENANT, encoder, taggers, options, lambda: now, progress)


def _articles(told: Sequence[Told], now: datetime) -> list[Article]:
    """As they are stored once they were fetched; they were published over the last days."""
    random = np.random.default_rng(_SEED)
    chosen = np.resize(random.permutation(len(told)), ARTICLES).tolist()
    ages = random.uniform(0, 10, size=len(chosen))
    return [
        _article(told[place], now - timedelta(days=age), now) for place, age in zip(chosen, ages.tolist(), strict=True)
    ]


def _article(told: Told, published_at: datetime, now: datetime) -> Article:
    fresh = new_id()
    return Article(
        id=ArticleId(fresh),
        source_id=None,
        url=f"https://bench.example/{fresh}",
        title=told.title,
        lead="",
        text=told.text,
        author="",
        site_name="Bench",
        image_url=None,
        language=None,
        published_at=published_at,
        created_at=now,
        digest=fingerprint(f"{told.text} {fresh}"),
    )


@contextmanager
def _database(path: Path, stored: Sequence[Article], now: datetime) -> Iterator[Database]:
    database = Database(f"sqlite:///{path}")
    try:
        schema.upgrade(database)
        with database.write() as connection:
            tenants.ensure(connection, _TENANT, "Bench", now)
            for article in stored:
                articles.save(connection, _TENANT, article)
        yield database
    finally:
        database.close()
