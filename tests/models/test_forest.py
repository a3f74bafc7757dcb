"""Trees added up our own way give what LightGBM gives, to the bit."""

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.forest import LEAVES, Forest

FEATURES = 5


def grown(leaves=7, rounds=20, rows=400, seed=1, **how):
    random = np.random.default_rng(seed)
    values = np.round(random.normal(size=(rows, FEATURES)), 1)  # many are equal, and so equal to thresholds
    answers = values[:, 0] * values[:, 1] + random.normal(size=rows)
    parameters = {"num_leaves": leaves, "min_data_in_leaf": 1, "verbosity": -1, "num_threads": 1, **how}
    if parameters.get("objective", "regression") != "regression":
        answers = np.digitize(answers, [-1, 1])
    data = lightgbm.Dataset(values, answers, group=[rows // 4] * 4, params={"verbosity": -1, **how})
    return lightgbm.train(parameters, data, rounds)


BOOSTERS = {leaves: grown(leaves) for leaves in (2, 7, 31, LEAVES)}
LAST_ZERO = -float(np.float32(1e-35))
EDGES = [LAST_ZERO, np.nextafter(LAST_ZERO, -1), -LAST_ZERO, 1e-35, -1e-35, 1e-36]
EDGES += [0.0, -0.0, np.inf, -np.inf, 1e300, 0.1, np.nextafter(0.1, 1)]


@settings(deadline=None)
@given(st.sampled_from(sorted(BOOSTERS)), st.data())
def test_scores_are_those_of_lightgbm_to_the_bit(leaves, data):
    booster = BOOSTERS[leaves]
    splits = booster.trees_to_dataframe()["threshold"].dropna().tolist()
    values = st.sampled_from(splits + EDGES) | st.floats(allow_nan=False)
    rows = np.array(data.draw(st.lists(st.lists(values, min_size=FEATURES, max_size=FEATURES), min_size=1, max_size=9)))
    assert Forest.read(booster.dump_model()).score(rows).tolist() == booster.predict(rows).tolist()


def test_many_rows_in_either_order_of_memory():
    rows = np.random.default_rng(3).normal(size=(3_000, FEATURES))
    forest, expected = Forest.read(BOOSTERS[31].dump_model()), BOOSTERS[31].predict(rows)
    np.testing.assert_array_equal(forest.score(rows), expected)
    in_columns = np.asfortranarray(rows)
    in_columns.setflags(write=False)
    np.testing.assert_array_equal(forest.score(in_columns), expected)
    with pytest.raises(ValueError, match="ask for feature 4"):
        forest.score(rows[:, :4])
    assert forest.score(rows[:0]).shape == (0,)


def test_trees_that_never_split_and_no_trees_at_all():
    flat = grown(min_data_in_leaf=1_000)
    rows = np.zeros((3, FEATURES))
    assert Forest.read(flat.dump_model()).score(rows).tolist() == flat.predict(rows).tolist()
    none = {**flat.dump_model(), "tree_info": []}
    assert Forest.read(none).score(rows).tolist() == [0.0] * 3


@pytest.mark.parametrize("how", [{"objective": "lambdarank"}, {"boosting": "dart"}, {"use_missing": False}], ids=str)
def test_ways_of_growing_that_change_no_sum(how):
    booster, rows = grown(**how), np.random.default_rng(4).choice(EDGES, size=(500, FEATURES))
    np.testing.assert_array_equal(Forest.read(booster.dump_model()).score(rows), booster.predict(rows))


@pytest.mark.parametrize(
    "how",
    [
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
        {"zero_as_missing": True},
        {"linear_tree": True},
        {"objective": "poisson"},
        {"objective": "multiclass", "num_class": 3},
    ],
    ids=str,
)
def test_trees_whose_sum_is_not_the_score_are_left_to_lightgbm(how):
    assert Forest.read(grown(**how).dump_model()) is None


def test_larger_trees_and_other_splits_are_left_to_lightgbm():
    assert Forest.read(grown(LEAVES + 1, rows=2_000).dump_model()) is None
    kinds = np.arange(200)[:, np.newaxis] % 4
    data = lightgbm.Dataset(kinds, kinds[:, 0] % 2, categorical_feature=[0], params={"verbosity": -1})
    by_kind = lightgbm.train({"min_data_in_leaf": 1, "verbosity": -1}, data, 2)
    assert Forest.read(by_kind.dump_model()) is None
