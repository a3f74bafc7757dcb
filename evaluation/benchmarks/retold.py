"""Articles that are known to tell the same story, or known not to: real ones, and what the web makes of them.

Copies are made of real articles by seeded code, so who copied what is known. Two languages' versions are real: people
have translated them. What nobody can judge, such as two articles run into one, is in the set and in no count.
"""

import csv
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import numpy as np

from evaluation.benchmarks.texts import NoData

ARTICLES: Final = 110
"""Real articles that copies are made of."""

BRIEFS: Final = 60
"""Short news texts, each in English and in Dutch."""

_SEED: Final = 7
_FEWEST: Final = 150
_MOST: Final = 1500
"""Words of an article that copies are made of."""

_APART: Final = 8
"""Sentences whose numbers are nearer can be of one text."""

_MERGED: Final = 12

_SENTENCE: Final = re.compile(r"(?<=[.!?”\"])\s+(?=[A-Z“\"])")
_NUMBER: Final = re.compile(r"\d+")

_SAME: Final = (
    ("6ebac05f637e", "7a457a4f7173"),
    ("9cb8224b660f", "35b158918c67", "ac1bfdd4c510"),
    ("156770d676ce", "3f65af7b6b98", "776a1c046798"),
    ("432362af0be4", "8b1945303082"),
    ("2c46804d9db4", "51d066b0602c"),
    ("06e5123e4ef7", "1ace8c85aaee"),
    ("14cc2a0ca59c", "686bb170effe"),
    ("7bb1ca903543", "9eef8162bbb6", "a078b3656adc"),
)
"""Articles of different papers about one event, each in its own words: we read the nearest pairs and judged them."""

_RELATED: Final = (
    ("432362af0be4", "8b1945303082", "ba4dfe2d3e81"),
    ("680c2848e94a", "8267acacb9e4", "aade2ec8d1e7"),
    ("521118842884", "8cad00dc22de"),
)
"""One case, but not clearly one event."""

_LEADS: Final = (
    "This article is published here with the kind permission of our partner. Our own editors have not checked it.",
    "From our news desk. You are reading a free article; three remain this month. Good morning, and thank you for "
    "starting the day with us. Here is what the newsroom is talking about.",
    "LONDON (agency) — What follows was compiled from reports by correspondents in several places.",
)
_TAILS: Final = (
    "Sign up for our newsletter and never miss a story. Follow us on social media. All rights reserved.",
    "Copyright belongs to the publisher. This material may not be broadcast, rewritten or redistributed. Questions or "
    "remarks? Write to the editors. Terms of use, privacy statement, advertise with us, jobs, sitemap.",
)
_TEMPLATE: Final = (
    "Welcome to the regional business portal. We use cookies to remember what you like and to show adverts that suit "
    "you. Choose a section: economy, politics, sport, culture, weather, traffic, obituaries, puzzles. Members read "
    "everything for one euro a week and can stop whenever they want. Today's poll: should shops open on Sundays?",
    "Most read today: five tips for a tidy garden, the best bakeries of the county, what your neighbour earns. Our "
    "reporters are at work around the clock. Do you have a tip? Call the desk, day and night. Log in to leave a "
    "comment; the house rules apply. Weather for tomorrow: sunny spells, a light breeze from the west, twelve degrees.",
)


@dataclass(frozen=True, slots=True)
class Told:
    """One text. Two tell one story when their `stories` are equal, and do not when these share none."""

    title: str
    text: str
    language: str
    stories: frozenset[str]
    kind: str = "original"

    @property
    def half(self) -> int:
        """0 for choosing thresholds, 1 for reporting: all that tells one story is in one half."""
        return int(hashlib.sha256(min(self.stories).encode()).hexdigest(), 16) % 2


def read(data: Path, ours: Sequence[Told]) -> list[Told]:
    """The whole set: `ours` in the languages they are in, real articles with their copies, and translated briefs.

    Raises NoData.
    """
    random = np.random.default_rng(_SEED)
    originals = _articles(data)
    copies = [copy for place, one in enumerate(originals) for copy in _copies(one, place, random)]
    return [*ours, *originals, *copies, *_merged(originals, random), *_briefs(data)]


def _articles(data: Path) -> list[Told]:
    """Bodies that people marked in real pages, by Scrapinghub; the page's address has most of the title's words."""
    known = json.loads(_member(data / "extraction" / "article-extraction-benchmark.zip", "ground-truth.json"))
    found = [
        Told(_title(page["url"], page["articleBody"]), page["articleBody"], "en", frozenset({name[:12]}))
        for name, page in sorted(known.items())
        if _FEWEST <= len(page["articleBody"].split()) <= _MOST
    ]
    return [replace(one, stories=_judged(one.stories)) for one in found[:ARTICLES]]


def _judged(stories: frozenset[str]) -> frozenset[str]:
    """The same name for articles about one event, and one name in common for those that nobody can judge."""
    same = {group[0] for group in _SAME if stories & set(group)} or stories
    return frozenset(same) | {"+".join(group) for group in _RELATED if stories & set(group)}


def _title(url: str, text: str) -> str:
    """The words of the address where it has some, else how the text begins."""
    slug = max(urlsplit(url).path.split("/"), key=len)
    words = [word for word in re.split(r"[-_.]", slug) if word.isalpha()]
    return " ".join(words).capitalize() if len(words) > 3 else " ".join(text.split()[:9])


def _briefs(data: Path) -> list[Told]:
    """Sentences of SIB-200 that follow one another, in both languages: the work of translators."""
    told = {"en": _sentences(data, "eng_Latn"), "nl": _sentences(data, "nld_Latn")}
    chosen: list[list[int]] = []
    for run in _runs(sorted(told["en"])):
        if len(run) > 2 and (not chosen or run[0] - chosen[-1][-1] >= _APART):
            chosen.append(run)
    return [
        Told("", " ".join(sentences[number] for number in run), language, frozenset({f"brief {run[0]}"}), "translation")
        for run in chosen[:BRIEFS]
        for language, sentences in told.items()
    ]


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers without a gap between them, together."""
    starts = [place for place, number in enumerate(numbers) if not place or number != numbers[place - 1] + 1]
    return [list(numbers[start:end]) for start, end in pairwise([*starts, len(numbers)])]


def _sentences(data: Path, language: str) -> dict[int, str]:
    """All three parts of SIB-200 by number (see `texts`)."""
    archive = data / "sib200" / "sib200-nl-en.zip"
    parts = [_member(archive, f"data/annotated/{language}/{part}.tsv").decode() for part in ("train", "dev", "test")]
    rows = [row for part in parts for row in csv.DictReader(StringIO(part), delimiter="\t", quoting=csv.QUOTE_NONE)]
    return {int(row["index_id"]): row["text"] for row in rows}


def _copies(one: Told, place: int, random: np.random.Generator) -> Iterator[Told]:
    """Two or three of what happens to an article, in turn, so that each happens equally often."""
    ways = (_syndicated, _teaser, _shortened, _later, _in_template)
    for step in range(2 + place % 2):
        yield ways[(place * 2 + step) % len(ways)](one, random)


def _syndicated(one: Told, random: np.random.Generator) -> Told:
    """Another paper's copy: its own headline and lead, what it puts below, and the last part cut."""
    sentences = _split(one.text)
    kept = sentences[: max(3, int(len(sentences) * random.uniform(0.7, 1.0)))]
    lead, tail = random.choice(_LEADS), random.choice(_TAILS)
    title = " ".join(sentences[min(1, len(sentences) - 1)].split()[:10])
    return replace(one, title=title, text=" ".join([lead, *kept, tail]), kind="syndicated")


def _teaser(one: Told, random: np.random.Generator) -> Told:
    """How it begins, before the wall."""
    words = one.text.split()[: int(random.integers(50, 110))]
    return replace(one, text=f"{' '.join(words)}… Subscribe to read on.", kind="teaser")


def _shortened(one: Told, random: np.random.Generator) -> Told:
    """An agency's text as an editor uses it: a third of the sentences gone, some in another place."""
    sentences = [each for each in _split(one.text) if random.random() > 0.35] or _split(one.text)
    order = np.argsort(np.arange(len(sentences)) + random.normal(scale=1.5, size=len(sentences)))
    title = " ".join(word for word in one.title.split() if random.random() > 0.25)
    return replace(one, title=title, text=" ".join(sentences[place] for place in order), kind="shortened")


def _later(one: Told, random: np.random.Generator) -> Told:
    """A later version: what is new on top, other figures, slips of the pen put right (or made)."""
    words = [
        word[1] + word[0] + word[2:] if len(word) > 5 and random.random() < 0.015 else word for word in one.text.split()
    ]
    text = _NUMBER.sub(lambda found: str(int(found[0][:6]) + int(random.integers(1, 9))), " ".join(words))
    return replace(one, text=f"Update: an earlier version of this article gave other figures. {text}", kind="later")


def _in_template(one: Told, random: np.random.Generator) -> Told:
    """A short beginning in a page of which most is the site's own: strangers to one another look alike."""
    words = one.text.split()[: int(random.integers(70, 140))]
    return replace(one, text=" ".join([_TEMPLATE[0], *words, _TEMPLATE[1]]), kind="template")


def _merged(originals: Sequence[Told], random: np.random.Generator) -> list[Told]:
    """Two articles run into one: neither the one nor the other, and it must not make one story of the two."""
    order = random.permutation(len(originals))
    pairs = [(originals[a], originals[b]) for a, b in zip(order[::2], order[1::2], strict=False)]
    same_half = [(a, b) for a, b in pairs if a.half == b.half][:_MERGED]
    return [
        Told(a.title, f"{_first_half(a.text)} {_first_half(b.text)}", "en", a.stories | b.stories, "merged")
        for a, b in same_half
    ]


def _first_half(text: str) -> str:
    sentences = _split(text)
    return " ".join(sentences[: max(1, len(sentences) // 2)])


def _split(text: str) -> list[str]:
    return _SENTENCE.split(" ".join(text.split()))


def _member(archive: Path, name: str) -> bytes:
    if not archive.is_file():
        raise NoData(f"there is no {archive}: name the folder with the real data in --data (docs/benchmarks.md)")
    with zipfile.ZipFile(archive) as opened:
        return opened.read(name)
