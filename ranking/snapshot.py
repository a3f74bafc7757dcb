"""What can be served, as arrays: everything approved at one version of the catalogue. Replaced, never changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId
from catalog.records import AXES, LiveArticle, Pin
from models.index import Index
from models.protocols import Vectors
from ranking.eligibility import AxisMask, pack
from ranking.tallies import spread

FACETS: Final = ("topic", "function", "kind")
"""The facets of which ranking makes use."""

NONE: Final = -1
"""The code for a value that an article does not have, such as a source."""


@dataclass(frozen=True, slots=True, eq=False)
class Facet:
    """One facet's tags of all articles: `column` of each concept in `probability` (articles, concepts), 0 untagged.

    `concepts` are their names by column. `surest` (articles,) is the column of each article's surest concept, `NONE`
    where it has none of this facet.
    """

    column: Mapping[str, int]
    concepts: tuple[str, ...]
    probability: NDArray[np.float32]
    surest: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Approved articles by index 0..n-1. Times are POSIX seconds; codes are 0.., or `NONE`.

    `pinned_until` is minus infinity for what is not pinned, and `must_read` says which of the pinned must be read.
    It holds what has yet to go live and what has expired as well, so a snapshot stays right while the clock goes on.
    """

    ids: tuple[ArticleId, ...]
    index_of: Mapping[ArticleId, int]
    matrix: Vectors
    published: NDArray[np.float64]
    live_from: NDArray[np.float64]
    expires: NDArray[np.float64]
    source: NDArray[np.intp]
    story: NDArray[np.intp]
    language: NDArray[np.intp]
    languages: Mapping[str, int]
    internal: NDArray[np.bool_]
    words: NDArray[np.float64]
    audiences: Mapping[str, AxisMask]
    facets: Mapping[str, Facet]
    hard_axes: tuple[str, ...]
    pinned_until: NDArray[np.float64]
    must_read: NDArray[np.bool_]

    @classmethod
    def build(cls, articles: Sequence[LiveArticle], hard_axes: tuple[str, ...], pins: Iterable[Pin] = ()) -> Self:
        """From `catalog.articles.approved`, in that order; `hard_axes` are the tenant's, `pins` those that hold."""
        language, languages = _codes(article.language for article in articles)
        plain = cls(
            ids=tuple(article.id for article in articles),
            index_of={article.id: index for index, article in enumerate(articles)},
            matrix=np.stack([article.vector for article in articles]) if articles else np.empty((0, 0), np.float32),
            published=_seconds(article.published_at for article in articles),
            live_from=_seconds(article.live_from for article in articles),
            expires=_seconds(article.expires_at for article in articles),
            source=_codes(article.source_id for article in articles)[0],
            story=_codes(article.story_id or article.id for article in articles)[0],
            language=language,
            languages=languages,
            internal=np.array([article.internal for article in articles], dtype=np.bool_),
            words=np.array([article.words for article in articles], dtype=np.float64),
            audiences={axis: pack([article.audience for article in articles], axis) for axis in AXES},
            facets={facet: _facet(articles, facet) for facet in FACETS},
            hard_axes=hard_axes,
            pinned_until=np.full(len(articles), -np.inf),
            must_read=np.zeros(len(articles), dtype=np.bool_),
        )
        return plain.with_pins(pins)

    def with_pins(self, pins: Iterable[Pin]) -> Self:
        """The same articles under other pins; one of an article that is not here has no effect."""
        until, must_read = np.full(len(self), -np.inf), np.zeros(len(self), dtype=np.bool_)
        for pin in pins:
            index = self.index_of.get(pin.article_id)
            if index is not None:
                until[index], must_read[index] = pin.until.timestamp(), pin.must_read
        made = replace(self, pinned_until=until, must_read=must_read)
        if "index" in self.__dict__:  # it is dear, and knows nothing of pins
            made.__dict__["index"] = self.index
        return made

    def pin_ran_out(self, since: datetime, now: datetime) -> bool:
        """Whether the clock ended a pin after `since`, no later than `now`."""
        return bool(((self.pinned_until > since.timestamp()) & (self.pinned_until <= now.timestamp())).any())

    def __len__(self) -> int:
        return len(self.ids)

    def live(self, now: datetime) -> NDArray[np.bool_]:
        """Which articles may be delivered at `now`, as far as the clock is concerned."""
        at = now.timestamp()
        return (self.live_from <= at) & (at < self.expires)

    def written_in(self, languages: Iterable[str]) -> NDArray[np.bool_]:
        """Which articles are in one of `languages`; one whose language is not known is in none."""
        wanted = np.zeros(len(self.languages) + 1, dtype=np.bool_)  # the last one is that of `NONE`
        wanted[[self.languages[language] for language in languages if language in self.languages]] = True
        return wanted[self.language]

    def told(self, articles: NDArray[np.intp], now: datetime) -> NDArray[np.intp]:
        """In how many articles that are live at `now` the story of each of these is told, (articles,)."""
        order, begins = self._by_story
        story = self.story[articles]
        rows, places = spread(begins[story + 1] - begins[story])
        members, at = order[begins[story][rows] + places], now.timestamp()
        live = (self.live_from[members] <= at) & (at < self.expires[members])
        return np.bincount(rows[live], minlength=len(articles))

    def vectors(self, articles: NDArray[np.intp]) -> Vectors:
        """The rows of these. They are kept for the array asked about last, by features and slate: change neither."""
        asked: tuple[NDArray[np.intp], Vectors] | None = self.__dict__.get("_asked")
        if asked is None or asked[0] is not articles:
            asked = self.__dict__["_asked"] = articles, self.matrix[articles]
        return asked[1]

    @cached_property
    def _by_story(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The articles in order of their story, and by story where it begins in that order."""
        return np.argsort(self.story, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(self.story))])

    @cached_property
    def pins(self) -> NDArray[np.intp]:
        """What is pinned, whether or not the pin still holds."""
        return np.flatnonzero(self.pinned_until > -np.inf)

    @cached_property
    def in_order(self) -> bool:
        """Whether later articles are newer, as the catalogue gives them."""
        return bool((np.diff(self.published) >= 0).all())

    @cached_property
    def index(self) -> Index:
        """The vectors to search, made when first needed: few tenants have so many articles that they need retrieval."""
        return Index(self.matrix)


def _seconds(moments: Iterable[datetime | None]) -> NDArray[np.float64]:
    return np.array([np.inf if moment is None else moment.timestamp() for moment in moments], dtype=np.float64)


def _codes(values: Iterable[str | None]) -> tuple[NDArray[np.intp], dict[str, int]]:
    known: dict[str, int] = {}
    codes = [NONE if value is None else known.setdefault(value, len(known)) for value in values]
    return np.array(codes, dtype=np.intp), known


def _facet(articles: Sequence[LiveArticle], facet: str) -> Facet:
    tags = [
        (row, concept, probability)
        for row, article in enumerate(articles)
        for concept, probability in article.tags.get(facet, {}).items()
    ]
    column = {concept: place for place, concept in enumerate(sorted({concept for _, concept, _ in tags}))}
    probability = np.zeros((len(articles), len(column)), dtype=np.float32)
    if tags:
        rows, concepts, values = zip(*tags, strict=True)
        probability[list(rows), [column[concept] for concept in concepts]] = values
    surest = np.full(len(articles), NONE)
    if column:
        surest = np.where(probability.any(axis=1), probability.argmax(axis=1), NONE)
    return Facet(column, tuple(column), probability, surest)
