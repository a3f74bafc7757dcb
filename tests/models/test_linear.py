"""Linear classifiers: a column per class, also of two, and a mean that lets neither part drown the other."""

import numpy as np
import pytest

from models.linear import Columns, blended, discriminant, regression

RANDOM = np.random.default_rng(0)


def classes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around as many centres, and whose they are."""
    labels = np.repeat(np.arange(count), 12)
    vectors = np.eye(8)[labels] + 0.1 * RANDOM.normal(size=(len(labels), 8))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), labels


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("fit", [lambda x, y: discriminant(x, y, 0.5), regression])
def test_each_class_has_a_column_and_wins_its_own_texts(fit, count):
    vectors, labels = classes(count)
    scores = fit(vectors, labels).scores(vectors)
    assert scores.shape == (len(vectors), count)
    assert (scores.argmax(axis=1) == labels).all()


def test_a_class_with_many_texts_has_no_advantage():
    vectors, labels = classes(2)
    few = np.concatenate([np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)[:2]])
    between = (np.eye(8)[:2].sum(axis=0) / np.sqrt(2))[None]
    first, second = regression(vectors[few], labels[few]).scores(between)[0]
    assert abs(first - second) < 1.5


def test_a_blend_is_the_mean_in_units_of_the_first():
    vectors, _ = classes(3)
    first = Columns(np.eye(8, 3), np.ones(3))
    louder = Columns(1000 * first.weights, 1000 * first.bias)
    assert blended(first, louder, vectors).scores(vectors) == pytest.approx(first.scores(vectors))
