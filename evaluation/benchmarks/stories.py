"""How well articles are brought together that tell the same story, and how quick that is.

Pairs of articles are counted: precision is how many of those in one story belong there, recall how many of those that
belong together are. Articles come in a random order, as they do from many sources, and several orders are averaged.
The peers are each half of ours alone, and what ingest does before: texts with the same words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import combinations
from typing import Final

import numpy as np

from catalog.ids import ArticleId
from catalog.records import Article
from catalog.stories import Neighbour
from evaluation.benchmarks.figures import Figure, seconds
from evaluation.benchmarks.retold import Told
from ingest.config import EnrichOptions
from ingest.fingerprint import fingerprint
from ingest.passage import passage
from ingest.sketch import PLACES, sketch
from ingest.stories import Stories
from models.protocols import Encoder, Progress

ORDERS: Final = 5
KNOWN: Final = 20_000
ASKED: Final = 50
LONG: Final = 1000
"""Words of a text whose sketch is timed."""

_NEVER: Final = 10.0
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Score:
    """Of pairs: precision and recall; 1.0 where there was nothing to be wrong about."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def measure(told: Sequence[Told], encoder: Encoder, options: EnrichOptions, progress: Progress) -> list[Figure]:
    """All figures of `options` on the half of `told` that nothing was chosen on. `progress` hears of texts encoded."""
    articles = [_article(place, one) for place, one in enumerate(told)]
    vectors = encoder.encode([passage(article) for article in articles], progress)
    compared = [
        Neighbour(article.id, None, one.language, _AT, vector, sketch(one.text))
        for article, one, vector in zip(articles, told, vectors, strict=True)
    ]
    chosen_on, reported = ([place for place, one in enumerate(told) if one.half == half] for half in (0, 1))
    ours = _averaged(told, compared, reported, options)
    peers = {
        "the same words": _score(told, {place: fingerprint(told[place].text) for place in reported}),
        "MinHash alone": _averaged(
            told,
            compared,
            reported,
            replace(options, story_cosine=_NEVER, story_cosine_across=_NEVER, story_slack=20.0),
        ),
        "embeddings alone": _averaged(told, compared, reported, replace(options, story_jaccard=_NEVER)),
    }
    return [
        *(_figure(unit, ours, peer, score) for peer, score in peers.items() for unit in ("precision", "recall", "F1")),
        Figure("stories, the half chosen on", "F1", _averaged(told, compared, chosen_on, options).f1),
        *_speed(encoder.dimensions, options),
    ]


def _figure(unit: str, ours: Score, peer: str, theirs: Score) -> Figure:
    """F1 under the plain name; precision and recall, which are shares of pairs, under their own."""
    name = "stories" if unit == "F1" else f"stories, {unit}"
    told = unit.lower()
    return Figure(name, unit if unit == "F1" else "share", getattr(ours, told), peer, getattr(theirs, told))


def _averaged(
    told: Sequence[Told], compared: Sequence[Neighbour], places: Sequence[int], options: EnrichOptions
) -> Score:
    scores = [_score(told, _assigned(compared, places, options, seed)) for seed in range(ORDERS)]
    return Score(
        float(np.mean([score.precision for score in scores])), float(np.mean([score.recall for score in scores]))
    )


def _assigned(
    compared: Sequence[Neighbour], places: Sequence[int], options: EnrichOptions, seed: int
) -> dict[int, ArticleId]:
    """The story of each, told in an order of its own."""
    stories, found = Stories(options), dict[int, ArticleId]()
    for place in np.random.default_rng(seed).permutation(np.array(places)).tolist():
        one = stories.of(compared[place])
        stories.add(compared[place], one)
        found = {each: one.story if story in one.absorbed else story for each, story in found.items()}
        found[place] = one.story
    return found


def _score(told: Sequence[Told], found: Mapping[int, str]) -> Score:
    """What two texts run into one tell is not judged, unless it is put with a stranger."""
    right = wrong = missed = 0
    for one, other in combinations(found, 2):
        together = found[one] == found[other]
        if told[one].stories == told[other].stories:
            right += together
            missed += not together
        elif not told[one].stories & told[other].stories:
            wrong += together
    return Score(right / (right + wrong) if right + wrong else 1.0, right / (right + missed) if right + missed else 1.0)


def _speed(dimensions: int, options: EnrichOptions) -> list[Figure]:
    """The story of one article among many that are known, none of which tells it; and sketches of long texts."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(KNOWN + ASKED, dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    sketches = random.integers(2**32, size=(KNOWN + ASKED, PLACES), dtype=np.uint32)
    rows = [
        Neighbour(ArticleId(str(place)), None, "en", _AT, vector, drawn)
        for place, (vector, drawn) in enumerate(zip(vectors, sketches, strict=True))
    ]
    stories = Stories(options, rows[:KNOWN])
    each = [seconds(partial(stories.of, row)) for row in rows[KNOWN:]]
    texts = [" ".join(f"w{number}" for number in random.integers(20_000, size=LONG)) for _ in range(ASKED)]
    taken = seconds(lambda: [sketch(text) for text in texts])
    return [
        Figure(f"a story among {KNOWN}", "ms", 1000 * float(np.median(each))),
        Figure(f"sketches of {LONG} words", "texts/s", len(texts) / taken),
    ]


def _article(place: int, one: Told) -> Article:
    return Article(
        id=ArticleId(str(place)),
        source_id=None,
        url=None,
        title=one.title,
        lead="",
        text=one.text,
        author="",
        site_name="",
        image_url=None,
        language=one.language,
        published_at=_AT,
        created_at=_AT,
        digest="",
    )
