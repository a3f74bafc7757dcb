"""Which articles tell the same story: near-duplicates by meaning, within and across languages."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from catalog.articles import Neighbour
from catalog.ids import ArticleId
from ingest.config import EnrichOptions


class Stories:
    """Recent articles with their stories, to which enriched ones are added as they come."""

    def __init__(self, known: Iterable[Neighbour], options: EnrichOptions) -> None:
        self._options = options
        self._known = list(known)

    def of(self, article: Neighbour) -> ArticleId:
        """The story of the nearest article that is near enough in meaning and time; else the article starts its own."""
        around = [other for other in self._known if self._may_join(article, other)]
        if not around:
            return article.id
        cosines = np.stack([other.vector for other in around]) @ article.vector
        enough = np.array([self._enough(article, other) for other in around])
        nearest = int(np.argmax(np.where(cosines >= enough, cosines, -np.inf)))
        if cosines[nearest] < enough[nearest]:
            return article.id
        return around[nearest].story_id or around[nearest].id

    def add(self, article: Neighbour, story: ArticleId) -> None:
        """Let those that come after `article` join its story."""
        self._known.append(replace(article, story_id=story))

    def _may_join(self, article: Neighbour, other: Neighbour) -> bool:
        apart = abs(article.published_at - other.published_at)
        return other.id != article.id and apart <= self._options.story_window

    def _enough(self, article: Neighbour, other: Neighbour) -> float:
        # the encoder puts texts of one language nearer together, whatever they are about
        same = article.language == other.language
        return self._options.story_cosine if same else self._options.story_cosine_across
