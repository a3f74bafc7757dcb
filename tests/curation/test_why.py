"""Why a tag was given: honest about which head, which example and which sentence."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import taxonomy as vocabulary
from catalog.ids import ArticleId
from catalog.records import Tag
from catalog.taught import Taught
from catalog.taxonomy import LANGUAGES, Taxonomy
from curation import why
from curation.why import Carrier, Example, Why
from models.exemplars import Exemplar, Exemplars
from models.taggers import Head, Taggers

SHIPPED = vocabulary.load()
UP, DOWN, ASIDE = np.eye(3, dtype=np.float32)


def head(facet: str, *concepts: str, parents: tuple[int, ...] | None = None) -> Head:
    """Concept i is about the direction i."""
    weights = np.eye(3, len(concepts), dtype=np.float32) * 8
    return Head(
        facet, concepts, parents or (-1,) * len(concepts), weights, np.full(len(concepts), -4, np.float32), (0, 1, 0)
    )


TAGGERS = Taggers("v1", "e" * 64, "t" * 64, (head("function", "sales", "legal"), head("kind", "news", "how-to")))
EXEMPLARS = Exemplars(
    np.array([UP, DOWN, ASIDE, UP + ASIDE], np.float16),
    (
        Exemplar("function", "sales", "Quota met"),
        Exemplar("function", "legal", "Court rules"),
        Exemplar("topic", "labour", "Strike at the yard"),
        Exemplar("topic", "training-career", "A course for welders"),
    ),
)
SALES = Tag("function", "sales", 0.9)


def test_the_sentence_for_which_the_tag_is_most_probable_carried_it():
    vectors = np.array([ASIDE, UP, 0.9 * UP + 0.4 * DOWN], np.float32)
    found = why.carriers([SALES], ["Nothing.", "Quota!", "Nearly."], vectors, TAGGERS)
    alone = TAGGERS.probabilities(vectors)[1]["function"]["sales"]
    assert found == {("function", "sales"): Carrier("Quota!", alone)}


def test_a_sentence_that_would_not_get_the_tag_alone_carried_nothing():
    assert why.carriers([SALES], ["Nothing."], np.array([ASIDE]), TAGGERS) == {}
    assert why.carriers([SALES], [], np.empty((0, 3), np.float32), TAGGERS) == {}


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_a_carrier_is_never_less_probable_than_another_sentence(seed, count):
    vectors = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    parts = [f"sentence {place}" for place in range(count)]
    tags = [Tag(head.facet, concept, 0.5) for head in TAGGERS.heads for concept in head.concepts]
    found = why.carriers(tags, parts, vectors, TAGGERS)
    for (facet, concept), carrier in found.items():
        alone = [each[facet][concept] for each in TAGGERS.probabilities(vectors)]
        assert carrier.probability == max(alone) == alone[parts.index(carrier.text)]


def explained(*tags: Tag, vector=UP, said=(), exemplars=EXEMPLARS, carriers=None, taxonomy=SHIPPED):
    return why.explain(tags, vector, exemplars, said, taxonomy, carriers)


def taught(name: str, vector, concept: str = "sales") -> Taught:
    return Taught(ArticleId(name), f"Our {name}", "function", concept, vector)


def test_the_nearest_headline_and_the_nearest_article_of_ones_own_are_told_nearest_first():
    said = [taught("far", DOWN), taught("near", UP), taught("other", UP, "legal")]
    found = explained(SALES, vector=0.9 * UP + 0.1 * DOWN, said=said)["function", "sales"]
    assert {example.text for example in found.examples} == {"Quota met", "Our near"}
    assert [example.likeness for example in found.examples] == sorted(
        (example.likeness for example in found.examples), reverse=True
    )
    assert {example.article_id for example in found.examples} == {None, "near"}


def test_an_example_of_a_child_is_one_of_its_parent():
    found = explained(Tag("topic", "labour", 0.8), vector=UP + ASIDE)["topic", "labour"]
    assert (found.examples[0].text, found.examples[0].concept) == ("A course for welders", "training-career")


def test_a_parent_that_is_no_more_probable_than_its_child_has_it_from_there():
    parent, child = Tag("topic", "labour", 0.8), Tag("topic", "training-career", 0.8)
    assert explained(parent, vector=ASIDE)["topic", "labour"].examples[0].text == "Strike at the yard"
    found = explained(parent, child, vector=ASIDE)
    assert found["topic", "labour"].examples == found["topic", "training-career"].examples
    surer = replace(parent, probability=0.9)
    assert explained(surer, child, vector=ASIDE)["topic", "labour"].examples[0].text == "Strike at the yard"


def test_not_looked_at_is_not_the_same_as_no_sentence():
    assert explained(SALES)["function", "sales"].as_a_whole is False
    assert explained(SALES, carriers={})["function", "sales"].as_a_whole is True
    carrier = Carrier("Quota!", 0.9)
    found = explained(SALES, carriers={("function", "sales"): carrier})["function", "sales"]
    assert (found.sentence, found.as_a_whole) == (carrier, False)


def test_without_exemplars_there_are_no_examples():
    assert explained(SALES, exemplars=None, said=[taught("near", UP)])["function", "sales"].examples == ()


def test_a_concept_that_the_vocabulary_no_longer_has_is_explained_as_far_as_it_goes():
    gone = Taxonomy("2", "d" * 64, {})
    assert explained(SALES, taxonomy=gone)["function", "sales"].examples[0].text == "Quota met"
    assert explained(Tag("industry", "gone", 0.5))["industry", "gone"].examples == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language):
    examples = (Example("Quota met", "sales", 0.5), Example("Ours", "sales", 0.3, ArticleId("a")))
    lines = why.in_words(Why(examples, Carrier("Quota!", 0.9)), language)
    assert len(lines) == 3
    assert ["Quota met" in lines[0], "Ours" in lines[1], "Quota!" in lines[2]] == [True] * 3
    assert lines[0] != lines[1].replace("Ours", "Quota met")
    assert len(why.in_words(Why((), as_a_whole=True), language)) == 1
    assert why.in_words(Why(()), language) == []


def test_those_who_can_teach_a_tag_are_its_family():
    assert why.taught_by(SHIPPED, [SALES]) == {("function", "sales")}
    assert ("topic", "training-career") in why.taught_by(SHIPPED, [Tag("topic", "labour", 0.5)])
