"""What the encoder reads of an article, and the sentences of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.passage import PASSAGE_WORDS, passage, sentences
from ingest.remote import Told
from tests import make


def test_a_passage_is_title_lead_and_beginning_each_once():
    article = make.article(title="Title", lead="A lead of its own.", text="word " * 300)
    assert passage(article) == f"Title. A lead of its own. {'word ' * PASSAGE_WORDS}".strip()
    cut = make.article(title="Title", lead="word word…", text="word " * 300)
    assert passage(cut) == f"Title. {'word ' * PASSAGE_WORDS}".strip()


@given(st.text(max_size=200), st.text(max_size=100), st.text(max_size=500))
def test_any_text_is_one_line_of_words_and_its_sentences_are_of_it(title, lead, text):
    line = passage(Told(title, lead, text))
    assert "\n" not in line
    for sentence in sentences(line, "nl"):
        assert sentence in line


def test_a_text_without_a_single_space_is_cut():
    assert len(passage(Told("Title", "", "水" * 100_000))) < 5000


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "nl",
            "Waarom gaat brug 7 dicht?. De heer J. de Vries (bijv. bij het waterschap) weet het. Kort zinnetje. "
            "Het kost 1.200 euro per dag.",
            [
                "Waarom gaat brug 7 dicht?",
                "De heer J. de Vries (bijv. bij het waterschap) weet het.",
                "Het kost 1.200 euro per dag.",
            ],
        ),
        (
            "en",
            "Dr. Smith met e.g. Mr. Jones at the lock. Nobody said anything! Nobody said anything much.",
            ["Dr. Smith met e.g. Mr. Jones at the lock.", "Nobody said anything much."],
        ),
        ("de", "Es kostet 3 Mio. Euro am 3. Mai. Das ist z.B. viel Geld.", None),
        ("xx", "The gates are open again. The water is high today.", None),
    ],
)
def test_sentences_end_where_they_end_and_what_is_no_sentence_is_left_out(language, text, expected):
    found = sentences(text, language)
    assert found == expected if expected else len(found) == 2


def test_a_sentence_that_stands_twice_is_told_once():
    assert sentences("The gates are open again. The gates are open again.", "en") == ["The gates are open again."]
