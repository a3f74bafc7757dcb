"""Floors: what is reached, what is missed, and that the pinned file speaks of benchmarks and figures there are."""

import json
import math
import re
from itertools import pairwise

import pytest

from evaluation import floors
from evaluation.benchmarks.figures import Figure
from sluis.commands.bench import BENCHMARKS

FIGURES = [
    Figure("true interest", "nDCG@5", 0.84, "heuristic", 0.80),
    Figure("true interest", "nDCG@5", 0.84, "recency", 0.70),
    Figure("SIB-200", "accuracy", 0.87),
]


@pytest.mark.parametrize("pinned", [{"true interest": 0.84}, {"true interest / heuristic": 1.04}, {"SIB-200": 0.8}, {}])
def test_a_floor_that_is_reached_says_nothing(pinned):
    assert floors.missed(pinned, FIGURES) == []


def test_each_missed_floor_is_one_line():
    pinned = {"SIB-200": 0.9, "true interest / recency": 1.1, "true interest / heuristic": 1.06}
    assert floors.missed(pinned, FIGURES) == [
        "SIB-200: 0.870 is under the floor of 0.9",
        "true interest / heuristic: 1.050 is under the floor of 1.06",
    ]


def test_what_was_not_measured_is_missed():
    assert floors.missed({"gone": 0.0}, FIGURES) == ["gone: not measured"]
    assert floors.missed({"SIB-200 / anybody": 0.0}, FIGURES) == ["SIB-200 / anybody: not measured"]
    assert floors.missed({"broken": 0.0}, [Figure("broken", "nDCG@5", math.nan)]) != []


def test_the_pinned_file_names_benchmarks_and_says_what_was_measured():
    pinned = floors.read()
    assert set(pinned) <= set(BENCHMARKS)
    assert all(value > 0 for each in pinned.values() for value in each.values())
    lines = floors.PINNED.read_text(encoding="utf-8").splitlines()
    for before, line in pairwise(lines):
        if re.match(r'"', line):
            assert before.startswith("#"), f"{line} does not say what was measured"


def test_a_figure_survives_json():
    nothing = Figure("a", "ms", 2.0)
    for figure in (*FIGURES, nothing, Figure("b", "ms", 1.0, "peer", math.nan)):
        back = Figure.from_row(json.loads(json.dumps(figure.to_row()).replace("NaN", "null")))
        assert back.to_row() == pytest.approx(figure.to_row(), nan_ok=True)
    assert FIGURES[0].ratio == pytest.approx(1.05)
    assert math.isnan(nothing.ratio)
