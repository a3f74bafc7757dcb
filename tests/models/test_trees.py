"""Trees that come from elsewhere: ours pass, and a number that leads outside a tree does not."""

import re

import numpy as np
import pytest

from catalog.errors import ArtefactMismatch
from models import trees
from models.ranker import Examples, LambdaMart, LambdaMartOptions

FEATURES = ("age", "affinity", "pace")


def learned(rounds=3, rows=40):
    random = np.random.default_rng(1)
    examples = Examples(
        random.normal(size=(rows, 3)),
        random.integers(0, 3, rows).astype(np.int32),
        np.tile(np.arange(10, dtype=np.int32), rows // 10),
        np.full(rows // 10, 10, dtype=np.int32),
    )
    options = LambdaMartOptions(rounds=rounds, patience=0, leaves=4, rows_per_leaf=2, threads=1)
    return LambdaMart.fit(FEATURES, examples, examples, options).to_files()["model.txt"].decode()


@pytest.fixture(scope="module")
def model():
    return learned()


def resized(text):
    """The same with the lengths of its trees as they are: only the numbers within are wrong."""
    body = text[text.index("Tree=0") : text.index("end of trees")]
    sizes = [len(tree) for tree in re.split(r"(?=Tree=\d)", body) if tree]
    return re.sub(r"tree_sizes=.*", "tree_sizes=" + " ".join(map(str, sizes)), text)


def test_what_lightgbm_writes_passes(model):
    trees.check(model, 3)
    assert resized(model) == model
    trees.check(learned(rounds=1, rows=10), 3)


def test_trees_of_which_nothing_could_be_learned_pass():
    nothing = np.zeros((20, 3))
    examples = Examples(nothing, np.zeros(20, np.int32), np.zeros(20, np.int32), np.full(2, 10, np.int32))
    flat = LambdaMart.fit(FEATURES, examples, examples, LambdaMartOptions(rounds=1, patience=0, threads=1))
    trees.check(flat.to_files()["model.txt"].decode(), 3)


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r"split_feature=\d", "split_feature=3"),
        (r"split_feature=\d", "split_feature=-1"),
        (r"split_feature=\d ", "split_feature="),
        (r"left_child=-?\d+", "left_child=0"),
        (r"left_child=-?\d+", "left_child=99"),
        (r"right_child=-?\d+", "right_child=-99"),
        (r"right_child=-?\d+", "right_child=1e3"),
        (r"leaf_value=\S+ ", "leaf_value="),
        (r"leaf_value=\S+", "leaf_value=nan"),
        (r"threshold=\S+", "threshold=0x1"),
        (r"decision_type=2", "decision_type=1"),
        (r"num_cat=0", "num_cat=1"),
        (r"is_linear=0", "is_linear=1"),
        (r"num_leaves=4", "num_leaves=400"),
        (r"num_leaves=4", "num_leaves=-4"),
        (r"shrinkage=", "cat_threshold=1\nshrinkage="),
        (r"num_cat=0", "num_cat=0\nnum_cat=0"),
        (r"Tree=1", "Tree=7"),
        (r"shrinkage=", "junk\nshrinkage="),
        (r"shrinkage=", "=shrinkage=1\nshrinkage="),
        (r"left_child=(\S+) ", r"left_child=\1\t"),
        (r"left_child=(\S+) ", r"left_child=\1  "),
        (r"threshold=(\S+) ", "threshold=\\1\x1f"),
        (r"label_index=0", "label_index=0\n=tree_sizes=1 2 3"),
        (r"label_index=0", "label_index=0\nlinear_tree=1"),
        (r"^tree\n", "forest\n"),
        (r"num_class=1", "num_class=2"),
        (r"max_feature_idx=2", "max_feature_idx=3"),
        (r"end of trees", "end of trunks"),
    ],
)
def test_a_number_that_leads_elsewhere_is_refused(model, pattern, instead):
    wrong = (
        resized(re.sub(pattern, instead, model, count=1))
        if "end of" not in pattern
        else model.replace(pattern, instead)
    )
    assert wrong != model
    with pytest.raises(ArtefactMismatch, match="sluis train --data"):
        trees.check(wrong, 3)


def test_nothing_that_reads_like_a_tree_comes_after_the_end(model):
    for more in ("\nTree=3\nnum_leaves=1\n", "\ntree_sizes=1\n"):
        with pytest.raises(ArtefactMismatch, match="after its end"):
            trees.check(model + more, 3)


@pytest.mark.parametrize("sizes", ["1 2 3", "", "x", "999999999999 1 1", "-1 5 5"])
def test_lengths_that_do_not_fit_are_refused(model, sizes):
    with pytest.raises(ArtefactMismatch):
        trees.check(re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", model), 3)


def test_another_number_of_features_and_other_letters_are_refused(model):
    for wrong, features in ((model, 2), (model.replace("tree", "trée", 1), 3), ("", 3)):
        with pytest.raises(ArtefactMismatch):
            trees.check(wrong, features)
