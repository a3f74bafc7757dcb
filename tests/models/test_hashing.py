"""The test encoder: the same everywhere, and near where words are shared."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hashing import HashingEncoder
from tests.contracts.learned import EncoderContract


class TestHashingEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self):
        return HashingEncoder()


TEXT = st.text(st.characters(codec="utf-8"), max_size=60)


@given(st.lists(TEXT, max_size=5), st.integers(1, 100))
def test_rows_are_unit_vectors_in_order(texts, dimensions):
    encoder = HashingEncoder(dimensions)
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), dimensions)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(encoder.encode([text])[0], vector)


def test_shared_words_make_near():
    base, near, far = HashingEncoder(256).encode(
        ["lock gates open again today", "the lock gates open again", "wheat prices fall after rain"]
    )
    assert base @ near > base @ far + 0.3


def test_order_of_words_counts():
    one, other = HashingEncoder().encode(["gates open again", "again open gates"])
    assert 0.2 < one @ other < 0.99


def test_another_process_agrees():
    probe = (
        "from models.hashing import HashingEncoder as E; e = E(); print(e.digest, e.encode(['lock gates']).tolist())"
    )
    told = subprocess.check_output([sys.executable, "-c", probe], text=True)
    encoder = HashingEncoder()
    assert told == f"{encoder.digest} {encoder.encode(['lock gates']).tolist()}\n"


def test_digest_tells_sizes_apart():
    assert HashingEncoder(64).digest != HashingEncoder(32).digest
    assert len(HashingEncoder().digest) == 64


def test_progress_hears_of_every_text():
    heard = list[int]()
    HashingEncoder().encode(["a", "b", "c"], heard.append)
    assert sum(heard) == 3
