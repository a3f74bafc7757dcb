"""Heads turn vectors into probabilities, and probabilities into tags; taggers survive their files."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import ArtefactMismatch, Invalid
from models.taggers import KEEP, Head, Taggers, strongest

DIMENSIONS = 6
PARENTS = (-1, 0, 0, 2, -1, 4)
"""A tree of three levels beside one of two."""


def head(seed: int = 0, *, facet: str = "function", background: int = 0, steep: float = 1.0) -> Head:
    random = np.random.default_rng(seed)
    columns = len(PARENTS) + background
    return Head(
        facet,
        tuple(f"concept-{place}" for place in range(len(PARENTS))),
        PARENTS,
        (random.normal(size=(DIMENSIONS, columns)) * steep).astype(np.float32),
        random.normal(size=columns).astype(np.float32),
        (float(random.normal()), float(random.uniform()), float(random.uniform())),
    )


def vectors(seed: int, n: int = 20) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, DIMENSIONS))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def taggers(*heads: Head) -> Taggers:
    return Taggers("v1", "e" * 64, "t" * 64, heads or (head(1), head(2, facet="kind"), head(3, facet="industry")))


@given(st.integers(0, 10**6), st.integers(0, 1), st.sampled_from([0.1, 1.0, 30.0, 1e4]))
def test_probabilities_are_within_0_and_1_and_a_parent_is_no_less_probable_than_its_child(seed, background, steep):
    found = head(seed, background=background, steep=steep).probabilities(vectors(seed))
    assert found.shape == (20, len(PARENTS))
    assert (found >= 0).all()
    assert (found <= 1).all()
    for child, parent in enumerate(PARENTS):
        assert parent < 0 or (found[:, parent] >= found[:, child]).all()


def test_score_and_lead_decide():
    towards = np.zeros((DIMENSIONS, len(PARENTS)), np.float32)
    towards[0, 0] = towards[1, 4] = 60
    one = replace(head(), weights=towards, bias=np.zeros(len(PARENTS), np.float32), link=(-8.0, 0.5, 0.5))
    first, both, neither = one.probabilities(
        np.array([[1, 0], [0.7, 0.7], [0, 0]], np.float32) @ np.eye(2, DIMENSIONS, dtype=np.float32)
    )
    assert first[0] > 0.99
    assert first[4] < 0.01
    assert min(both[0], both[4]) > 0.5  # of two concepts at once
    assert max(neither) < 0.1


def test_a_row_gets_the_same_tags_whatever_stands_beside_it():
    many = taggers().probabilities(vectors(5))
    for row, found in zip(vectors(5), many, strict=True):
        alone = taggers().probabilities(row[None])[0]
        assert alone == {facet: pytest.approx(concepts, abs=1e-6) for facet, concepts in found.items()}


def test_no_vectors_no_tags():
    assert taggers().probabilities(np.empty((0, DIMENSIONS), np.float32)) == []


@pytest.mark.parametrize("wrong", [vectors(1)[:, 1:], vectors(1)[0], np.empty((0, DIMENSIONS + 1), np.float32)])
def test_vectors_of_another_size_are_refused(wrong):
    with pytest.raises(Invalid, match="cannot be tagged"):
        taggers().probabilities(wrong)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_refused(bad):
    wrong = vectors(1)
    wrong[3, 2] = bad
    with pytest.raises(Invalid, match="not finite"):
        taggers().probabilities(wrong)


def test_files_give_back_exactly_the_same():
    before = taggers(head(1, background=1), head(2, facet="kind"))
    after = Taggers.from_files(before.to_files())
    assert (after.version, after.encoder, after.taxonomy) == (before.version, before.encoder, before.taxonomy)
    assert after.probabilities(vectors(9)) == before.probabilities(vectors(9))
    assert after.tags(vectors(9)) == before.tags(vectors(9))


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **{"function.weights": np.array([{}], object), "function.bias": np.zeros(6)})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        {"heads.npz": pickled()},
        {"heads.npz": taggers(head(facet="kind")).to_files()["heads.npz"]},
        {"heads.npz": b""},
        {"taggers.json": b"{}"},
        {"taggers.json": b"[]"},
        {"taggers.json": b"{"},
    ],
)
def test_files_of_something_else_are_refused(change):
    with pytest.raises(ArtefactMismatch, match="fit them again"):
        Taggers.from_files(taggers(head()).to_files() | change)


def test_missing_files_are_refused():
    with pytest.raises(ArtefactMismatch, match="fit them again"):
        Taggers.from_files({})


def test_only_what_is_likely_is_kept_surest_first():
    found = strongest({"function": {"sales": 0.5, "legal": 0.9, "hr": 0.1}}, "v1")
    assert [(tag.concept, tag.probability, tag.tagger) for tag in found] == [("legal", 0.9, "v1"), ("sales", 0.5, "v1")]


def test_a_text_may_be_for_no_function_but_is_always_of_one_kind():
    low = {"one": 0.01, "two": 0.02}
    assert [(tag.facet, tag.concept) for tag in strongest({"function": low, "kind": low}, "v1")] == [("kind", "two")]


@given(st.sampled_from(sorted(KEEP)), st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_never_more_than_the_facet_keeps(facet, chances):
    found = strongest({facet: {f"concept-{place}": chance for place, chance in enumerate(chances)}}, "v1")
    assert len(found) <= KEEP[facet].most
    assert [tag.probability for tag in found] == sorted((tag.probability for tag in found), reverse=True)
    left_out = sorted(chances)[: len(chances) - len(found)]
    assert all(chance < KEEP[facet].floor or chance <= found[-1].probability for chance in left_out)


@given(st.integers(0, 10**6))
def test_a_kept_child_stands_behind_its_parent(seed):
    for found in taggers(head(seed, facet="topic")).tags(vectors(seed)):
        places = [int(tag.concept.rpartition("-")[2]) for tag in found]
        for child in places:
            if PARENTS[child] >= 0:
                assert PARENTS[child] in places[: places.index(child)]


@given(st.integers(0, 10**6), st.sampled_from([0.1, 1.0, 30.0]))
def test_many_are_tagged_as_each_by_itself(seed, steep):
    one = taggers(*(head(seed + place, facet=facet, steep=steep) for place, facet in enumerate(KEEP)))
    alone = [strongest(found, one.version) for found in one.probabilities(vectors(seed))]
    assert one.tags(vectors(seed)) == alone
