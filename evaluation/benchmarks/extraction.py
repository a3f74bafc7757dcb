"""How much of an article we take from its page, and at what cost, beside trafilatura alone.

The pages and the measure are those of Scrapinghub's article extraction benchmark (MIT): the words of the article that
people marked on the page and of the text that was taken, as runs of four. Each page counts alike, however long it is.
"""

import gzip
import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Final

import trafilatura

from evaluation.benchmarks.figures import Figure
from evaluation.benchmarks.texts import NoData
from ingest.extract import NoText, extract
from models.protocols import Progress

PEER: Final = "bare trafilatura"

RUN: Final = 4
"""Words; runs of so many are compared."""
ROUNDS: Final = 3
"""So often is each page timed, ours and the peer in turn; the best of each counts."""

_FILE: Final = Path("extraction") / "article-extraction-benchmark.zip"
_WORD: Final = re.compile(r"\w+")
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The pages are from before this day: dates after it are not believed."""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page as it came from `url`, and its article as people marked it."""

    url: str
    body: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """Shares, with the sum 1, of the runs of words that are in both texts, only taken, and only missed."""

    both: float
    surplus: float
    missed: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the texts that were taken are the articles, from 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of the means, as the benchmark has it."""
        return 2 * self.precision * self.recall / (self.precision + self.recall or 1)


def read(data: Path) -> list[KnownPage]:
    """The benchmark's pages, from the folder that `--data` names. Raises NoData."""
    path = data / _FILE
    if not path.is_file():
        raise NoData(f"there is no {path}: name the folder with the real data in --data (docs/benchmarks.md lists it)")
    with zipfile.ZipFile(path) as archive:
        known = json.loads(archive.read("ground-truth.json"))
        return [
            KnownPage(told["url"], gzip.decompress(archive.read(f"html/{key}.html.gz")), told["articleBody"])
            for key, told in known.items()
        ]


def measure(pages: Sequence[KnownPage], progress: Progress) -> list[Figure]:
    """Agreement with the articles, and CPU time, of our extraction and of the peer's. `progress` hears of pages.

    Texts of any length count: how many words an article needs is not a matter of extraction.
    """
    ours = agreement([(page.text, _ours(page)) for page in pages])
    theirs = agreement([(page.text, _theirs(page)) for page in pages])
    mine, other = _cost(pages, progress)
    return [
        Figure("article text", "F1", ours.f1, PEER, theirs.f1),
        Figure("article text, precision", "share", ours.precision, PEER, theirs.precision),
        Figure("article text, recall", "share", ours.recall, PEER, theirs.recall),
        Figure("CPU per page", "ms", mine, PEER, other),
    ]


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Of pairs of article and text: precision counts where something was taken, recall where there was an article."""
    matches = [match(article, taken) for article, taken in pairs]
    precisions = [each.both / (each.both + each.surplus) for each in matches if each.both + each.surplus]
    recalls = [each.both / (each.both + each.missed) for each in matches if each.both + each.missed]
    return Agreement(fmean(precisions or [0.0]), fmean(recalls or [0.0]))


def match(article: str, taken: str) -> Match:
    """How the runs of words of two texts compare; all zero where neither has a word."""
    wanted, found = _runs(article), _runs(taken)
    counts = ((wanted & found).total(), (found - wanted).total(), (wanted - found).total())
    whole = sum(counts) or 1
    return Match(*(count / whole for count in counts))


def _runs(text: str) -> Counter[tuple[str, ...]]:
    """How often each run of words stands in the text; a text of fewer words is one run."""
    words = _WORD.findall(text)
    return Counter(tuple(words[start : start + RUN]) for start in range(max(len(words) - RUN + 1, min(len(words), 1))))


def _ours(page: KnownPage) -> str:
    try:
        return extract(page.body, page.url, "text/html", None, _NOW, 1).text
    except NoText:
        return ""


def _theirs(page: KnownPage) -> str:
    return trafilatura.extract(page.body) or ""


def _cost(pages: Sequence[KnownPage], progress: Progress) -> tuple[float, float]:
    """Mean milliseconds of processor time per page, ours and those of the peer's call that also finds the metadata."""
    costs = []
    for page in pages:
        rounds = [(_busy(_ours, page), _busy(_peer, page)) for _ in range(ROUNDS)]
        costs.append([min(side) for side in zip(*rounds, strict=True)])
        progress(1)
    mine, other = (1000 * fmean(side) for side in zip(*costs, strict=True))
    return mine, other


def _peer(page: KnownPage) -> object:
    return trafilatura.bare_extraction(page.body, url=page.url, with_metadata=True)


def _busy(work: Callable[[KnownPage], object], page: KnownPage) -> float:
    """Seconds that the processor works on this page."""
    begun = time.process_time()
    work(page)
    return time.process_time() - begun
