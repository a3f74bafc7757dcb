"""Counts per article that fade, at several half-lives at once, in columns: a whole list is read in one go."""

import math
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)

HOUR: Final = 3_600.0
DAY: Final = 86_400.0
HALF_LIVES: Final = (HOUR / 6, 1 * HOUR, 3 * HOUR, 1 * DAY, 7 * DAY, 30 * DAY)
"""In seconds. They are part of what the features mean, so they are no options."""
OVER_MINUTES, OVER_AN_HOUR, OVER_HOURS, OVER_A_DAY, OVER_A_WEEK, OVER_A_MONTH = range(len(HALF_LIVES))
"""Where the count of each half-life is in what `DecayedCounts.read` answers."""

_RATES: Final = tuple(-1.0 / half_life for half_life in HALF_LIVES)
_FIRST_ROOM: Final = 16


def grown(column: NDArray[Number], length: int) -> NDArray[Number]:
    """`column` if it has `length` rows, or a copy with room for half as many again, zeros in the new rows."""
    if len(column) >= length:
        return column
    larger = np.zeros((length + length // 2, *column.shape[1:]), dtype=column.dtype)
    larger[: len(column)] = column
    return larger


def spread(counts: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of so many entries each, one after the other: of every entry the row, and its place within the row."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)


class DecayedCounts:
    """One kind of event by one group of people: a count per article code at every half-life of `HALF_LIVES`.

    They fade lazily: a row is kept as of its last event, and reading lets it age to `now`. Only articles that were
    counted take a row; row 0 is that of all others.
    """

    __slots__ = ("_row_of", "_rows", "_used")

    def __init__(self) -> None:
        self._row_of: NDArray[np.int32] = np.zeros(_FIRST_ROOM, np.int32)
        self._rows: NDArray[np.float64] = np.zeros((_FIRST_ROOM, 1 + len(HALF_LIVES)))
        self._used = 1

    def add(self, code: int, at: float) -> None:
        """Count one more at POSIX seconds `at`, which may lie before what was counted last."""
        self._row_of = grown(self._row_of, code + 1)
        row = int(self._row_of[code])
        if not row:
            self._rows = grown(self._rows, self._used + 1)
            self._rows[self._used] = (at, *[1.0] * len(HALF_LIVES))
            self._row_of[code] = self._used
            self._used += 1
            return
        last, *counts = self._rows[row].tolist()
        left = [math.exp2(abs(at - last) * rate) for rate in _RATES]  # of a count of 1, over the time between the two
        pairs = zip(counts, left, strict=True)
        added = [count * rest + 1.0 for count, rest in pairs] if at >= last else [count + rest for count, rest in pairs]
        self._rows[row] = (max(at, last), *added)

    def read(self, codes: NDArray[np.intp], now: float) -> NDArray[np.float64]:
        """The counts of `codes` as of POSIX seconds `now`, shape (codes, half-lives)."""
        table = self._rows[self._row_of.take(codes * (codes < len(self._row_of)))]
        age = np.maximum(now - table[:, :1], 0.0)
        return np.asarray(table[:, 1:] * np.exp2(age * np.array(_RATES)))
