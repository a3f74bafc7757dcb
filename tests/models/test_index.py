"""The index: exact among what is allowed, and closed to vectors that cannot be compared."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.index import BadVector, Index
from tests import make

VECTORS = np.array([make.unit(seed) for seed in range(40)])
INDEX = Index(VECTORS)


@settings(deadline=None)
@given(arrays(np.bool_, 40), st.integers(0, 10), st.integers(1, 50))
def test_search_is_exact_among_the_allowed(allowed, seed, k):
    query = make.unit(1000 + seed)
    found, similarities = INDEX.search(query, allowed, k)
    cosines = VECTORS @ query
    wanted = np.flatnonzero(allowed)[np.argsort(-cosines[allowed])][:k]
    assert found.tolist() == wanted.tolist()
    assert similarities == pytest.approx(cosines[wanted], abs=1e-5)


@pytest.mark.parametrize(
    "vectors",
    [
        np.full((2, 8), np.nan, dtype=np.float32),
        np.array([make.unit(1), np.full(8, np.inf, dtype=np.float32)]),
        np.array([make.unit(1), np.zeros(8, dtype=np.float32)]),
        np.empty((0, 8), dtype=np.float32),
        make.unit(1),
    ],
)
def test_vectors_that_cannot_be_compared_are_refused(vectors):
    with pytest.raises(BadVector):
        Index(vectors)


@pytest.mark.parametrize(
    "query", [make.unit(1, 9), np.zeros(8, np.float32), np.full(8, np.nan, np.float32), VECTORS[:1]]
)
def test_so_are_queries(query):
    with pytest.raises(BadVector):
        INDEX.search(query, np.ones(40, dtype=np.bool_), 3)


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match="mask"):
        INDEX.search(make.unit(1), np.ones(39, dtype=np.bool_), 3)


def test_faiss_is_loaded_only_when_something_is_searched():
    probe = "import sys, ranking.feed; print('faiss' in sys.modules, 'lightgbm' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", probe], text=True).split() == ["False", "False"]


def test_a_row_comes_back_as_it_was_given():
    assert np.array_equal(INDEX.row(7), VECTORS[7])
