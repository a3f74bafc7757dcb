"""What kind of people read an article: latent factors of who opened what, learned from the log alone.

Every week of the log those who were here last are factorised with what they opened (a truncated singular value
decomposition: Cremonesi et al., "Performance of recommender algorithms on top-N recommendation tasks", RecSys 2010). In
between, a person is folded in from what they opened, and an article is the sum of those who opened it, so that it has a
place among the others as soon as somebody did. Articles have vectors, people have none.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from models.compiled import compiled
from ranking.tallies import DAY, grown

Codes = NDArray[np.intp]
Column = NDArray[np.float64]

DIMENSIONS: Final = 48
PEOPLE: Final = 20_000
"""Of how many people at most is learned: the last ones here. More of them change little and take long."""
EVERY: Final = 7 * DAY
"""In seconds of the log, however fast it is told."""


class Factors:
    """Advanced by `ranking.state.State`, with the codes it gives to articles: from 1, and 0 for what is not known."""

    def __init__(self) -> None:
        self._factors: NDArray[np.float32] = np.zeros((1, DIMENSIONS), np.float32)
        self._audience: NDArray[np.float32] = np.zeros((1, DIMENSIONS), np.float32)
        self._readers: NDArray[np.int32] = np.zeros(1, np.int32)
        self._due = np.inf

    def is_due(self, at: float) -> bool:
        """Whether it is time to learn again, at POSIX seconds `at`: first a week after this was first asked."""
        if self._due == np.inf:
            self._due = at + EVERY
        return at >= self._due

    def learn(self, people: Sequence[Codes], opens: Column, at: float) -> None:
        """Learn anew from what each of `people` opened; `opens` is by how many people each article was, by its code."""
        self._due = at + EVERY
        rows = np.repeat(np.arange(len(people)), [len(opened) for opened in people])
        articles, columns = np.unique(np.concatenate([*people, _NOTHING]), return_inverse=True)
        rank = min(DIMENSIONS, len(people) - 1, len(articles) - 1)
        if rank < 1:
            return
        who_what = csr_matrix((_rarity(opens[articles])[columns], (rows, columns)), (len(people), len(articles)))
        _, _, found = svds(who_what, rank, rng=np.random.default_rng(0))
        tastes = _directions(who_what @ found.T)
        known = len(opens)
        self._factors = np.zeros((known, DIMENSIONS), np.float32)
        self._audience = np.zeros((known, DIMENSIONS), np.float32)
        self._factors[articles, :rank] = found.T
        who_opened = csr_matrix((np.ones(len(rows)), (rows, columns)), who_what.shape)
        self._audience[articles, :rank] = who_opened.T @ tastes
        self._readers = np.bincount(articles[columns], minlength=known).astype(np.int32)

    def opened(self, article: int, taste: Column) -> None:
        """Somebody with this taste opened it."""
        self._audience = grown(self._audience, article + 1)
        self._readers = grown(self._readers, article + 1)
        self._audience[article] += taste
        self._readers[article] += 1

    def taste(self, opened: Codes, opens: NDArray[np.int64]) -> Column:
        """The direction in which somebody reads who opened these articles, (DIMENSIONS,).

        `opens` is by how many people each article was opened, by its code. All zeros where nothing is known.
        """
        taste = np.zeros(DIMENSIONS)
        _fold(self._factors, opened, opens, taste)
        return taste

    def suits(self, articles: Codes, taste: Column) -> tuple[Column, Column]:
        """How the readers of each article suit this taste: the cosine of all together, and their mean, smoothed."""
        known = articles * (articles < len(self._audience))
        audience = self._audience[known]
        towards = audience @ taste
        length = np.sqrt(np.einsum("ij,ij->i", audience, audience))
        return towards / np.maximum(length, _SHORTEST), towards / (self._readers[known] + 1.0)


_NOTHING: Final = np.empty(0, dtype=np.intp)
_SHORTEST: Final = 1e-6


def _rarity(opens: Column) -> Column:
    """What one more reader of an article says: less, the more it has."""
    return np.asarray(1.0 / np.log2(2.0 + opens))


@compiled("void(float32[:, ::1], int64[::1], int64[::1], float64[::1])")
def _fold(factors: NDArray[np.float32], opened: Codes, opens: NDArray[np.int64], taste: Column) -> None:
    """Fills `taste`, which is all zeros."""
    for article in opened:
        if article < len(factors) and article < len(opens):
            taste += factors[article] / np.log2(2.0 + opens[article])
    length = np.sqrt(np.sum(taste * taste))
    taste /= max(length, _SHORTEST)


def _directions(vectors: Column) -> Column:
    """The same vectors at length 1; one of next to no length is no direction."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > _SHORTEST, vectors / np.maximum(length, _SHORTEST), 0.0)
