"""Is this text a model that LightGBM can read without harm? Asked of one that was learned elsewhere.

LightGBM trusts the numbers in a model: one that points outside a tree makes it read or write outside its memory. So a
model is gone through here first, number by number, and only plain numerical trees pass. The grammar is narrower than
LightGBM's, so that no text reads one way here and another way there: known names, one `=` a line, single spaces.
"""

import re
from collections.abc import Container, Mapping
from typing import Final

from catalog.errors import ArtefactMismatch

LARGEST: Final = 50_000_000
"""Bytes of a model. One of ours has some hundred thousand."""

_PER_SPLIT: Final = (
    *("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child"),
    *("internal_value", "internal_weight", "internal_count"),
)
_PER_LEAF: Final = ("leaf_value", "leaf_weight", "leaf_count")
_SINGLE: Final = ("num_leaves", "num_cat", "is_linear", "shrinkage")
_TREE: Final = frozenset({*_PER_SPLIT, *_PER_LEAF, *_SINGLE})
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
_CATEGORICAL: Final = 1
_END: Final = "end of trees\n"
_PLAIN: Final = re.compile(r"[\n -~]*")
_LINE: Final = re.compile(r"([a-z_]+)=([^=]*)")
_HEAD: Final = frozenset(
    {
        *("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx"),
        *("objective", "feature_names", "feature_infos", "tree_sizes"),
    }
)


def check(model: str, features: int) -> None:
    """Raises ArtefactMismatch where `model` is not made of whole trees of `features` numerical features."""
    if len(model) > LARGEST or not _PLAIN.fullmatch(model):
        raise _wrong("it is too large or not plain text")
    head, _, rest = model.partition("\n\n")
    kind, _, lines = head.partition("\n")
    if kind != "tree":
        raise _wrong("it does not begin as a model does")
    told = _fields(lines, _HEAD)
    if told.get("num_class") != "1" or told.get("num_tree_per_iteration") != "1":
        raise _wrong("it is no ranker")
    if told.get("max_feature_idx") != str(features - 1):
        raise _wrong(f"it is not made of {features} features")
    sizes = [_whole(size) for size in _split(told.get("tree_sizes", ""))]
    end = rest.find(_END)
    if end < 0 or sum(sizes) != end or not sizes or min(sizes) < 1:
        raise _wrong("its trees are not as long as it says")
    start = 0
    for number, size in enumerate(sizes):
        first, _, tree = rest[start : start + size].partition("\n")
        if first != f"Tree={number}" or not tree.endswith("\n\n"):
            raise _wrong(f"tree {number} does not begin or end where it should")
        _check_tree(number, _fields(tree.rstrip("\n"), _TREE), features)
        start += size
    if "Tree=" in rest[end:] or "tree_sizes" in rest[end:]:
        raise _wrong("it goes on after its end")


def _check_tree(number: int, told: Mapping[str, str], features: int) -> None:
    leaves = _whole(told.get("num_leaves", ""))
    if told.get("num_cat") != "0" or told.get("is_linear", "0") != "0":
        raise _wrong(f"tree {number} is not made of numerical splits only")
    for names, length in ((_PER_SPLIT, leaves - 1), (_PER_LEAF, leaves)):
        for name in names:
            values = _split(told.get(name, ""))
            may_lack = leaves == 1 and name != "leaf_value"  # a single leaf is told by its value
            if (len(values) != length and not (may_lack and not values)) or not all(map(_NUMBER.fullmatch, values)):
                raise _wrong(f"tree {number}: {name} is not {length} numbers")
    if not leaves:
        raise _wrong(f"tree {number} has no leaf")
    if any(_whole(feature) >= features for feature in _split(told.get("split_feature", ""))):
        raise _wrong(f"tree {number} splits by a feature that there is not")
    if any(_whole(kind) & _CATEGORICAL for kind in _split(told.get("decision_type", ""))):
        raise _wrong(f"tree {number} is not made of numerical splits only")
    _check_shape(number, told, leaves)


def _check_shape(number: int, told: Mapping[str, str], leaves: int) -> None:
    """Every split but the first, and every leaf, hangs below exactly one earlier split."""
    met = set[int]()
    for name in ("left_child", "right_child"):
        for split, child in enumerate(_split(told.get(name, ""))):
            below = int(child) if child.lstrip("-").isdigit() else leaves
            if not (split < below < leaves - 1 or -leaves <= below < 0) or below in met:
                raise _wrong(f"tree {number} does not hang together")
            met.add(below)


def _fields(text: str, known: Container[str]) -> dict[str, str]:
    """The lines of `text`, each a name out of `known`, once, and what it is."""
    found = dict[str, str]()
    for line in text.split("\n"):
        told = _LINE.fullmatch(line)
        if told is None or told[1] not in known:
            raise _wrong(f"it has {line[:40]!r}, which no model of ours has")
        if told[1] in found:
            raise _wrong("it says something twice")
        found[told[1]] = told[2]
    return found


def _split(text: str) -> list[str]:
    return text.split(" ") if text else []


def _whole(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10):
        raise _wrong(f"{text[:20]!r} is no whole number")
    return int(text)


def _wrong(what: str) -> ArtefactMismatch:
    return ArtefactMismatch(f"these are no trees that can be trusted ({what}): learn again with 'sluis train --data'")
