"""What there is to doubt about a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.taxonomy import LANGUAGES
from curation.doubts import LONG_WORDS, SHORT_WORDS, Doubt, doubts, in_words
from sluis.demo.world import stories


@given(st.text(max_size=500), st.sampled_from([*LANGUAGES, "pl", None]))
def test_any_text_can_be_doubted_in_words(text, language):
    found = doubts(text, language, None)
    assert len(set(found)) == len(found)
    assert all(in_words(doubt, spoken) for doubt in found for spoken in LANGUAGES)
    assert found == [Doubt.EMPTY] or (Doubt.LANGUAGE in found) == (language not in LANGUAGES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [Doubt.EMPTY]),
        (" … — !", [Doubt.EMPTY]),
        ("lock", [Doubt.SHORT]),
        (" ".join(f"word{place}" for place in range(SHORT_WORDS - 1)), [Doubt.SHORT]),
        (" ".join(f"word{place}" for place in range(SHORT_WORDS)), []),
        (" ".join(f"word{place}" for place in range(LONG_WORDS)), []),
        (" ".join(f"word{place}" for place in range(LONG_WORDS + 1)), [Doubt.LONG]),
        ("sales customer deal discount " * 30, [Doubt.REPETITIVE]),
        (" ".join(f"lock word{place} of the{place} canal{place}" for place in range(60)), [Doubt.REPETITIVE]),
    ],
)
def test_length_and_repetition_are_doubted(text, expected):
    assert doubts(text, "nl", None) == expected


def test_what_people_really_write_is_not_taken_for_stuffed():
    told = stories()
    assert len(told) > 100
    stuffed = [story.slug for story in told if Doubt.REPETITIVE in doubts(f"{story.title}\n{story.body}", "nl", None)]
    assert stuffed == []


def test_a_part_in_another_language_is_doubted():
    text = " ".join(f"word{place}" for place in range(SHORT_WORDS))
    assert doubts(text, "nl", "en") == [Doubt.MIXED]
