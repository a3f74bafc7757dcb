"""Taggers out of a small vocabulary, with the encoder of tests: what is typical is recognised, what is not is left."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from catalog.errors import Invalid
from catalog.taxonomy import FACETS, Concept, Taxonomy
from models.hashing import HashingEncoder
from models.tagger_fit import examples, fit

WORDS = {
    "function": {
        "sales": "quota customer quotation discount pipeline account deal",
        "legal": "court contract clause lawsuit regulator statute liability",
        "software": "release bug server database compiler interface backend",
    },
    "topic": {
        "economy": "market inflation budget bank investors growth trade",
        "banking": "lender loans mortgage vault teller deposit overdraft",
        "sport": "match goal league striker referee stadium trophy",
        "weather": "storm rain frost wind thunder heatwave snow",
    },
    "kind": {
        "news": "announced yesterday reported appointed confirmed",
        "how-to": "steps guide checklist tips explained",
    },
}
PARENTS = {"banking": "economy"}


def concept(facet: str, name: str, words: str, headlines: int = 6) -> Concept:
    """Headlines of four words out of the concept's own, and one that every text has."""
    random = np.random.default_rng(len(name))
    told = words.split()
    texts = {
        language: tuple(" ".join([*random.choice(told, 4, replace=False), "the"]) for _ in range(headlines))
        for language in ("nl", "en")
    }
    plain = {"nl": f"{name} {told[0]}", "en": f"{name} {told[1]}"}
    return Concept(facet, name, PARENTS.get(name), (), plain, {"nl": words, "en": f"the {words}"}, texts)


def vocabulary(words: Mapping[str, Mapping[str, str]] = WORDS, headlines: int = 6) -> Taxonomy:
    facets = {
        facet: {name: concept(facet, name, told, headlines) for name, told in words.get(facet, {}).items()}
        for facet in FACETS
    }
    return Taxonomy("1", "d" * 64, facets)


ENCODER = HashingEncoder(128)
FITTED = fit(vocabulary(), ENCODER)


def tag(text: str) -> dict[str, dict[str, float]]:
    return FITTED.probabilities(ENCODER.encode([text]))[0]


@pytest.mark.parametrize(
    ("text", "facet", "expected"),
    [
        ("customer wants discount on quotation", "function", "sales"),
        ("court voids clause in contract", "function", "legal"),
        ("server release fixes database bug", "function", "software"),
        ("storm brings snow and frost", "topic", "weather"),
        ("guide with tips in steps", "kind", "how-to"),
    ],
)
def test_a_typical_text_is_recognised(text, facet, expected):
    found = tag(text)[facet]
    assert found[expected] > 0.5
    assert max(found, key=found.__getitem__) == expected


@pytest.mark.parametrize("text", ["striker scores goal in stadium match", "rain and thunder after the heatwave"])
def test_a_text_off_topic_is_for_no_function(text):
    assert max(tag(text)["function"].values()) < 0.5


def test_a_childs_headlines_count_for_its_parent():
    found = tag("lender closes teller and vault, mortgage loans")["topic"]
    assert found["economy"] >= found["banking"] > 0.5
    assert found["sport"] < 0.5


def test_heads_name_what_they_were_fitted_on():
    assert (FITTED.encoder, FITTED.taxonomy) == (ENCODER.digest, "d" * 64)
    assert FITTED.version.startswith("1-")
    assert {head.facet: head.concepts for head in FITTED.heads} == {
        facet: tuple(known) for facet, known in WORDS.items()
    } | {"topic": tuple(WORDS["topic"])}


def test_a_facet_without_concepts_gets_no_head():
    assert "theme" not in tag("anything")


def test_fitting_again_gives_the_same():
    again = fit(vocabulary(), ENCODER)
    vectors = ENCODER.encode(["court clause", "storm"])
    assert again.version == FITTED.version
    assert again.probabilities(vectors) == FITTED.probabilities(vectors)


def test_another_vocabulary_or_encoder_gives_another_version():
    assert fit(replace(vocabulary(), digest="f" * 64), ENCODER).version != FITTED.version
    assert fit(vocabulary(), HashingEncoder(64)).version != FITTED.version


def test_progress_counts_up_to_the_examples():
    heard = list[int]()
    fit(vocabulary(), ENCODER, heard.append)
    assert sum(heard) == len(examples(vocabulary()))


def test_one_theme_is_told_from_the_background():
    own = fit(vocabulary({**WORDS, "theme": {"safety": "helmet hazard incident lifebuoy harness"}}), ENCODER)
    on, off = own.probabilities(ENCODER.encode(["helmet and harness prevent incident", "striker scores goal in match"]))
    assert on["theme"]["safety"] > 0.5 > off["theme"]["safety"]


def test_one_concept_with_nothing_to_tell_it_from_is_refused():
    with pytest.raises(Invalid, match="add another concept"):
        fit(vocabulary({"kind": {"news": WORDS["kind"]["news"]}}), ENCODER)


@pytest.mark.parametrize("headlines", [1, 2])
def test_few_headlines_are_no_reason_to_fail(headlines):
    found = fit(vocabulary(headlines=headlines), ENCODER).probabilities(
        ENCODER.encode(["court voids clause in contract"])
    )[0]
    assert max(found["function"], key=found["function"].__getitem__) == "legal"


def test_no_headlines_are_refused():
    with pytest.raises(Invalid, match="add examples"):
        fit(vocabulary(headlines=0), ENCODER)
