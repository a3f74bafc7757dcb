"""Whether probabilities mean what they say, on a vocabulary of a few words."""

import numpy as np
import pytest

from evaluation.benchmarks.reliability import HEADLINES, Judged, Remembered, judge, unseen
from evaluation.benchmarks.texts import Labelled
from evaluation.charts import draw_reliability
from models.hashing import HashingEncoder
from models.tagger_fit import fit
from tests.models.test_tagger_fit import WORDS, vocabulary

TAXONOMY = vocabulary({**WORDS, "function": {**WORDS["function"], "everyone": "party anniversary pension values"}})
ENCODER = Remembered(HashingEncoder(64))


def test_every_headline_is_judged_once_by_its_top_concept():
    judged = {(each.facet, each.language): each for each in unseen(TAXONOMY, ENCODER)}
    assert set(judged) == {(facet, language) for facet in ("topic", "function", "kind") for language in ("nl", "en")}
    topics = judged["topic", "nl"]
    assert topics.name == HEADLINES
    assert topics.said.shape == (4 * 6, 3)  # banking stands below economy
    assert topics.held.sum(axis=0).tolist() == [12, 6, 6]
    functions = judged["function", "en"]
    assert functions.held.shape == (4 * 6 + 2 * 6, 4)  # of headlines about sport and weather no function is true
    assert functions.held.any(axis=1).sum() == 4 * 6


def test_a_text_of_somebody_else_is_never_for_everyone():
    told = Labelled("job descriptions, en", "function", ("court clause", "party pension"), ("legal", "sales"))
    found = judge(told, TAXONOMY, fit(TAXONOMY, ENCODER), ENCODER.encode(told.texts))
    assert (found.name, found.language) == ("job descriptions", "en")
    assert found.held.tolist() == [[False, True, False], [True, False, False]]


def test_a_row_says_what_was_said_and_what_held():
    said = np.array([[0.9, 0.1], [0.6, 0.4]])
    row = Judged("x", "topic", "nl", said, np.array([[True, False], [False, True]])).to_row()
    assert row["said"] == pytest.approx(0.75)
    assert row["right"] == 0.5
    assert row["ECE"] == pytest.approx((0.6 + 0.1) / 2)
    assert row["base"] == pytest.approx(np.log(2))


def test_no_text_is_encoded_twice():
    heard = list[int]()
    encoder = Remembered(HashingEncoder(8))
    first = encoder.encode(["a", "b", "a"], heard.append)
    again = encoder.encode(["b", "a"], heard.append)
    assert sum(heard) == 2
    assert (first[[1, 0]] == again).all()
    assert encoder.encode([]).shape == (0, 8)


def test_the_same_curves_give_the_same_file(tmp_path):
    curve = Judged("x", "topic", "nl", np.array([[0.9, 0.1]]), np.array([[True, False]])).likeliest
    for name in ("one.svg", "two.svg"):
        draw_reliability(tmp_path / name, {("nl", "topic"): {"x": curve}, ("en", "topic"): {"x": curve}})
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert b"<svg" in (tmp_path / "one.svg").read_bytes()
