"""Reasons: at least one, at most three, every one of them true, in both languages."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.records import EventType, Reason
from catalog.taxonomy import Concept, Taxonomy
from ranking import features
from ranking.config import RankingOptions
from ranking.explain import CODES, Explainer, in_words
from ranking.state import State
from tests import make
from tests.make import NOW
from tests.ranking.worlds import SALES, did, numbered, opened, person, snapshot

OPTIONS = RankingOptions()
OLD = {"published_at": NOW - timedelta(days=5)}
COLLEAGUES = [f"colleague-{number}" for number in range(5)]


def explained(state, world, article=0, axes=SALES, because=None):
    someone = person(state, world, axes=axes)
    rows = features.build(state, world, someone, np.arange(len(world)), NOW)
    explainer = Explainer(world, state, someone, OPTIONS, NOW)
    return explainer.reasons(article, tuple(rows[article].tolist()), because)


def codes(*args, **given):
    return [reason.code for reason in explained(*args, **given)]


def test_what_is_for_everybody_says_so():
    assert codes(State(), snapshot(make.live_article(**OLD))) == ["for_everyone"]


def test_what_names_a_function_says_which():
    world = snapshot(make.live_article(audience=make.audience("sales", "hr"), **OLD))
    assert explained(State(), world) == (Reason("for_function", {"function": "sales"}),)


def test_fresh_and_own_content():
    world = snapshot(make.live_article(internal=True, published_at=NOW - timedelta(hours=23)))
    assert codes(State(), world) == ["fresh", "from_your_organisation", "for_everyone"]


def test_a_place_left_to_chance_says_so_first():
    assert codes(State(), snapshot(make.live_article(**OLD)), because="explore") == ["explore", "for_everyone"]


@pytest.mark.parametrize(
    ("people", "told"), [(COLLEAGUES, True), (COLLEAGUES[:4], False), (["colleague-0"] * 9, False)]
)
def test_colleagues_are_spoken_of_when_they_are_a_group_of_different_people(people, told):
    state = did(*(deed for who in people for deed in opened(who, "a0")))
    world = snapshot(*numbered(12))
    assert (Reason("colleagues_opened", {"function": "sales"}) in explained(state, world)) is told


def test_the_person_is_no_colleague_of_their_own():
    state = did(*(deed for who in [*COLLEAGUES[:4], "ann"] for deed in opened(who, "a0")))
    assert not {"colleagues_opened", "popular"} & set(codes(state, snapshot(*numbered(12))))


def test_popular_is_for_any_function_and_only_the_top_of_the_list():
    state = did(*(deed for who in COLLEAGUES for deed in opened(who, "a0", "a1")), *opened("x", "a1"))
    world = snapshot(*numbered(12))
    hr = {"function": frozenset({"hr"})}
    assert "popular" in codes(state, world, 1, axes=hr)
    assert "colleagues_opened" not in codes(state, world, 1, axes=hr)
    assert "popular" in codes(state, world, 0, axes=hr)
    more_each = [opened(f"p{who}", f"a{number}") for number in range(6) for who in range(11 - number)]
    assert "popular" not in codes(did(*(deed for deeds in more_each for deed in deeds)), world, 5, axes=hr)


def test_likeness_needs_something_to_be_like():
    twin = make.unit(3)
    world = snapshot(*numbered(8), make.live_article(vector=twin, **OLD))
    assert "like_what_you_read" in codes(did(*opened("ann", "a1", "a2", "a3")), world, 8)
    assert "like_what_you_read" not in codes(did(*opened("ann", "a2", "a3")), world, 8)
    assert "like_what_you_read" not in codes(did(*opened("ann", "a1", "a2", "a3")), world, 3)


@pytest.mark.parametrize(("readers", "told"), [(COLLEAGUES, True), (COLLEAGUES[:4], False)])
def test_people_who_read_the_same_are_spoken_of_when_they_are_a_group(readers, told):
    hers = opened("ann", "a1", "a2", "a3")
    theirs = [deed for number, who in enumerate(readers) for deed in opened(who, f"a{1 + number % 3}", "a0")]
    strangers = [deed for number in range(9) for deed in opened(f"stranger-{number}", "a0")]
    hr = {"function": frozenset({"hr"})}
    assert ("like_minded_opened" in codes(did(*hers, *theirs, *strangers), snapshot(*numbered(12)), axes=hr)) is told


def test_a_topic_is_theirs_when_they_choose_it_often_and_the_article_surely_has_it():
    world = snapshot(
        *numbered(4, tags={"topic": {"labour": 1.0, "health": 0.2}}),
        make.live_article(tags={"topic": {"labour": 0.6}}, **OLD),
        make.live_article(tags={"topic": {"labour": 0.4, "health": 0.9}}, **OLD),
    )
    state = did(*opened("ann", "a0", "a1", "a2", "a3"))
    assert Reason("your_topic", {"topic": "labour"}) in explained(state, world, 4)
    assert "your_topic" not in codes(state, world, 5)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ann", *COLLEAGUES]),
            st.sampled_from([EventType.OPEN, EventType.SHARE, EventType.SEEN]),
            st.integers(0, 5).map(lambda number: f"a{number}"),
        ),
        max_size=40,
    ),
    st.sampled_from([("*",), ("sales",), ("sales", "hr")]),
    st.sampled_from([None, "explore", "pinned", "must_read"]),
)
def test_every_eligible_article_has_one_to_three_reasons_that_are_known_codes(done, audience, because):
    world, state = snapshot(*numbered(6, audience=make.audience(*audience))), did(*done)
    for article in range(6):
        told = codes(state, world, article, because=because)
        assert 1 <= len(told) <= 3
        assert len(set(told)) == len(told)
        assert set(told) <= set(CODES)


def concept(facet, name, nl, en):
    return Concept(facet, name, None, (), {"nl": nl, "en": en}, {}, {})


TAXONOMY = Taxonomy(
    "test",
    "digest",
    {
        "function": {"sales": concept("function", "sales", "Verkoop", "Sales")},
        "topic": {"labour": concept("topic", "labour", "Arbeid", "Labour")},
    },
)
VALUES = {"function": "sales", "topic": "labour"}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Colleagues in Sales opened this"),
        ("nl", "Collega's in Verkoop openden dit"),
        ("de", "Colleagues in Sales opened this"),
    ],
)
def test_reasons_speak_the_readers_language_or_english(language, words):
    assert in_words(Reason("colleagues_opened", {"function": "sales"}), language, TAXONOMY) == words


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_words_in_both_languages(code):
    both = [in_words(Reason(code, VALUES), language, TAXONOMY) for language in ("nl", "en")]
    assert both[0] != both[1]
    assert not any("{" in words for words in both)


def test_a_function_that_left_the_vocabulary_is_named_as_it_was_stored():
    assert in_words(Reason("for_function", {"function": "stoker"}), "en", TAXONOMY) == "Meant for stoker"
