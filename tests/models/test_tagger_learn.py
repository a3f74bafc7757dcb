"""Taggers learn what was decided, no more than that, and never from what is held out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import ArtefactMismatch, Invalid
from models.tagger_learn import RefitOptions, refit, targets_of
from models.taggers import Taggers
from tests.decided import CONCEPTS, PARENTS, head, lesson, lessons, stories, taggers, vectors

BASE = taggers()
OPTIONS = RefitOptions()
ROWS = vectors(120)
LESSONS = lessons(ROWS)
LEARNED = refit(BASE, ROWS, LESSONS, OPTIONS)


def topic(fitted: Taggers, rows: np.ndarray) -> np.ndarray:
    return fitted.corrected(fitted.heads[0], rows)


def log_loss(fitted: Taggers, rows: np.ndarray, seed: int = 5) -> float:
    targets, weights = targets_of(fitted.heads[0], lessons(rows, seed=seed))
    said = topic(fitted, rows)
    return float(-(weights * np.log(np.where(targets > 0.5, said, 1 - said))).sum() / weights.sum())


def test_decisions_are_learned_and_carry_over_to_other_texts():
    fresh = vectors(200, seed=9)
    assert log_loss(LEARNED, fresh) < 0.7 * log_loss(BASE, fresh)


def test_a_facet_that_nobody_spoke_of_is_untouched():
    assert [correction.facet for correction in LEARNED.corrections] == ["topic"]
    for before, after in zip(BASE.probabilities(ROWS), LEARNED.probabilities(ROWS), strict=True):
        assert before["function"] == after["function"]


@given(st.integers(0, 1000))
def test_without_lessons_everything_is_exactly_the_same(seed):
    fitted = refit(BASE, np.empty((0, ROWS.shape[1]), np.float32), [], OPTIONS)
    assert fitted == BASE
    assert fitted.probabilities(vectors(5, seed)) == BASE.probabilities(vectors(5, seed))


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(40)))
def test_the_order_of_lessons_does_not_matter(order):
    kept = list(range(40))
    one = refit(BASE, ROWS[kept], [LESSONS[row] for row in kept], OPTIONS)
    other = refit(BASE, ROWS[order], [LESSONS[row] for row in order], OPTIONS)
    assert one.version == other.version
    assert (topic(one, ROWS) == topic(other, ROWS)).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(10, 60))
def test_a_parent_is_no_less_probable_than_its_child(seed, n):
    random = np.random.default_rng(seed)
    told = [
        lesson(story, {"topic": {str(random.choice(CONCEPTS)): float(random.integers(2))}})
        for story, _ in zip(stories(), range(n), strict=False)
    ]
    found = topic(refit(BASE, vectors(n, seed), told, RefitOptions(strengths=(0.01,))), vectors(50, seed + 1))
    assert ((found >= 0) & (found <= 1)).all()
    for child, parent in enumerate(PARENTS):
        assert parent < 0 or (found[:, parent] >= found[:, child]).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.1, 0.3]))
def test_what_weighs_more_moves_more(seed, light):
    rows = vectors(30, seed)
    told = [lesson(story, {"topic": {"weather": 1.0}}) for story, _ in zip(stories(), rows, strict=False)]
    approved = [replace(one, weight={"topic": light}) for one in told]
    options = RefitOptions(strengths=(0.1,))
    before, slightly, much = (
        topic(one, rows)[:, 4].mean()
        for one in (BASE, *(refit(BASE, rows, each, options) for each in (approved, told)))
    )
    assert before < slightly < much


def test_a_refit_starts_from_the_shared_heads_and_is_named_after_what_it_learned():
    again = refit(LEARNED, ROWS, LESSONS, OPTIONS)
    assert again.version == LEARNED.version
    assert LEARNED.version.startswith("1-shared+")
    assert refit(BASE, ROWS, lessons(ROWS, seed=6), OPTIONS).version != LEARNED.version
    assert refit(LEARNED, ROWS[:0], [], OPTIONS).version == BASE.version


def test_few_stories_change_nothing_however_many_lessons_they_are():
    same = [replace(one, story=LESSONS[row % 9].story) for row, one in enumerate(LESSONS)]
    assert refit(BASE, ROWS, same, OPTIONS).corrections == ()


@pytest.mark.parametrize("part", ["gate", "calibration"])
def test_what_is_held_out_is_never_learned_from(part):
    with pytest.raises(Invalid, match="1 stories are held out"):
        refit(BASE, ROWS, [*LESSONS[:-1], replace(LESSONS[-1], story=next(stories(part)))], OPTIONS)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_refused(bad):
    wrong = ROWS.copy()
    wrong[7, 2] = bad
    with pytest.raises(Invalid, match="not finite"):
        refit(BASE, wrong, LESSONS, OPTIONS)


def test_vectors_that_do_not_belong_are_refused():
    with pytest.raises(Invalid, match="120 lessons came with 119 vectors"):
        refit(BASE, ROWS[1:], LESSONS, OPTIONS)
    with pytest.raises(Invalid, match="cannot be tagged"):
        refit(BASE, ROWS[:, 1:], LESSONS, OPTIONS)


def test_progress_hears_of_each_facet():
    heard = list[int]()
    refit(BASE, ROWS, LESSONS, OPTIONS, heard.append)
    assert sum(heard) == len(BASE.heads)


@pytest.mark.parametrize(
    ("said", "complete", "expected"),
    [
        ({"banking": 1.0}, False, {"economy": 1.0, "banking": 1.0}),
        ({"sport": 0.0}, False, {"sport": 0.0, "football": 0.0}),
        ({"economy": 0.0, "banking": 1.0}, False, {"economy": 1.0, "banking": 1.0}),
        ({"economy": 1.0, "gone": 1.0}, False, {"economy": 1.0}),
        ({"economy": 1.0}, True, {"economy": 1.0, "banking": 0.0, "sport": 0.0, "football": 0.0, "weather": 0.0}),
        ({}, True, dict.fromkeys(CONCEPTS, 0.0)),
        ({}, False, {}),
    ],
)
def test_what_was_said_and_what_follows_from_it(said, complete, expected):
    told = lesson("a", {"topic": said}, complete=frozenset({"topic"} if complete else ()))
    targets, weights = targets_of(head(), [told])
    known = {one: targets[0, place] for place, one in enumerate(CONCEPTS) if weights[0, place]}
    assert known == expected


def test_a_facet_without_a_weight_was_not_spoken_of():
    _, weights = targets_of(head(), [lesson("a", {"topic": {"sport": 1.0}}, weight={"function": 1.0})])
    assert not weights.any()


@pytest.mark.parametrize("wrong", [{"said": {"topic": {"sport": 1.5}}}, {"weight": {"topic": -1.0}}])
def test_impossible_lessons_are_refused(wrong):
    with pytest.raises(ValueError):
        replace(LESSONS[0], **wrong)


def test_corrections_survive_their_files():
    after = Taggers.from_files(LEARNED.to_files())
    assert after.version == LEARNED.version
    assert after.probabilities(ROWS) == LEARNED.probabilities(ROWS)


def test_taggers_without_corrections_have_no_file_for_them():
    assert set(BASE.to_files()) == set(LEARNED.to_files()) - {"corrections.npz", "learned_from.txt"}


@pytest.mark.parametrize("content", [b"", taggers(head("kind")).to_files()["heads.npz"][:-9]])
def test_corrections_that_are_none_are_refused(content):
    with pytest.raises(ArtefactMismatch, match="fit them again"):
        Taggers.from_files(LEARNED.to_files() | {"corrections.npz": content})


def test_corrections_of_another_size_are_refused():
    other = replace(LEARNED.corrections[0], weights=LEARNED.corrections[0].weights[:, 1:])
    with pytest.raises(ArtefactMismatch, match="not of its head's size"):
        Taggers.from_files(replace(LEARNED, corrections=(other,)).to_files())


def test_what_taggers_learned_from_is_kept_with_them():
    assert LEARNED.learned_from == {lesson.article for lesson in LESSONS}
    assert Taggers.from_files(LEARNED.to_files()).learned_from == LEARNED.learned_from
    assert BASE.learned_from == Taggers.from_files(BASE.to_files()).learned_from == frozenset()
