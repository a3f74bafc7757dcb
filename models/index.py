"""The only door to faiss: exact nearest neighbours among the rows that a mask allows.

Flat search with a bitmap is exact and fast up to about a million vectors. Graph and cluster indexes lose most of their
recall under a selective mask, and ours is the promise, so it always applies.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Invalid
from models.protocols import Vectors


class BadVector(Invalid):
    """A vector that cannot be compared: of another size, without direction, or not finite."""

    code = "bad_vector"


class Index:
    """Vectors to search by inner product, which is the cosine where they have unit length."""

    def __init__(self, vectors: Vectors) -> None:
        """`vectors` (n, dimensions), n ≥ 1. Raises BadVector."""
        _require_sound(vectors)
        self._faiss = _load()
        self._flat = self._faiss.IndexFlatIP(vectors.shape[1])
        self._flat.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def row(self, place: int) -> NDArray[np.float32]:
        """One of the vectors, as it was given."""
        found: NDArray[np.float32] = self._flat.reconstruct(place)
        return found

    def search(
        self, query: NDArray[np.float32], allowed: NDArray[np.bool_], k: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The up to `k` nearest of the `allowed` rows, nearest first, and their inner products with `query`.

        `query` is (dimensions,), `allowed` (n,). Raises BadVector.
        """
        if query.shape != (self._flat.d,):
            raise BadVector(f"the query has shape {query.shape}, the index holds vectors of {self._flat.d}")
        _require_sound(query[np.newaxis])
        if allowed.shape != (self._flat.ntotal,):
            raise ValueError(f"the mask has shape {allowed.shape}, the index holds {self._flat.ntotal} vectors")
        selector = self._faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        parameters = self._faiss.SearchParameters(sel=selector)
        question = np.ascontiguousarray(query[np.newaxis], dtype=np.float32)
        similarities, found = self._flat.search(question, k, params=parameters)
        real = found[0] >= 0  # faiss fills up with -1 where fewer than k are allowed
        return found[0][real].astype(np.intp), similarities[0][real]


def _require_sound(vectors: Vectors) -> None:
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise BadVector(f"vectors must be rows of numbers, not an array of shape {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise BadVector("a vector holds a value that is not finite: embed its article again")
    if not vectors.any(axis=1).all():
        raise BadVector("a vector is all zeros and has no direction: embed its article again")


def _load() -> Any:
    """faiss on one thread: a server answers many requests beside each other, not one request on many cores."""
    import faiss

    faiss.omp_set_num_threads(1)
    return faiss
