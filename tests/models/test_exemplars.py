"""Examples that are kept to explain tags with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import ArtefactMismatch
from models.exemplars import Exemplar, Exemplars
from models.hashing import HashingEncoder

ENCODER = HashingEncoder()
SAID = (
    Exemplar("function", "sales", "Seller signs the largest contract of the year"),
    Exemplar("function", "sales", "Discounts that cost more than they bring"),
    Exemplar("function", "legal", "Court explains what a signature on a contract means"),
    Exemplar("topic", "sales", "Markets fall"),
)


def exemplars(said: tuple[Exemplar, ...] = SAID) -> Exemplars:
    return Exemplars(ENCODER.encode([each.text for each in said]).astype(np.float16), said)


def near(text: str, facet: str, *concepts: str) -> tuple[Exemplar, float] | None:
    return exemplars().nearest(ENCODER.encode([text])[0], facet, concepts)


def test_the_nearest_of_the_concepts_that_are_asked_for_is_told():
    found = near("Seller signs the contract", "function", "sales")
    assert found is not None
    assert found[0] == SAID[0]
    assert near("Seller signs the contract", "function", "legal")[0] == SAID[2]
    assert near("Seller signs the contract", "function", "sales", "legal")[0] == SAID[0]


def test_a_facet_or_concept_without_examples_has_no_nearest():
    assert near("Seller signs", "industry", "sales") is None
    assert near("Seller signs", "function", "hr") is None
    assert near("Seller signs", "function") is None


def test_the_same_text_is_1_and_another_is_less():
    assert near(SAID[0].text, "function", "sales")[1] == pytest.approx(1, abs=1e-3)
    assert near(SAID[0].text, "function", "legal")[1] < 0.9


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_likeness_is_finite_and_never_more_than_1(seed, count):
    random = np.random.default_rng(seed)
    known = Exemplars(random.normal(size=(count, 8)).astype(np.float16), SAID[:1] * count)
    others = np.vstack(
        [random.normal(size=(3, 8)), np.zeros((1, 8)), known.vectors.mean(axis=0, dtype=np.float32)[None]]
    )
    alike = known.likeness(others[0].astype(np.float32), others.astype(np.float32))
    assert np.isfinite(alike).all()
    assert (np.abs(alike) <= 1 + 1e-4).all()


def test_files_give_back_exactly_the_same():
    before = exemplars()
    after = Exemplars.from_files(before.to_files())
    assert after is not None
    assert after.said == before.said
    np.testing.assert_array_equal(after.vectors, before.vectors)


def test_an_artefact_without_them_has_none():
    assert Exemplars.from_files({"heads.npz": b"", "taggers.json": b""}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"exemplars.npy": b""},
        {"exemplars.npy": b"\x93NUMPY"},
        {"exemplars.json": b"[]"},
        {"exemplars.json": b"{"},
        {"exemplars.json": b'[["function", "sales"]]'},
        {"exemplars.json": b"7"},
    ],
)
def test_files_of_something_else_are_refused(change):
    with pytest.raises(ArtefactMismatch, match="fit them again"):
        Exemplars.from_files(exemplars().to_files() | change)


def test_pickled_vectors_are_refused(tmp_path):
    np.save(tmp_path / "bad.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ArtefactMismatch):
        Exemplars.from_files(exemplars().to_files() | {"exemplars.npy": (tmp_path / "bad.npy").read_bytes()})
