"""The benchmark of extraction: its measure by hand, and a run over two pages in the form of the real file."""

import gzip
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.benchmarks.extraction import PEER, Agreement, KnownPage, Match, agreement, match, measure, read
from evaluation.benchmarks.texts import NoData

WORDS = "The lock keeper opened the gates at dawn, and the barges that had waited all night went down to the sea."
PAGE = f"<html><head><title>Dawn</title></head><body><article><h1>Dawn</h1><p>{WORDS}</p></article></body></html>"


@pytest.fixture
def data(tmp_path):
    """The file that is read, in the form it has."""
    (tmp_path / "extraction").mkdir()
    with zipfile.ZipFile(tmp_path / "extraction" / "article-extraction-benchmark.zip", "w") as archive:
        known = {key: {"url": f"https://a.example/{key}", "articleBody": WORDS} for key in ("one", "two")}
        archive.writestr("ground-truth.json", json.dumps(known))
        for key in known:
            archive.writestr(f"html/{key}.html.gz", gzip.compress(PAGE.encode()))
    return tmp_path


def test_both_sides_are_measured_on_the_same_pages(data):
    heard = []
    found = {figure.name: figure for figure in measure(read(data), heard.append)}
    assert list(found) == ["article text", "article text, precision", "article text, recall", "CPU per page"]
    assert {figure.peer for figure in found.values()} == {PEER}
    assert found["article text"].ours == 1.0
    assert found["article text, recall"].theirs == 1.0
    assert found["CPU per page"].ratio > 0
    assert sum(heard) == 2


def test_a_page_without_text_is_missed_and_not_an_error():
    found = {figure.name: figure for figure in measure([KnownPage("https://a.example/", b"", WORDS)], lambda _: None)}
    assert found["article text"].ours == found["article text"].theirs == 0


def test_runs_of_four_words_are_compared():
    assert match("a b c d e", "a, b c d!") == Match(0.5, 0.0, 0.5)
    assert match("a b c d", "a b c d e") == Match(0.5, 0.5, 0.0)
    assert match("a b", "a b") == Match(1.0, 0.0, 0.0)  # fewer words are one run
    assert match("a b c d a b c d", "a b c d").both == pytest.approx(1 / 5)  # what is said twice counts twice
    assert match("", "") == Match(0.0, 0.0, 0.0)


def test_each_page_counts_alike_and_the_harmonic_mean_is_taken_last():
    long = " ".join(map(str, range(1000)))
    found = agreement([(long, long), ("a b c d e", "a b c d"), ("x", "")])
    assert found == Agreement(precision=1.0, recall=pytest.approx(0.5))
    assert found.f1 == pytest.approx(2 / 3)


@given(st.text(), st.text())
def test_shares_are_shares_and_sides_mirror(article, taken):
    one, other = match(article, taken), match(taken, article)
    assert one.both + one.surplus + one.missed in (0, pytest.approx(1))
    assert (one.both, one.surplus, one.missed) == (other.both, other.missed, other.surplus)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NoData, match=r"article-extraction-benchmark.zip: name the folder .* --data"):
        read(tmp_path)
