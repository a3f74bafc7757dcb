"""The benchmark of the state's weight: more people weigh more, and nothing of it stays behind."""

import tracemalloc

from evaluation.benchmarks.memory import MemoryOptions, measure
from tests.make import NOW


def test_more_people_weigh_more_and_the_figures_agree():
    steps = []
    few, many = (measure(MemoryOptions(people=count, articles=20), NOW, steps.append) for count in (50, 500))
    assert [figure.name for figure in few][1:] == ["state per million people", "taking in the log"]
    assert 0 < few[0].ours < many[0].ours < 5
    assert many[1].ours == many[0].ours * 2_000
    assert many[2].ours > 0
    assert steps == [1] * 4
    assert not tracemalloc.is_tracing()
