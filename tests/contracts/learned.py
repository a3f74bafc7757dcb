"""What every implementation of the learned interfaces must keep. Inherit, and name the one meant in a fixture."""

import re

import numpy as np
import pytest

from models.protocols import Additive, Encoder, Ranker
from ranking.features import NAMES

TEXTS = ["De sluis gaat open.", "", "Lock gates open for the first barge of the day.", "De sluis gaat open."]


class EncoderContract:
    """Subclasses have a fixture `encoder`."""

    def test_it_gives_unit_rows_in_the_order_of_the_texts(self, encoder: Encoder) -> None:
        vectors = encoder.encode(TEXTS)
        assert vectors.shape == (len(TEXTS), encoder.dimensions)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-3)
        assert vectors[0] == pytest.approx(vectors[3], abs=1e-5)
        assert not np.allclose(vectors[0], vectors[2], atol=1e-2)

    def test_a_text_has_the_same_vector_in_any_company(self, encoder: Encoder) -> None:
        assert encoder.encode(TEXTS[2:3])[0] == pytest.approx(encoder.encode(TEXTS)[2], abs=1e-4)

    def test_no_texts_are_no_rows(self, encoder: Encoder) -> None:
        assert encoder.encode([]).shape == (0, encoder.dimensions)

    def test_progress_hears_of_every_text(self, encoder: Encoder) -> None:
        heard: list[int] = []
        encoder.encode(TEXTS, heard.append)
        assert sum(heard) == len(TEXTS)

    def test_its_digest_names_it(self, encoder: Encoder) -> None:
        assert re.fullmatch(r"[0-9a-f]{64}", encoder.digest)


class RankerContract:
    """Subclasses have a fixture `ranker`, whose features are among those that this version builds."""

    def rows(self, ranker: Ranker, count: int) -> np.ndarray:
        return np.random.default_rng(5).uniform(size=(count, len(ranker.features)))

    def test_it_asks_for_features_that_are_built_each_once(self, ranker: Ranker) -> None:
        assert ranker.features
        assert len(set(ranker.features)) == len(ranker.features)
        assert set(ranker.features) <= set(NAMES)
        assert ranker.name

    def test_it_gives_one_finite_score_per_row(self, ranker: Ranker) -> None:
        scores = ranker.score(self.rows(ranker, 30))
        assert scores.shape == (30,)
        assert np.isfinite(scores).all()

    def test_a_row_has_the_same_score_in_any_company(self, ranker: Ranker) -> None:
        rows = self.rows(ranker, 30)
        assert ranker.score(rows)[::-1] == pytest.approx(ranker.score(np.ascontiguousarray(rows[::-1])))

    def test_what_each_feature_adds_comes_to_the_score(self, ranker: Additive) -> None:
        rows = self.rows(ranker, 30)
        rows[::3, 0] = np.nan
        added = ranker.contributions(rows)
        assert added.shape == (30, len(ranker.features) + 1)
        assert added.sum(axis=1) == pytest.approx(ranker.score(rows), abs=1e-9)
        assert len(set(added[:, -1])) == 1
        assert ranker.contributions(rows[:0]).shape == (0, len(ranker.features) + 1)
        with pytest.raises(ValueError):
            ranker.contributions(np.zeros((3, len(ranker.features) + 1)))

    def test_no_rows_are_no_scores(self, ranker: Ranker) -> None:
        assert ranker.score(self.rows(ranker, 0)).shape == (0,)

    def test_rows_of_another_width_are_refused(self, ranker: Ranker) -> None:
        with pytest.raises(ValueError):
            ranker.score(np.zeros((3, len(ranker.features) + 1)))
