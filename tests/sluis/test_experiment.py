"""`sluis experiment …`: start, look, stop."""

import json

import pytest

from models.heuristic import HEURISTIC

HALVES = ("--arm", "old=50", "--arm", "new=50,mmr_weight=0.5,ranker=heuristic")
BY = ("--by", "Dora")


def test_an_experiment_from_its_start_to_its_end(shell):
    assert "sluis experiment start" in shell("experiment", "list")
    assert f"old 50% ({HEURISTIC}), new 50%" in shell("experiment", "start", "wider", *HALVES, *BY)
    listed = json.loads(shell("experiment", "list", "--json"))
    assert listed[0]["arms"][1] == {"name": "new", "share": 0.5, "ranker": HEURISTIC, "options": {"mmr_weight": 0.5}}
    assert "runs" in shell("experiment", "list")
    told = json.loads(shell("experiment", "show", "wider", "--event", "share", "--days", "3", "--json"))
    assert (told["event"], told["days"], told["uneven"]) == ("share", 3, False)
    assert [arm["people"] for arm in told["arms"]] == [0, 0]
    assert "too few to tell" in shell("experiment", "show", "wider")
    assert "is running" in shell.fails("experiment", "start", "next", *HALVES, *BY)
    shell("experiment", "stop", "wider", *BY)
    assert "before" in shell.fails("experiment", "start", "wider", *HALVES, *BY)
    assert "no experiment wider is running" in shell.fails("experiment", "stop", "wider", *BY)
    assert "too few to tell" in shell("experiment", "show", "wider")
    assert "there is no experiment" in shell.fails("experiment", "show", "unheard-of")


@pytest.mark.parametrize(
    ("name", "arms", "said"),
    [
        ("Wider!", HALVES, "no name for an experiment"),
        ("wider", ("--arm", "old=100"), "two arms or more"),
        ("wider", ("--arm", "old=50", "--arm", "new=40"), "together they are everybody"),
        ("wider", ("--arm", "old=50", "--arm", "old=50"), "a name of its own"),
        ("wider", ("--arm", "old=half", "--arm", "new=50"), "could not convert"),
        ("wider", ("--arm", "old=nan", "--arm", "new=50"), "together they are everybody"),
        ("wider", ("--arm", "old", "--arm", "new=50"), "write NAME=PERCENT"),
        ("wider", ("--arm", "O ld=50", "--arm", "new=50"), "arms have names"),
        ("wider", ("--arm", "old=50", "--arm", "new=50,minimum_group=2"), "no option that may differ"),
        ("wider", ("--arm", "old=50", "--arm", "new=50,ranker=ranker-gone"), "sluis models list"),
    ],
)
def test_what_cannot_be_tried_is_refused_and_nothing_runs(shell, name, arms, said):
    assert said in shell.fails("experiment", "start", name, *arms, *BY)
    assert json.loads(shell("experiment", "list", "--json")) == []
