"""`sluis models estimate`, on the log of a small organisation that explores a lot."""

import json
from datetime import timedelta

import numpy as np
import pytest

from catalog.records import EventType
from evaluation.benchmarks import stock
from evaluation.synthetic import simulate
from models.manifest import RANKER
from ranking.config import RankingOptions
from sluis.wiring import House, open_house
from tests.make import NOW


@pytest.fixture
def explored(shell, monkeypatch):
    """A house whose slates are half chance, so that a log of four days can tell of a ranker that is nothing like it."""
    monkeypatch.setattr(House, "ranking", RankingOptions(epsilon=0.5))
    house, random = open_house(), np.random.default_rng(1)
    staff = stock.staff(12, NOW, random)
    live = stock.live_articles(24, 8, timedelta(days=14), NOW, random)
    stock.store(house.database, house.tenant, live, staff, NOW, lambda _: None)
    simulate(house.database, house.tenant, house.feeds(), staff, 5, NOW, seed=1)
    made = stock.ranker(20, random)
    facts = {"name": made.name, "unseen_since": (NOW - timedelta(days=4)).isoformat()}
    return house.registry.add(RANKER, made.to_files(), facts=facts, metrics={}, now=NOW)


def test_a_challenger_is_told_beside_what_ranks_now(shell, explored):
    told = shell("models", "estimate", "--newest")
    assert "to 12 people since 2026-02-26" in told
    assert "× open as it was served" in told
    for estimator in ("IPS", "SNIPS", "DR"):
        assert estimator in told
    asked = json.loads(shell("models", "estimate", explored.name, "--event", EventType.SHARE, "--json"))
    assert asked["event"] == "share"
    assert asked["people"] == 12
    assert [row["ranker"] for row in asked["rows"]][:2] == ["heuristic-1", explored.facts["name"]]
    first, second = asked["rows"][:2]
    assert first["ahead"] is None
    assert second["ahead"]["low"] < second["ahead"]["value"] < second["ahead"]["high"]
    assert second["earned"]["value"] == pytest.approx(first["earned"]["value"] + second["ahead"]["value"])


def test_what_cannot_be_told_is_refused_in_a_line(shell, explored):
    assert "not the article's" in shell.fails("models", "estimate", "--newest", "--event", "seen")
    assert "models list" in shell.fails("models", "estimate")
    open_house().registry.promote(RANKER, explored.name)
    assert "is what ranks now" in shell.fails("models", "estimate", "--newest")


def test_slates_made_with_other_options_are_left_out(shell, explored, monkeypatch):
    monkeypatch.setattr(House, "ranking", RankingOptions())
    complaint = shell.fails("models", "estimate", "--newest")
    assert "there are 0 slates of 0 people to judge by" in complaint
    assert "it cannot be made again as it was" in complaint
