"""The benchmark of stories, on a few made-up articles: who belongs together, and that pairs are counted right."""

import csv
import io
import json
import zipfile
from collections import Counter

import numpy as np
import pytest

from evaluation.benchmarks import retold, stories
from evaluation.benchmarks.retold import Told, read
from evaluation.benchmarks.texts import NoData
from ingest.config import EnrichOptions
from models.hashing import HashingEncoder

NAMES = ("6ebac05f637e", "7a457a4f7173", "432362af0be4", "ba4dfe2d3e81", *(f"{n:012x}" for n in range(20)))
OURS = [
    Told(f"Locks {n}", f"The lock number {n} opened at dawn in {language}.", language, frozenset({"locks"}), "demo")
    for n, language in enumerate(("en", "nl"))
]


@pytest.fixture
def data(tmp_path):
    """The files that are read, in the form they have."""
    random = np.random.default_rng(1)
    for folder in ("extraction", "sib200"):
        (tmp_path / folder).mkdir()
    bodies = {}
    for place, name in enumerate(NAMES):
        words = [f"{name[:4]}w{number}" for number in random.integers(90, size=240)]
        sentences = [" ".join(words[start : start + 12]).capitalize() + "." for start in range(0, 240, 12)]
        url = f"https://news.example/2026/a-title-of-five-words-{'x' * place}.html"
        bodies[name + "0" * 52] = {"articleBody": " ".join(sentences), "url": url}
    bodies["f" * 64] = {"articleBody": "Too short.", "url": "https://news.example/"}
    with zipfile.ZipFile(tmp_path / "extraction" / "article-extraction-benchmark.zip", "w") as archive:
        archive.writestr("ground-truth.json", json.dumps(bodies))
    with zipfile.ZipFile(tmp_path / "sib200" / "sib200-nl-en.zip", "w") as archive:
        for language in ("nld_Latn", "eng_Latn"):
            for part, numbers in (("train", (0, 1, 4)), ("dev", (2, 20, 21)), ("test", (22, 40))):
                written = io.StringIO()
                rows = [(number, "sport", f"{language} sentence {number}") for number in numbers]
                csv.writer(written, delimiter="\t").writerows([("index_id", "category", "text"), *rows])
                archive.writestr(f"data/annotated/{language}/{part}.tsv", written.getvalue())
    return tmp_path


def test_every_article_has_copies_and_every_brief_its_translation(data):
    told = read(data, OURS)
    kinds = Counter(one.kind for one in told)
    assert kinds["demo"] == 2
    assert kinds["original"] == len(NAMES)
    assert {"syndicated", "teaser", "shortened", "later", "template", "merged"} <= set(kinds)
    briefs = [one for one in told if one.kind == "translation"]
    assert [(one.language, one.text.split()[2::3]) for one in briefs] == [
        (language, numbers) for numbers in (["0", "1", "2"], ["20", "21", "22"]) for language in ("en", "nl")
    ]
    assert briefs[0].stories == briefs[1].stories != briefs[2].stories
    assert told == read(data, OURS)  # the same set on every machine


def test_one_event_is_one_story_and_what_nobody_can_judge_shares_a_name(data):
    by_name = {one.text[:4].lower(): one for one in read(data, []) if one.kind == "original"}
    assert by_name["6eba"].stories == by_name["7a45"].stories == frozenset({"6ebac05f637e"})
    case, other = by_name["4323"].stories, by_name["ba4d"].stories
    assert case != other
    assert case & other


def test_all_that_tells_one_story_is_in_one_half(data):
    halves: dict[frozenset[str], set[int]] = {}
    for one in read(data, OURS):
        halves.setdefault(one.stories, set()).add(one.half)
    assert all(len(half) == 1 for half in halves.values())


def test_pairs_are_counted():
    named = {"a": {"a"}, "b": {"b"}, "ab": {"a", "b"}}
    told = [Told("", "", "en", frozenset(named[name])) for name in ("a", "a", "a", "b", "ab")]
    score = stories._score(told, {0: "x", 1: "x", 2: "y", 3: "x", 4: "x"})
    assert score == stories.Score(precision=1 / 3, recall=1 / 3)
    assert stories.Score(1.0, 0.5).f1 == pytest.approx(2 / 3)
    assert stories.Score(0.0, 0.0).f1 == 0.0


def test_everything_is_measured(data, monkeypatch):
    monkeypatch.setattr(stories, "KNOWN", 50)
    done: list[int] = []
    told = read(data, OURS)
    found = stories.measure(told, HashingEncoder(), EnrichOptions(), done.append)
    assert sum(done) == len(told)
    ours = {figure.name: figure.ours for figure in found if figure.peer == "the same words"}
    peers = {figure.peer: figure for figure in found if figure.name == "stories, recall"}
    assert set(ours) == {"stories", "stories, precision", "stories, recall"}
    assert set(peers) == {"the same words", "MinHash alone", "embeddings alone"}
    assert ours["stories, recall"] > peers["the same words"].theirs
    assert ours["stories, recall"] > peers["embeddings alone"].theirs
    assert {figure.unit for figure in found} >= {"ms", "texts/s"}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NoData, match=r"article-extraction-benchmark.zip: name the folder .* --data"):
        retold.read(tmp_path, [])
