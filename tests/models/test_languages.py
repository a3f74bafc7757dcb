"""Levelling: languages come together, and nothing else is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.languages import level

RANDOM = np.random.default_rng(4)
SAID = RANDOM.normal(size=(60, 32))


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_what_says_the_same_in_another_language_is_nearer_than_what_says_else_in_this_one():
    accents = RANDOM.normal(size=(2, 32))
    vectors = unit(np.concatenate([SAID + accents[0], SAID + accents[1]]))
    languages = ["nl"] * 60 + ["en"] * 60

    def found(rows):
        near = rows @ rows.T
        np.fill_diagonal(near, -1)
        return float(np.mean(near.argmax(axis=1) == (np.arange(120) + 60) % 120))

    assert found(vectors) < 0.5
    assert found(level(vectors, languages)) > 0.95


def test_one_language_alone_is_left_as_it_is():
    vectors = unit(SAID)
    assert level(vectors, ["nl"] * 60) == pytest.approx(vectors, abs=1e-6)
    assert level(vectors, [None] * 60) == pytest.approx(vectors, abs=1e-6)


def test_a_few_texts_of_a_language_are_hardly_touched():
    vectors = unit(SAID)
    touched = level(vectors, ["nl"] * 59 + ["en"])
    assert float(touched[59] @ vectors[59]) > 0.99


@settings(deadline=None)
@given(st.lists(st.sampled_from(["nl", "en", "de", None]), min_size=1, max_size=20), st.booleans())
def test_rows_stay_finite_and_of_unit_length(languages, same):
    rows = np.repeat(SAID[:1], len(languages), axis=0) if same else SAID[: len(languages)]
    levelled = level(unit(rows), languages)
    assert np.linalg.norm(levelled, axis=1) == pytest.approx(np.ones(len(languages)), abs=1e-5)
    assert levelled.dtype == np.float32
