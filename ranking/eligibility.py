"""The promise, by rule: an article is for a person only where its audience admits them on every hard axis.

Each axis of all audiences is one array of bits, so that the answer for ten thousand articles takes microseconds and can
be given before anything is retrieved, ranked or explored. Nothing here is open by default: what is not known admits
nobody. `catalog.audiences.violations` checks the same promise in SQL, written separately, on every slate that goes out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.records import ALL, FUNCTION, Audience, Axes

_WORD: Final = 64
_EVERYBODY: Final = 0
"""The bit that every person has, whatever is known of them; of the articles only those with `ALL` have it."""


@dataclass(frozen=True, slots=True, eq=False)
class AxisMask:
    """One axis of all audiences.

    `bit` is the place of each value that some audience names, from 1; `words` (articles, words) the admitted values of
    each article, all zeros where the audience does not name the axis; `named` (articles,) how many values it names, 0
    for everybody and for nobody.
    """

    bit: Mapping[str, int]
    words: NDArray[np.uint64]
    named: NDArray[np.intp]

    def admits(self, values: Iterable[str]) -> NDArray[np.bool_]:
        """For each article whether it is for everybody or for one of `values`. Unknown values match nothing."""
        person = np.zeros(self.words.shape[1], dtype=np.uint64)
        for bit in [_EVERYBODY, *(self.bit[value] for value in values if value in self.bit)]:
            person[bit // _WORD] |= _single(bit)
        return np.asarray((self.words & person).any(axis=1))

    def names(self, article: int, value: str) -> bool:
        """Whether the article at this index is meant for `value` by name, not for everybody."""
        bit = self.bit.get(value)
        return bit is not None and bool(self.named[article] and self.words[article, bit // _WORD] & _single(bit))


class Masked(Protocol):
    """Something with the audiences of a number of articles, by axis: a snapshot."""

    @property
    def audiences(self) -> Mapping[str, AxisMask]:
        """One mask per axis, all over the same articles."""

    def __len__(self) -> int: ...


def pack(audiences: Sequence[Audience], axis: str) -> AxisMask:
    """One axis of these audiences as bits, in their order."""
    admitted = [audience.axes.get(axis, frozenset()) for audience in audiences]
    values = sorted(frozenset[str]().union(*admitted) - {ALL})
    bit = {value: place for place, value in enumerate(values, start=_EVERYBODY + 1)}
    words = np.zeros((len(admitted), (len(values) + 1 + _WORD - 1) // _WORD), dtype=np.uint64)
    for article, chosen in enumerate(admitted):
        if ALL in chosen:
            words[article] = ~np.uint64(0)
        else:
            for value in chosen:
                words[article, bit[value] // _WORD] |= _single(bit[value])
    named = [0 if ALL in chosen else len(chosen) for chosen in admitted]
    return AxisMask(bit, words, np.array(named, dtype=np.intp))


def allowed(snapshot: Masked, person: Axes, hard_axes: Sequence[str]) -> NDArray[np.bool_]:
    """For each article whether its audience admits this person on every hard axis."""
    if FUNCTION not in hard_axes:
        raise ValueError("function is always a hard axis")
    answer = np.ones(len(snapshot), dtype=np.bool_)
    for axis in hard_axes:
        if axis not in snapshot.audiences:
            return np.zeros(len(snapshot), dtype=np.bool_)
        answer &= snapshot.audiences[axis].admits(person.get(axis, frozenset()))
    return answer


def _single(bit: int) -> np.uint64:
    return np.uint64(1) << np.uint64(bit % _WORD)
