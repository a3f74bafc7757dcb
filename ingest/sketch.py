"""A MinHash of a text: 128 numbers, of which two texts share about as many as they share runs of words."""

from typing import Final
from zlib import crc32

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from catalog.records import Sketch
from ingest.fingerprint import words

PLACES: Final = 128
"""Numbers of a sketch: where half of the runs are shared, the estimate of how many is off by .04 on average."""

RUN: Final = 3
"""Words of a run. Of longer runs a corrected word spoils more; shorter ones are shared by all texts of a language."""

_START: Final = MinHash(num_perm=PLACES, seed=1, hashfunc=crc32, scheme="affine32")
"""All that decides the numbers is spelled out: sketches are stored, and those of different releases meet. A checksum
is quicker than a digest, and the library mixes it before use."""


def sketch(text: str) -> Sketch:
    """The sketch of `text`, shape (128,), the same on every machine. Typography does not count, as in a fingerprint.

    A text of fewer words than a run is one run; one without words shares nothing with any other.
    """
    said = words(text)
    runs = {" ".join(said[start : start + RUN]) for start in range(max(1, len(said) - RUN + 1))} if said else set()
    told = _START.copy()
    told.update_batch([run.encode("utf-8", "replace") for run in runs])
    return np.asarray(told.hashvalues, dtype=np.uint32)


def jaccard(sketches: NDArray[np.uint32], one: Sketch) -> NDArray[np.float32]:
    """The estimated share of common runs, 0 to 1, of `one` with each row of `sketches` (n, 128); shape (n,)."""
    if np.array_equal(one, _START.hashvalues):
        return np.zeros(len(sketches), np.float32)
    equal = np.packbits(sketches == one, axis=1).view(np.uint64)  # to count bits is quicker than to add up booleans
    return np.asarray(np.bitwise_count(equal).sum(axis=1) / PLACES, np.float32)
