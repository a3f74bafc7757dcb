"""Search an organisation's articles by words and meaning together, and find those that are like a given one."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

import numpy as np
from sqlalchemy import Connection

from catalog import articles, embeddings, search, tenants
from catalog.database import Database
from catalog.errors import Conflict, Unavailable
from catalog.ids import ArticleId, TenantId
from catalog.records import Article, Vector
from catalog.search import Candidate, Filters
from catalog.words import asked
from curation.library import Hit, Way, fuse
from models.index import Index
from models.languages import level
from models.protocols import Encoder

_DEPTH: Final = 100
"""Articles that each way may find, or more where more are wanted."""

_MOST_CHARACTERS: Final = 2_000
"""Of a question that are read for their meaning; an encoder reads no more than a page."""

NO_ENCODER: Final = "searched by words alone: no encoder is at hand"
OTHER_ENCODER: Final = "searched by words alone: the encoder at hand is not the one that the articles were encoded with"
NO_WORDS: Final = "nothing to search for: the newest are shown"


class NotEnriched(Conflict):
    """An article that has no vector yet is like nothing."""

    code = "not_enriched"


@dataclass(frozen=True, slots=True)
class Found:
    """One story: the article that stands for it, how it was found, and how many others tell it.

    `score` orders the answers to one question and means nothing beside that. `same_story`: it tells what the article
    tells that others were compared with.
    """

    article: Article
    score: float
    ways: tuple[Way, ...]
    others: int
    same_story: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, best first. `note` says in one line what could not be done, if anything."""

    found: tuple[Found, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """A question's vector, and the digest of the encoder that made it."""

    encoder: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The vectors of one moment, to search: `places` has the index's row of each article; no index without any."""

    version: tuple[str | None, int]
    places: Mapping[ArticleId, int] = field(default_factory=dict)
    index: Index | None = None

    def vector(self, article: ArticleId) -> Vector:
        """An article's own. Raises NotEnriched where it has none yet."""
        if self.index is None or article not in self.places:
            raise NotEnriched(f"article {article} has no vector yet: 'sluis enrich' finds what it is about")
        return self.index.row(self.places[article])

    def nearest(self, vector: Vector, admitted: Container[ArticleId], depth: int) -> list[ArticleId]:
        """Those of `admitted` that are nearest to a vector, nearest first."""
        ids = list(self.places)
        mask = np.fromiter((each in admitted for each in ids), np.bool_, len(ids))
        if self.index is None or not mask.any():
            return []
        return [ids[place] for place in self.index.search(vector, mask, depth)[0]]


class Librarian:
    """Searches for one organisation. Keep it: it remembers the vectors until something changes.

    `encoder` reads questions, and lives in another process: torch and faiss never share one. With None, or where that
    process is away, words alone are searched and the answer says so.
    """

    def __init__(self, tenant: TenantId, encoder: Encoder | None) -> None:
        self._tenant = tenant
        self._encoder = encoder
        self._shelf = _Shelf((None, -1))
        self._lock = Lock()

    def search(self, database: Database, question: str, filters: Filters, limit: int) -> Findings:
        """What answers a question best; without a word in it, the newest that the filters admit."""
        words, depth = asked(question, filters.language), max(_DEPTH, limit)
        if not words:
            with database.read() as connection:
                newest = search.newest(connection, self._tenant, filters, depth)
                found = self._told(connection, fuse({Way.WORDS: newest})[:limit])
            return Findings(tuple(replace(each, ways=()) for each in found), NO_WORDS)
        read = self._read(question[:_MOST_CHARACTERS])  # before the database is asked: nobody waits for an encoder
        with database.read() as connection:
            note = self._alone(connection, read)
            if read is None or note:
                rankings = {Way.WORDS: search.by_words(connection, self._tenant, words, filters, depth)}
            else:
                most = -(-3 * len(words) // 4)  # what has fewer of the words is found better by its meaning
                rankings = {
                    Way.WORDS: search.by_words(connection, self._tenant, words, filters, depth, at_least=most),
                    Way.MEANING: self._nearest(connection, read.vector, filters, depth),
                }
            return Findings(tuple(self._told(connection, fuse(rankings)[:limit])), note)

    def similar(self, database: Database, article: ArticleId, filters: Filters, limit: int) -> Findings:
        """What is nearest in meaning to an article, in any language, each story once and its own as well.

        Raises NotFound, and NotEnriched where it has no vector yet.
        """
        with database.read() as connection:
            known = articles.get(connection, self._tenant, article)
            vector = self._vectors(connection).vector(article)
            near = self._nearest(connection, vector, filters, max(_DEPTH, limit), but=article)
            found = self._told(connection, fuse({Way.MEANING: near})[:limit])
        own = known.story
        return Findings(tuple(replace(each, same_story=each.article.story_id == own) for each in found))

    def _read(self, question: str) -> _Read | None:
        """What an encoder makes of the question; None where none is at hand."""
        if self._encoder is None:
            return None
        try:
            return _Read(self._encoder.digest, self._encoder.encode([question])[0])
        except Unavailable:
            return None

    def _alone(self, connection: Connection, read: _Read | None) -> str | None:
        """Why the words must do alone; None where they need not."""
        if read is None:
            return NO_ENCODER
        return None if read.encoder == tenants.get(connection, self._tenant).encoder else OTHER_ENCODER

    def _nearest(
        self, connection: Connection, vector: Vector, filters: Filters, depth: int, but: ArticleId | None = None
    ) -> list[Candidate]:
        admitted = search.admitted(connection, self._tenant, filters) - {but}
        nearest = self._vectors(connection).nearest(vector, admitted, depth)
        return search.candidates(connection, self._tenant, nearest)

    def _vectors(self, connection: Connection) -> _Shelf:
        """The vectors as they are now; read again when the catalogue has changed."""
        tenant = tenants.get(connection, self._tenant)
        version = tenant.encoder, tenant.content_version
        with self._lock:
            if self._shelf.version != version:
                self._shelf = _shelf(connection, self._tenant, *version)
            return self._shelf

    def _told(self, connection: Connection, hits: Sequence[Hit]) -> list[Found]:
        known = articles.many(connection, self._tenant, [hit.article for hit in hits])
        tellers = search.tellers(connection, self._tenant, [hit.story for hit in hits])
        return [
            Found(known[hit.article], hit.score, hit.ways, others=max(0, tellers.get(hit.story, 1) - 1)) for hit in hits
        ]


def _shelf(connection: Connection, tenant: TenantId, encoder: str | None, content_version: int) -> _Shelf:
    """Languages are levelled: else a question found what is in its own language before what answers it in another."""
    version = encoder, content_version
    ids, languages, vectors = embeddings.by_article(connection, tenant, encoder) if encoder else ([], [], [])
    if not ids:
        return _Shelf(version)
    return _Shelf(version, {each: place for place, each in enumerate(ids)}, Index(level(np.stack(vectors), languages)))
