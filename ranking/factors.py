"""What kind of people read an article: latent factors of who opened what, learned from the log alone.

Every week of the log those who were here last are factorised with what they opened (a truncated singular value
decomposition: Cremonesi et al., "Performance of recommender algorithms on top-N recommendation tasks", RecSys 2010). In
between, a person is folded in from what they opened, and an article is the sum of those who opened it, so that it has a
place among the others as soon as somebody did. Articles alone have vectors; of an article with one reader it is theirs.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array

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

    def heard(self, at: float, *, late: bool) -> bool:
        """Hear how far the log has come, in POSIX seconds. Whether it is time to learn: first a week after the first.

        Once it goes on from over a week earlier, a clock was ahead, and is not waited for. Only of history, which comes
        `late`, this is to be expected: it counts by its own time, and sets nothing back.
        """
        if self._due == np.inf or (at < self._due - EVERY and not late):
            self._due = at + EVERY
        return at >= self._due

    def learn(self, people: Sequence[Codes], opens: Column, at: float) -> None:
        """Learn anew from what each of `people` opened: codes from 1, any number of times. All else is forgotten.

        `opens` (codes,) is by how many people each article was opened, by its code. The same people in the same order
        give the same bits. Where nobody opened anything, what was learned before stays.
        """
        self._due = at + EVERY
        rows = np.repeat(np.arange(len(people)), [len(opened) for opened in people])
        articles, columns = np.unique(np.concatenate([*people, _NOTHING]), return_inverse=True)
        if not len(articles):
            return
        who_opened = csr_matrix((np.ones(len(rows)), (rows, columns)), (len(people), len(articles)))
        who_opened.data[:] = 1.0
        who_what = who_opened @ diags_array(_rarity(opens[articles]))
        basis = _main_directions(who_what)
        known, rank = len(opens), basis.shape[1]
        self._factors = np.zeros((known, DIMENSIONS), np.float32)
        self._audience = np.zeros((known, DIMENSIONS), np.float32)
        self._readers = np.zeros(known, np.int32)
        self._factors[articles, :rank] = basis
        self._audience[articles, :rank] = who_opened.T @ _directions(who_what @ basis)
        self._readers[articles] = who_opened.getnnz(axis=0)

    def opened(self, article: int, taste: Column) -> None:
        """Somebody with this taste (DIMENSIONS,) opened it."""
        self._audience = grown(self._audience, article + 1)
        self._readers = grown(self._readers, article + 1)
        self._audience[article] += taste
        self._readers[article] += 1

    def taste(self, opened: Codes, opens: NDArray[np.int64]) -> Column:
        """The direction in which somebody reads who opened these articles, any number of times: (DIMENSIONS,).

        `opens` is by how many people each article was opened, by its code. All zeros where nothing is known.
        """
        taste = np.zeros(DIMENSIONS)
        _fold(self._factors, opened, opens, taste)
        return taste

    def suits(self, articles: Codes, taste: Column) -> tuple[Column, Column]:
        """How the readers of each article suit this taste: the cosine of all together, and their mean, smoothed.

        Both (articles,), to six decimals: what is below is rounding, and would be told apart by ranks in a list.
        """
        known = articles * (articles < len(self._audience))
        audience = self._audience[known]
        towards = audience @ taste
        length = np.sqrt(np.einsum("ij,ij->i", audience, audience))
        cosine, mean = towards / np.maximum(length, _SHORTEST), towards / (self._readers[known] + 1.0)
        return np.asarray(np.round(cosine, 6)), np.asarray(np.round(mean, 6))


_NOTHING: Final = np.empty(0, dtype=np.intp)
_SHORTEST: Final = 1e-6
_ITERATIONS: Final = 4
_NOISE: Final = 1e-9


def _rarity(opens: Column) -> Column:
    """What one more reader of an article says: less, the more it has."""
    return np.asarray(1.0 / np.log2(2.0 + opens))


def _main_directions(who_what: csr_matrix) -> Column:
    """An orthonormal basis (articles, at most DIMENSIONS) of what people's reading has most in common.

    By subspace iteration from a start that is always the same: Halko, Martinsson, Tropp, "Finding structure with
    randomness" (SIAM Review 53(2), 2011), algorithm 4.4. Which basis of the space it is makes no difference to cosines.
    """
    start = (who_what.shape[1], min(DIMENSIONS, *who_what.shape))
    basis: Column = np.random.default_rng(0).standard_normal(start)
    for _ in range(_ITERATIONS):
        basis, upper = np.linalg.qr(who_what.T @ (who_what @ basis))
        grew = np.abs(np.diagonal(upper))
        basis = basis[:, grew > _NOISE * grew.max()]  # people who read alike span fewer directions than there is room
    return basis


@compiled("void(float32[:, ::1], int64[::1], int64[::1], float64[::1])")
def _fold(factors: NDArray[np.float32], opened: Codes, opens: NDArray[np.int64], taste: Column) -> None:
    """Fills `taste`, which is all zeros, and leaves it so where there is no direction."""
    last = -1
    for article in np.sort(opened):
        if article != last and article < len(factors) and article < len(opens):
            taste += factors[article] / np.log2(2.0 + opens[article])
        last = article
    length = np.sqrt(np.sum(taste * taste))
    taste *= 1.0 / length if length > _SHORTEST else 0.0


def _directions(vectors: Column) -> Column:
    """The same vectors at length 1; one of next to no length is no direction."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > _SHORTEST, vectors / np.maximum(length, _SHORTEST), 0.0)
