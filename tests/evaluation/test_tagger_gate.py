"""Refitted taggers are judged on what is held out: better ones pass, ones that lost a label do not."""

import math
from dataclasses import replace

import numpy as np
import pytest

from catalog.errors import Invalid
from evaluation.tagger_gate import TaggerGateOptions, compare
from models.corrections import Correction
from models.tagger_learn import RefitOptions, refit
from tests.decided import CONCEPTS, DIMENSIONS, lessons, taggers, vectors

OPTIONS = TaggerGateOptions()
CHAMPION = taggers()
CHALLENGER = refit(CHAMPION, vectors(200), lessons(vectors(200)), RefitOptions())
JUDGED_ON = vectors(120, seed=1)
HELD_OUT = lessons(JUDGED_ON, "gate")


def knowing(*concepts: str):
    """The challenger, had it only learned these concepts."""
    (learned,) = CHALLENGER.corrections
    known = np.isin(CONCEPTS, concepts)
    return replace(CHALLENGER, corrections=(Correction("topic", learned.weights * known, learned.bias * known),))


def without_weather(lesson):
    said = {concept: target for concept, target in lesson.said["topic"].items() if concept != "weather"}
    return replace(lesson, said={"topic": said})


def test_better_taggers_pass():
    verdict = compare(JUDGED_ON, HELD_OUT, CHAMPION, CHALLENGER, OPTIONS)
    assert verdict.passed
    assert verdict.interval[0] < verdict.difference < verdict.interval[1] < 0
    assert verdict.reason.startswith("passed: log loss 0.")
    assert "against" in verdict.reason
    assert "\n" not in verdict.reason


def test_worse_ones_are_refused():
    verdict = compare(JUDGED_ON, HELD_OUT, CHALLENGER, CHAMPION, OPTIONS)
    assert not verdict.passed
    assert verdict.reason.startswith("refused, it is worse")


def test_the_champion_itself_passes():
    verdict = compare(JUDGED_ON, HELD_OUT, CHAMPION, CHAMPION, OPTIONS)
    assert verdict.passed
    assert verdict.interval == (0.0, 0.0)


def test_one_label_that_is_lost_refuses_what_is_better_as_a_whole():
    told = [one if place % 3 == 0 else without_weather(one) for place, one in enumerate(HELD_OUT)]
    verdict = compare(JUDGED_ON, told, knowing("weather"), knowing("sport", "economy"), OPTIONS)
    assert verdict.difference < 0
    verdicts = {label.concept: label.verdict for label in verdict.labels}
    assert verdicts["weather"] == "worse"
    assert verdicts["sport"] == "not worse"
    assert not verdict.passed
    assert verdict.reason.startswith("refused, worse at topic weather: log loss")


def test_a_row_per_label():
    (row,) = [
        label.to_row()
        for label in compare(JUDGED_ON, HELD_OUT, CHAMPION, CHALLENGER, OPTIONS).labels
        if label.concept == "weather"
    ]
    assert row["facet"] == "topic"
    assert row["decisions"] == len(HELD_OUT)
    assert row["before"] < row["after"] <= 1
    assert row["low"] <= row["after"] - row["before"] <= row["high"]


def test_few_decisions_on_a_label_are_no_verdict_and_it_is_said():
    few = [one if place < 12 else without_weather(one) for place, one in enumerate(HELD_OUT)]
    verdict = compare(JUDGED_ON, few, CHAMPION, CHALLENGER, OPTIONS)
    rows = {label.concept: label.to_row() for label in verdict.labels}
    assert rows["weather"]["verdict"] == "too few decisions"
    assert rows["weather"]["before"] is None
    assert "with too few decisions" in verdict.reason


def test_only_yes_is_no_verdict():
    yes = [replace(one, said={"topic": {"weather": 1.0}}) for one in HELD_OUT]
    verdict = compare(JUDGED_ON, yes, CHAMPION, CHALLENGER, OPTIONS)
    assert [label.verdict for label in verdict.labels] == ["too few decisions"]


def test_a_handful_of_stories_decides_nothing():
    verdict = compare(JUDGED_ON[:19], HELD_OUT[:19], CHAMPION, CHALLENGER, OPTIONS)
    assert not verdict.passed
    assert verdict.reason == "refused: 19 held-out stories were decided, 20 are needed"
    assert math.isnan(verdict.difference)


def test_nothing_at_all_decides_nothing():
    empty = np.empty((0, DIMENSIONS), np.float32)
    assert not compare(empty, [], CHAMPION, CHALLENGER, OPTIONS).passed


def test_decisions_of_one_story_are_one_witness():
    """Many lessons of few stories are not more sure than the stories."""
    same = [replace(one, story=HELD_OUT[place % 25].story) for place, one in enumerate(HELD_OUT)]
    few, many = (compare(JUDGED_ON, told, CHAMPION, CHALLENGER, OPTIONS) for told in (same, HELD_OUT))
    assert few.difference == pytest.approx(many.difference)
    assert few.stories == 25


@pytest.mark.parametrize("part", ["fit", "calibration"])
def test_what_was_learned_from_or_certifies_does_not_judge(part):
    with pytest.raises(Invalid, match="not of the part 'gate'"):
        compare(JUDGED_ON, lessons(JUDGED_ON, part), CHAMPION, CHALLENGER, OPTIONS)


def test_taggers_of_another_encoder_cannot_be_compared():
    with pytest.raises(Invalid, match="different encoders"):
        compare(JUDGED_ON, HELD_OUT, CHAMPION, replace(CHALLENGER, encoder="f" * 64), OPTIONS)


def test_vectors_belong_to_lessons():
    with pytest.raises(Invalid, match="hand in one for each"):
        compare(JUDGED_ON[1:], HELD_OUT, CHAMPION, CHALLENGER, OPTIONS)


def test_by_chance_alone_labels_are_rarely_worse():
    """Forty challengers that differ from the champion by noise only: hardly any is refused for a label."""
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(40):
        noise = random.normal(scale=0.02, size=(DIMENSIONS, len(CONCEPTS))).astype(np.float32)
        other = replace(CHALLENGER, corrections=(Correction("topic", noise, np.zeros(len(CONCEPTS), np.float32)),))
        verdict = compare(JUDGED_ON, HELD_OUT, CHAMPION, other, replace(OPTIONS, resamples=200))
        refused += any(label.verdict == "worse" for label in verdict.labels)
    assert refused <= 2
