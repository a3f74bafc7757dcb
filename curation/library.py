"""What is found in several ways, in one order: each story once, the better placed before the worse."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from catalog.ids import ArticleId
from catalog.search import Candidate

RANK_CONSTANT: Final = 60
"""How little the first places are preferred to those behind them: the k of reciprocal rank fusion (Cormack, Clarke and
Büttcher, SIGIR 2009), who found 60 near the best on four collections and the choice not critical. Ranks are all that is
compared, so the score of a word search and a cosine need not mean the same."""


class Way(StrEnum):
    """How an article was found."""

    WORDS = "words"
    MEANING = "meaning"


@dataclass(frozen=True, slots=True)
class Hit:
    """One story that was found: the article that tells it best, and the ways in which the story was found."""

    article: ArticleId
    story: ArticleId
    score: float
    ways: tuple[Way, ...]


def fuse(rankings: Mapping[Way, Sequence[Candidate]]) -> list[Hit]:
    """One hit per story, best first; of equally good ones the newest. `rankings` are each best first.

    A story has the place of its best article in each ranking, so that several who tell it do not push others down, nor
    itself up. The article that stands for it is the one with the best place, of equal ones the newest.
    """
    scores: defaultdict[ArticleId, float] = defaultdict(float)
    ways: defaultdict[ArticleId, list[Way]] = defaultdict(list)
    best: dict[ArticleId, tuple[int, Candidate]] = {}
    for way, ranking in rankings.items():
        for place, candidate in enumerate(_one_per_story(ranking), start=1):
            story = candidate.story_id
            scores[story] += 1 / (RANK_CONSTANT + place)
            ways[story].append(way)
            best[story] = min((place, candidate), best.get(story, (place, candidate)), key=_placed)
    hits = [Hit(best[story][1].id, story, score, tuple(ways[story])) for story, score in scores.items()]
    return sorted(hits, key=lambda hit: (-hit.score, *_newest_first(best[hit.story][1])))


def _one_per_story(ranking: Sequence[Candidate]) -> list[Candidate]:
    first: dict[ArticleId, Candidate] = {}
    for candidate in ranking:
        first.setdefault(candidate.story_id, candidate)
    return list(first.values())


def _placed(found: tuple[int, Candidate]) -> tuple[int, float, str]:
    place, candidate = found
    return place, *_newest_first(candidate)


def _newest_first(candidate: Candidate) -> tuple[float, str]:
    return -candidate.published_at.timestamp(), candidate.id
