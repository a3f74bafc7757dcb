"""Which articles tell the same story: near-duplicates by wording and by meaning, within and across languages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId, new_id
from catalog.records import Vector
from catalog.stories import Neighbour
from ingest.config import EnrichOptions
from ingest.sketch import PLACES, jaccard, sketch

_ROOM: Final = 64
_NO_WORDS: Final = sketch("")
_FAR: Final = -100.0
"""Farther than any article is from another."""


@dataclass(slots=True, eq=False)
class _Rows:
    """What is compared of the known articles, one row each; there are more rows than articles."""

    vectors: NDArray[np.float32]
    sketches: NDArray[np.uint32]
    seconds: NDArray[np.float64]
    languages: NDArray[np.int32]

    @classmethod
    def empty(cls, size: int, dimensions: int) -> Self:
        return cls(
            np.zeros((size, dimensions), np.float32),
            np.zeros((size, PLACES), np.uint32),
            np.zeros(size, np.float64),
            np.zeros(size, np.int32),
        )

    def take(self, places: slice | list[int]) -> "_Rows":
        return _Rows(self.vectors[places], self.sketches[places], self.seconds[places], self.languages[places])

    def followed_by(self, other: "_Rows") -> "_Rows":
        return _Rows(
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.sketches, other.sketches]),
            np.concatenate([self.seconds, other.seconds]),
            np.concatenate([self.languages, other.languages]),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """The story that an article tells, and other stories that turn out to be the same one."""

    story: ArticleId
    absorbed: tuple[ArticleId, ...] = ()


class Stories:
    """Recent articles with their stories, to which enriched ones are added as they come.

    An article joins the story of the one that is most clearly near enough. Whoever joins must be somewhat like the
    story's first article as well: else one could lead to the next until nothing is left of what the first one told.
    Two stories become one when an article tells both and their first articles are somewhat alike, because articles
    come in any order: a teaser and a shortened copy may have little in common until the whole text is there.
    """

    def __init__(self, options: EnrichOptions, known: Iterable[Neighbour] = ()) -> None:
        self._options = options
        self._ids: list[ArticleId] = []
        self._stories: list[ArticleId] = []
        self._revisions: list[int] = []
        self._languages: dict[str | None, int] = {}
        self._rows = _Rows.empty(0, 0)
        self.learn(known)

    def of(self, article: Neighbour) -> Told:
        """The story of the nearest article that is near enough in wording or meaning, and in time; else its own."""
        size, options = len(self._ids), self._options
        rows = self._rows.take(slice(size))
        if not size:
            return Told(article.id)
        beyond = self._beyond(rows, article.vector, self._language(article.language))
        like = beyond >= -options.story_slack
        apart = np.abs(rows.seconds - article.published_at.timestamp())
        beyond[apart > options.story_window.total_seconds()] = _FAR
        if article.sketch is not None:
            # pages of one site share its phrases, so wording counts only where the meaning does not contradict it
            places = np.flatnonzero(beyond >= -options.story_slack)
            shared = jaccard(rows.sketches[places], article.sketch) - options.story_jaccard
            beyond[places] = np.maximum(beyond[places], shared)
        near = np.flatnonzero(beyond >= 0)
        clearest = near[np.argsort(-beyond[near], kind="stable")]
        firsts = map(self._stories.index, dict.fromkeys(self._stories[place] for place in clearest))
        return self._told(article, [first for first in firsts if like[first] and self._ids[first] != article.id])

    def add(self, article: Neighbour, told: Told) -> None:
        """Let those that come after `article` join its story. It is not known yet (see `keep`)."""
        if told.absorbed:
            self._stories = [told.story if story in told.absorbed else story for story in self._stories]
        place = len(self._ids)
        if place == len(self._rows.seconds):
            fresh = _Rows.empty(max(_ROOM, place), len(article.vector))
            self._rows = self._rows.followed_by(fresh) if place else fresh
        rows = self._rows
        rows.vectors[place] = article.vector
        rows.sketches[place] = _NO_WORDS if article.sketch is None else article.sketch
        rows.seconds[place] = article.published_at.timestamp()
        rows.languages[place] = self._language(article.language)
        self._ids.append(article.id)
        self._stories.append(told.story)
        self._revisions.append(article.revision)

    def learn(self, known: Iterable[Neighbour]) -> None:
        """Add articles that have their story already."""
        for article in known:
            self.add(article, Told(article.story_id or article.id))

    def keep(self, standing: Mapping[ArticleId, tuple[int, ArticleId]]) -> list[ArticleId]:
        """Forget all but these articles, in these revisions and stories. Returns those of them that are not known."""
        known = [(each, (self._revisions[place], self._stories[place])) for place, each in enumerate(self._ids)]
        kept = [place for place, (each, version) in enumerate(known) if standing.get(each) == version]
        if len(kept) < len(known):
            self._rows = self._rows.take(kept)
            self._ids = [self._ids[place] for place in kept]
            self._revisions = [self._revisions[place] for place in kept]
            self._stories = [self._stories[place] for place in kept]
        remembered = set(self._ids)
        return [each for each in standing if each not in remembered]

    def _told(self, article: Neighbour, firsts: list[int]) -> Told:
        """From the places of the first articles of all stories that it may join, the clearest one before the others."""
        if not firsts:
            others = (story for each, story in zip(self._ids, self._stories, strict=True) if each != article.id)
            # a revised article that tells something else by now leaves its name to those that tell what it once told
            return Told(ArticleId(new_id()) if article.revision > 1 and article.id in others else article.id)
        vector, language = self._rows.vectors[firsts[0]], int(self._rows.languages[firsts[0]])
        alike = self._beyond(self._rows.take(firsts), vector, language) >= -self._options.story_slack
        one = sorted(first for place, first in enumerate(firsts) if alike[place] or not place)
        return Told(self._stories[one[0]], tuple(self._stories[first] for first in one[1:]))

    def _beyond(self, rows: _Rows, vector: Vector, language: int) -> NDArray[np.float32]:
        """By how much each cosine is more than enough. The encoder puts texts of one language nearer together."""
        enough = np.array([self._options.story_cosine_across, self._options.story_cosine], np.float32)
        return np.asarray(rows.vectors @ vector - enough[(rows.languages == language).astype(np.int8)], np.float32)

    def _language(self, language: str | None) -> int:
        return self._languages.setdefault(language, len(self._languages))
