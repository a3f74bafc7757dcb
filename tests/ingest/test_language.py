"""Languages: measured on SIB-200, sentences of about twenty words, and on their first words alone."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from ingest import language
from tests.conftest import missing

SIB200 = Path(__file__).parents[3] / "shared" / "data" / "sib200" / "sib200-nl-en.zip"
FOLDERS = {"nl": "nld_Latn", "en": "eng_Latn"}


@pytest.fixture(scope="module")
def sentences() -> list[tuple[str, str]]:
    if not SIB200.exists():
        missing(f"no SIB-200 at {SIB200.parent.name}/{SIB200.name} beside the checkout")
    found = []
    with zipfile.ZipFile(SIB200) as archive:
        for code, folder in FOLDERS.items():
            with archive.open(f"data/annotated/{folder}/test.tsv") as file:
                rows = csv.DictReader(io.TextIOWrapper(file, "utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE)
                found += [(code, row["text"]) for row in rows]
    return found


def accuracy(sentences: list[tuple[str, str]], words: int | None, *, hinted: bool) -> float:
    right = [
        language.detect(" ".join(text.split()[:words]), code if hinted else None) == code for code, text in sentences
    ]
    return sum(right) / len(right)


def test_sentences_are_told_apart(sentences):
    assert len(sentences) == 408
    assert accuracy(sentences, None, hinted=False) == 1.0


def test_six_words_are_nearly_enough_and_a_hint_helps(sentences):
    assert accuracy(sentences, 6, hinted=False) >= 0.99
    assert accuracy(sentences, 3, hinted=False) >= 0.93
    assert accuracy(sentences, 3, hinted=True) >= 0.995


def test_a_wrong_hint_does_not_overrule_the_words(sentences):
    other = {"nl": "en", "en": "nl"}
    right = [language.detect(text, other[code]) == code for code, text in sentences]
    assert sum(right) / len(right) >= 0.98


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Die Schleuse wurde gestern nach langer Bauzeit wieder für die Schifffahrt freigegeben.", "de"),
        ("L'écluse a été rouverte hier à la navigation après de longs travaux de rénovation.", "fr"),
        ("La esclusa se abrió ayer de nuevo a la navegación tras unas largas obras de reforma.", "es"),
    ],
)
def test_other_languages(text, code):
    assert language.detect(text) == code


def test_no_words_go_by_the_hint():
    assert language.detect("", "fr-BE") == "fr"
    assert language.detect("2026") in language.LIKELY


@pytest.mark.parametrize(
    ("tag", "code"),
    [("nl", "nl"), ("NL-be", "nl"), ("en_GB", "en"), ("", None), (None, None), ("x", None), ("ŋŋ", None)],
)
def test_codes(tag, code):
    assert language.code(tag) == code
