"""Scores of many rows by many small trees at once: what LightGBM's predict answers, to the bit, ten times sooner.

Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive ensembles of regression trees" (SIGIR
2015), with the rows side by side. No tree is walked down. Each of its splits strikes out the leaves that a row on its
right can no longer reach, in whatever order, and the leftmost leaf that is left is the row's. Nothing in that has to be
guessed ahead, so the processor takes several rows in one step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled
from models.protocols import Features

LEAVES: Final = 64
"""How many a tree may have: each is a bit of one word."""

_SUMS: Final = ("lambdarank", "rank_xendcg", "regression")
"""The objectives whose scores are the sum of the leaves and nothing else."""
_ZEROS_END: Final = -float(np.float32(1e-35))
"""The one number below 0 that LightGBM takes for 0 although it can split there."""

_ALL: Final = np.uint64(2**LEAVES - 1)
_ONE: Final = np.uint64(1)
_DE_BRUIJN: Final = np.uint64(0x03F79D71B4CB0A89)
"""Any six bits in a row are another number than any other six, so a product with a power of two tells by its first six
which power it was: Leiserson, Prokop, Randall, "Using de Bruijn sequences to index a 1 in a computer word" (1998)."""
_FIRST_SIX: Final = np.uint64(58)


def _places() -> NDArray[np.uint8]:
    places = np.zeros(LEAVES, np.uint8)
    for place in range(LEAVES):
        places[(int(_DE_BRUIJN) << place) % 2**LEAVES >> int(_FIRST_SIX)] = place
    return places


_PLACE: Final = _places()


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees of numerical splits.

    A row goes to the right at split i where its `feature[i]` is above `threshold[i]`, and then only the leaves in the
    bits of `kept[i]` are left of its tree. `ends` says with which split the next tree begins, and `values` (trees, most
    leaves) what each leaf adds, from left to right.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    kept: NDArray[np.uint64]
    ends: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def read(cls, dumped: Mapping[str, Any]) -> Self | None:
        """The trees in what `lightgbm.Booster.dump_model` answers; None where they are of another kind or too large."""
        if dumped["num_tree_per_iteration"] != 1 or dumped["average_output"] or dumped["objective"] not in _SUMS:
            return None
        splits, ends, values = list[_Split](), list[int](), list[list[float]]()
        for tree in dumped["tree_info"]:
            if tree["num_leaves"] > LEAVES or not all(map(_is_plain, _nodes(tree["tree_structure"]))):
                return None
            values.append(_grow(tree["tree_structure"], 0, splits))
            ends.append(len(splits))
        table = np.zeros((len(values), max(map(len, values), default=0)))
        for row, leaves in zip(table, values, strict=True):
            row[: len(leaves)] = leaves
        feature, threshold, kept = zip(*splits, strict=True) if splits else ((), (), ())
        return cls(
            np.array(feature, np.int32),
            np.array(threshold, np.float64),
            np.array(kept, np.uint64),
            np.array(ends, np.int64),
            table,
        )

    def score(self, rows: Features) -> NDArray[np.float64]:
        """Per row the sum of its leaves, in the order of the trees: LightGBM's own to the bit.

        `rows` hold no not-a-number. Raises ValueError where they have fewer columns than the trees ask for.
        """
        if self.feature.max(initial=-1) >= rows.shape[1]:
            raise ValueError(f"the trees ask for feature {self.feature.max()}, the rows have {rows.shape[1]}")
        scores = np.zeros(len(rows))
        _add(
            np.require(rows.T, np.float64, ("C", "W")),
            self.feature,
            self.threshold,
            self.kept,
            self.ends,
            self.values,
            scores,
        )
        return scores


_Split = tuple[int, float, int]


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in ("left_child", "right_child"):
        if child in node:
            yield from _nodes(node[child])


def _is_plain(node: Mapping[str, Any]) -> bool:
    """Whether it is a number to compare with, 0 being one like any other, or a leaf that adds a number."""
    if "left_child" not in node:
        return "leaf_coeff" not in node
    return bool(node["decision_type"] == "<=" and node["missing_type"] != "Zero")


def _grow(node: Mapping[str, Any], first: int, splits: list[_Split]) -> list[float]:
    """What the leaves below `node` add, of which the leftmost is the tree's leaf `first`."""
    if "leaf_value" in node:
        return [node["leaf_value"]]
    left = _grow(node["left_child"], first, splits)
    struck = (1 << len(left)) - 1 << first
    limit = node["threshold"] if node["threshold"] != _ZEROS_END else float(np.nextafter(_ZEROS_END, -np.inf))
    splits.append((node["split_feature"], limit, int(_ALL) & ~struck))
    return left + _grow(node["right_child"], first + len(left), splits)


@compiled("void(float64[:, ::1], int32[::1], float64[::1], uint64[::1], int64[::1], float64[:, ::1], float64[::1])")
def _add(
    columns: NDArray[np.float64],
    feature: NDArray[np.int32],
    threshold: NDArray[np.float64],
    kept: NDArray[np.uint64],
    ends: NDArray[np.int64],
    values: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Adds to `scores` (rows,) what the trees make of `columns` (features, rows)."""
    rows = len(scores)
    left = np.empty(rows, np.uint64)
    begin = 0
    for tree in range(len(ends)):
        left[:] = _ALL
        for split in range(begin, ends[tree]):
            column, limit, mask = columns[feature[split]], threshold[split], kept[split]
            for row in range(rows):
                left[row] &= mask if column[row] > limit else _ALL
        begin = ends[tree]
        leaves = values[tree]
        for row in range(rows):
            lowest = left[row] & (~left[row] + _ONE)
            scores[row] += leaves[_PLACE[(lowest * _DE_BRUIJN) >> _FIRST_SIX]]
