"""LambdaMART: it learns, it repeats itself byte for byte, it survives a round trip, and it keeps quiet."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from catalog.errors import ArtefactMismatch
from models.ranker import FACTS_FILE, MODEL_FILE, Examples, LambdaMart, LambdaMartOptions
from ranking import features
from tests.contracts.learned import RankerContract

NAMES = ("useful", "noise", "more noise")
OPTIONS = LambdaMartOptions(rounds=60, patience=10, threads=1)


def planted(slates: int, seed: int, size: int = 8) -> Examples:
    """Slates whose grades follow the first feature."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(slates * size, len(NAMES)))
    labels = np.clip(np.round(rows[:, 0] + random.normal(scale=0.3, size=len(rows))), 0, 5).astype(np.int32)
    positions = np.tile(np.arange(size, dtype=np.int32), slates)
    return Examples(rows, labels, positions, np.full(slates, size, dtype=np.int32))


@pytest.fixture(scope="module")
def ranker() -> LambdaMart:
    return LambdaMart.fit(NAMES, planted(150, seed=1), planted(40, seed=2), OPTIONS)


class TestLambdaMart(RankerContract):
    @pytest.fixture
    def ranker(self) -> LambdaMart:
        return LambdaMart.fit(features.NAMES[:3], planted(60, seed=1), planted(20, seed=2), OPTIONS)


def test_it_finds_the_planted_signal(ranker: LambdaMart) -> None:
    rows = np.zeros((3, 3))
    rows[:, 0] = (-1.0, 2.0, 0.6)
    assert np.argsort(-ranker.score(rows)).tolist() == [1, 2, 0]
    assert next(iter(ranker.importance())) == "useful"
    assert ranker.importance()["useful"] > 0.8
    assert sum(ranker.importance().values()) == pytest.approx(1.0)


def test_the_same_examples_give_the_same_bytes(ranker: LambdaMart) -> None:
    again = LambdaMart.fit(NAMES, planted(150, seed=1), planted(40, seed=2), OPTIONS)
    assert again.to_files() == ranker.to_files()
    assert again.name == ranker.name


def test_other_examples_give_another_name(ranker: LambdaMart) -> None:
    other = LambdaMart.fit(NAMES, planted(150, seed=3), planted(40, seed=2), OPTIONS)
    assert other.name != ranker.name


def test_files_bring_back_the_same_scores(ranker: LambdaMart) -> None:
    rows = planted(30, seed=4).rows
    loaded = LambdaMart.from_files(ranker.to_files())
    np.testing.assert_array_equal(loaded.score(rows), ranker.score(rows))
    assert (loaded.name, loaded.features) == (ranker.name, NAMES)


def test_the_order_of_rows_in_memory_does_not_matter(ranker: LambdaMart) -> None:
    rows = planted(5, seed=5).rows
    np.testing.assert_array_equal(ranker.score(np.asfortranarray(rows)), ranker.score(rows))
    assert ranker.score(rows[:0]).shape == (0,)


def test_features_that_are_not_known_and_trees_too_large_for_a_word_are_scored_by_lightgbm(ranker: LambdaMart) -> None:
    rows = planted(30, seed=4).rows
    unknown = rows.copy()
    unknown[::2, 0] = np.nan
    booster = lightgbm.Booster(model_str=ranker.to_files()[MODEL_FILE].decode())
    np.testing.assert_array_equal(ranker.score(unknown), booster.predict(unknown))
    large = replace(OPTIONS, leaves=100, rows_per_leaf=1, rounds=5, patience=0)
    grown = LambdaMart.fit(NAMES, planted(150, seed=1), planted(40, seed=2), large)
    booster = lightgbm.Booster(model_str=grown.to_files()[MODEL_FILE].decode())
    np.testing.assert_array_equal(grown.score(rows), booster.predict(rows))


def test_rows_of_another_width_are_refused(ranker: LambdaMart) -> None:
    with pytest.raises(ValueError, match="wants 3 columns"):
        ranker.score(np.zeros((2, 4)))


@pytest.mark.parametrize(
    "change",
    [
        {MODEL_FILE: b"no trees here"},
        {FACTS_FILE: b'{"features": ["useful"]}'},
        {FACTS_FILE: b"{}"},
        {FACTS_FILE: b"[]"},
        {FACTS_FILE: b"not json"},
        {MODEL_FILE: b"\xff\xfe"},
    ],
)
def test_files_that_do_not_fit_together_are_refused(ranker: LambdaMart, change: dict[str, bytes]) -> None:
    with pytest.raises(ArtefactMismatch, match="train again"):
        LambdaMart.from_files(ranker.to_files() | change)


def test_a_lone_file_is_refused(ranker: LambdaMart) -> None:
    with pytest.raises(ArtefactMismatch):
        LambdaMart.from_files({MODEL_FILE: ranker.to_files()[MODEL_FILE]})


def test_growing_stops_when_the_validation_slates_gain_no_more() -> None:
    heard: list[int] = []
    ranker = LambdaMart.fit(
        NAMES,
        planted(150, seed=1),
        planted(40, seed=2),
        LambdaMartOptions(rounds=500, patience=5, threads=1),
        heard.append,
    )
    assert len(heard) < 500
    assert b'"trees": %d' % (len(heard) - 5) in ranker.to_files()[FACTS_FILE]


def test_without_patience_all_rounds_are_grown_whatever_the_validation_says() -> None:
    useless = planted(20, seed=9)
    useless = Examples(useless.rows, np.zeros_like(useless.labels), useless.positions, useless.groups)
    grown = LambdaMart.fit(NAMES, planted(60, seed=8), useless, LambdaMartOptions(rounds=30, patience=0, threads=1))
    assert b'"trees": 30' in grown.to_files()[FACTS_FILE]


def test_what_a_position_does_is_not_taken_for_relevance() -> None:
    """Clicks wane with the position, and the first feature only tells the position: it should explain little."""
    random = np.random.default_rng(6)

    def biased(slates: int, seed: int) -> Examples:
        rows = np.random.default_rng(seed).normal(size=(slates * 8, 2))
        positions = np.tile(np.arange(8, dtype=np.int32), slates)
        rows[:, 0] = -positions
        wanted = 1 / (1 + np.exp(-2 * rows[:, 1]))
        labels = (random.random(len(rows)) < wanted / (1 + positions)).astype(np.int32)
        return Examples(rows, labels, positions, np.full(slates, 8, dtype=np.int32))

    ranker = LambdaMart.fit(("place", "truth"), biased(600, seed=7), biased(200, seed=8), OPTIONS)
    naive = LambdaMart.fit(("place", "truth"), without_positions(biased(600, seed=7)), biased(200, seed=8), OPTIONS)
    assert ranker.importance()["truth"] > naive.importance()["truth"]


def without_positions(examples: Examples) -> Examples:
    return Examples(examples.rows, examples.labels, np.zeros_like(examples.positions), examples.groups)


def test_examples_that_do_not_add_up_are_refused() -> None:
    good = planted(2, seed=1)
    with pytest.raises(ValueError, match="16 rows need"):
        Examples(good.rows, good.labels, good.positions, good.groups[:1])


def test_ties_are_put_worst_first_without_mixing_slates() -> None:
    examples = Examples(
        np.arange(5.0).reshape(5, 1),
        np.array([3, 0, 1, 5, 2], dtype=np.int32),
        np.array([0, 1, 0, 1, 2], dtype=np.int32),
        np.array([2, 3], dtype=np.int32),
    ).worst_first()
    assert examples.labels.tolist() == [0, 3, 1, 2, 5]
    assert examples.rows[:, 0].tolist() == [1, 0, 2, 4, 3]
    assert examples.positions.tolist() == [1, 0, 0, 2, 1]


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    one_leaf = Examples(
        np.zeros((40, 3)), planted(5, seed=1).labels, planted(5, seed=1).positions, planted(5, seed=1).groups
    )
    flat = LambdaMart.fit(NAMES, one_leaf, one_leaf, OPTIONS)  # nothing to split on: where LightGBM warns most
    LambdaMart.from_files(flat.to_files()).score(np.zeros((2, 3)))
    assert set(flat.importance().values()) == {0.0}
    assert capfd.readouterr() == ("", "")
