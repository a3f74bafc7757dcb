"""Words as search compares them: any form of a word finds another, and nothing that is typed is more than words."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.words import asked, stems, tsvector


def forms(word):
    return {form for each in asked(word) for form in each}


@pytest.mark.parametrize(
    ("language", "written", "typed"),
    [
        ("nl", "bruggen", "brug"),
        ("nl", "sluisdeuren", "sluisdeur"),
        ("nl", "brugbedieners", "brugbediener"),
        ("en", "gates", "gate"),
        ("en", "retiring", "retire"),
        ("en", "penalties", "penalty"),
        ("de", "Schleusen", "Schleuse"),
        ("fr", "écluses", "écluse"),
        ("nl", "Coördinatie", "coordinatie"),
        ("nl", "ﬁnanciën", "FINANCIEN"),
        (None, "Kattebrug", "kattebrug"),
        ("pl", "śluza", "sluza"),
    ],
)
def test_another_form_of_a_word_is_the_same_word(language, written, typed):
    [stem] = stems({"title": written}, language)["title"]
    assert stem in forms(typed)


def test_words_that_every_article_has_are_looked_for_only_where_there_are_no_others():
    assert [each[0] for each in asked("de deuren van het gemaal")] == ["deuren", "gemaal"]
    assert [each[0] for each in asked("to be or not to be")] == ["or"]
    assert [each[0] for each in asked("wat is dat")] == ["wat", "is", "dat"]


def test_a_language_that_is_known_is_the_only_one_that_is_tried():
    assert asked("gates", "en") == [("gates", "gate")]
    assert asked("gates", "xx") == [("gates",)]


def test_a_page_that_is_pasted_in_is_cut():
    assert len(asked(" ".join(f"word{number}" for number in range(10_000)))) == 24
    assert asked("x" * 10_000) == []


def test_the_longest_article_still_fits_postgresql():
    said = stems({"title": "a b", "text": " ".join(f"{number:x}".rjust(40, "𐌰") for number in range(10_000))}, "nl")
    assert sum(map(len, said.values())) == 6_000
    assert len(tsvector(said).encode()) < 1_048_575


@settings(deadline=None)
@given(st.text())
def test_whatever_is_typed_becomes_nothing_but_words(typed):
    for each in asked(typed):
        assert all(re.fullmatch(r"[^\W_]{1,40}", form) for form in each)


@settings(deadline=None)
@given(st.text(min_size=1), st.sampled_from(["nl", "en", "de", "fr", "pl", None]))
def test_each_word_of_a_text_is_found_by_typing_it(text, language):
    for word in stems({"text": text}, None)["text"]:
        [stem] = stems({"text": word}, language)["text"]
        assert stem in forms(word)
