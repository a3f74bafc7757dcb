"""`sluis evaluate` and `sluis models explain`, on the log of a small organisation: tables, JSON, and a page."""

import json
import re

import pytest

from catalog import people, slates
from models.manifest import RANKER
from sluis.wiring import open_house
from tests.make import NOW
from tests.sluis.conftest import four_days


@pytest.fixture
def lived(shell):
    """A house with four days of feeds, and a ranker that ranks nothing yet."""
    house = open_house()
    made, facts = four_days(house)
    return house.registry.add(RANKER, made.to_files(), facts=facts, metrics={}, now=NOW)


def test_a_table_json_and_a_page(shell, lived, tmp_path):
    told = shell("evaluate")
    assert re.search(r"to (9|1[0-2]) people", told)  # what they are shown differs from run to run, and not all answer
    for figure in ("ndcg@5", "map", "auc", "coverage", "gini", "novelty", "source_miscalibration"):
        assert figure in told
    assert "by function" in told
    assert "by language" in told
    page = tmp_path / "report.html"
    found = json.loads(shell("evaluate", lived.name, "--html", str(page), "--json"))
    assert {row["ranker"] for row in found["relevance"]} == {lived.facts["name"], "heuristic-1"}
    (first, *_) = found["ahead"]
    assert first["ranker"] == "minus heuristic-1"
    ndcg = first["metrics"]["ndcg@10"]
    assert ndcg["low"] < ndcg["value"] < ndcg["high"]
    assert lived.facts["name"] in page.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_said_before_anything_is_reckoned(shell, tmp_path):
    assert "no folder" in shell.fails("evaluate", "--html", str(tmp_path / "nowhere" / "r.html"))
    assert "there is no ranker" in shell.fails("evaluate", "ranker-1")


def test_what_a_ranker_goes_by(shell, lived):
    told = shell("models", "explain", lived.name)
    assert lived.facts["name"] in told
    assert "gain" in told
    (first, *_) = json.loads(shell("models", "explain", "heuristic", "--json"))["groups"]
    assert first["gain"] is None
    with shell.database.read() as connection:
        served = list(slates.every(connection, shell.tenant))[-1]
    assert "served by it" in shell("models", "explain", "--slate", served.id)  # by the heuristic: nothing was promoted
    found = json.loads(shell("models", "explain", "--slate", served.id, "--json"))
    assert found["ranker"] == served.ranker == "heuristic-1"
    for item, kept in zip(found["items"], served.items, strict=True):
        assert item["base"] + sum(part["adds"] for part in item["parts"]) == pytest.approx(item["score"])
        assert item["score"] == pytest.approx(item["served_score"]) == pytest.approx(kept.score)
    one = served.items[0].article_id
    told = shell("models", "explain", lived.name, "--slate", served.id, "--article", one)
    assert "served by heuristic-1" in told
    assert "place 1: score" in told
    assert "name it with --slate" in shell.fails("models", "explain", "--article", one)
    assert "was not in slate" in shell.fails("models", "explain", "--slate", served.id, "--article", "x")
    assert "there is no slate" in shell.fails("models", "explain", "--slate", "x")


def test_a_ranker_of_another_version_empties_no_feed_and_is_told(shell, lived, caplog):
    house = open_house()
    files = house.registry.read(lived)
    wanted = json.loads(files["ranker.json"])
    files["ranker.json"] = json.dumps(wanted | {"features": ["moon_phase", *wanted["features"][1:]]}).encode()
    strange = house.registry.add(RANKER, files, facts=lived.facts, metrics={}, now=NOW)
    house.registry.promote(RANKER, strange.name)
    with shell.database.read() as connection:
        (person, *_) = people.every(connection, shell.tenant)
    code, printed, complained = shell.call("feed", person.email)
    assert code == 0
    assert " 1. " in printed
    assert "DEGRADED features_missing" in caplog.text  # for the operator
    assert "features_missing" in complained.splitlines()[-1]
    assert json.loads(shell("feed", person.email, "--json"))["degraded"] is True
    assert "moon_phase" in shell.fails("evaluate")
