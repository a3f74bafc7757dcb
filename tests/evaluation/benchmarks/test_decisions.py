"""The benchmark of decisions: everything is measured, with peers, and what is learned helps."""

from dataclasses import replace

import pytest

from catalog import taxonomy
from evaluation.benchmarks.decisions import DecisionOptions, measure
from evaluation.benchmarks.texts import Labelled
from models.hashing import HashingEncoder
from models.tagger_fit import fit

SHIPPED = taxonomy.load()
TOPICS = ("sport", "health", "religion")
TAXONOMY = replace(
    SHIPPED,
    facets={facet: {} for facet in SHIPPED.facets} | {"topic": {one: SHIPPED.concept("topic", one) for one in TOPICS}},
)
WORDS = {"sport": "goal match league", "health": "nurse vaccine clinic", "religion": "church psalm parish"}
TEXTS = Labelled(
    "texts",
    "topic",
    tuple(
        f"{word} {WORDS[topic]} number{place}" for topic in TOPICS for place, word in enumerate("abcdefghijklmnopqrst")
    ),
    tuple(topic for topic in TOPICS for _ in range(20)),
)
OPTIONS = DecisionOptions(decisions=(12, 18, 24), compared=24, seeds=(1, 2), lessons=60)


@pytest.fixture(scope="module")
def figures():
    encoder = HashingEncoder()
    heard: list[int] = []
    found = measure([TEXTS], TAXONOMY, encoder, fit(TAXONOMY, encoder), OPTIONS, heard.append)
    assert sum(heard) > len(TEXTS.texts)
    return found


def test_decisions_help(figures):
    (last,) = [
        one
        for one in figures
        if one.name == "texts: 24 decisions" and one.peer == "shared heads" and one.unit == "macro-F1"
    ]
    assert last.ours > last.theirs
    assert last.ours > 0.9


def test_everything_is_measured_beside_its_peers(figures):
    assert {one.peer for one in figures if one.name == "texts: 24 decisions"} == {
        "shared heads",
        "decisions alone",
        "vocabulary and decisions together",
    }
    assert {one.unit for one in figures} == {"macro-F1", "log loss", "calibration error", "s"}
    assert [one.name for one in figures[-2:]] == [
        "refit of 60 decisions, all facets",
        "refit of 60 decisions, all facets, processor time",
    ]


def test_the_order_of_reading_is_compared(figures):
    (unsure,) = [one for one in figures if "unsurest first" in one.name]
    assert unsure.peer == "in any order"
