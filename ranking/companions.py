"""Which articles are opened one after the other, counted pair by pair.

There are tens of pairs for each person, so they are kept in two sorted columns of twelve bytes a pair. What came in
since these were sorted last waits beside them, and is never more than a small part of the whole.
"""

from collections import defaultdict
from typing import Final

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]

_LEAST_WAITING: Final = 4096
_PART_WAITING: Final = 16
"""One pair in so many may wait: each is then copied about so many times while the columns grow."""
_BITS: Final = 32
_LOW: Final = (1 << _BITS) - 1


class Companions:
    """By the codes that `ranking.state.State` gives to articles: from 1."""

    __slots__ = ("_pairs", "_times", "_waiting", "_waiting_pairs")

    def __init__(self) -> None:
        self._pairs: NDArray[np.int64] = np.empty(0, np.int64)
        self._times: NDArray[np.int32] = np.empty(0, np.int32)
        self._waiting: dict[int, dict[int, int]] = defaultdict(dict)
        self._waiting_pairs = 0

    def met(self, one: int, other: int) -> None:
        """Somebody opened one of these two soon after the other."""
        self._count(one, other)
        self._count(other, one)
        if self._waiting_pairs > max(_LEAST_WAITING, len(self._pairs) // _PART_WAITING):
            self._settle()

    def times(self, articles: Codes, length: int) -> NDArray[np.float64]:
        """How often each article was a companion of one of `articles` (distinct), by code: (length,)."""
        found = np.zeros(length)
        for article in articles.tolist():
            begin, end = np.searchsorted(self._pairs, (article << _BITS, (article + 1) << _BITS))
            found[self._pairs[begin:end] & _LOW] += self._times[begin:end]
            fresh = self._waiting.get(article)
            if fresh:
                found[np.fromiter(fresh, np.intp, len(fresh))] += np.fromiter(fresh.values(), np.float64, len(fresh))
        return found

    def _count(self, one: int, other: int) -> None:
        fresh = self._waiting[one]
        known = fresh.get(other, 0)
        self._waiting_pairs += not known
        fresh[other] = known + 1

    def _settle(self) -> None:
        """Sort what waits in among the others."""
        fresh = [(one << _BITS | other, times) for one, met in self._waiting.items() for other, times in met.items()]
        pairs, times = np.array(sorted(fresh), dtype=np.int64).T
        places = np.searchsorted(self._pairs, pairs)
        known = np.zeros(len(pairs), dtype=np.bool_)
        inside = places < len(self._pairs)
        known[inside] = self._pairs[places[inside]] == pairs[inside]
        self._times[places[known]] += times[known].astype(np.int32)
        self._times = np.insert(self._times, places[~known], times[~known])
        self._pairs = np.insert(self._pairs, places[~known], pairs[~known])
        self._waiting.clear()
        self._waiting_pairs = 0
