"""Small taggers and simulated decisions, for what learns from curators and what judges it."""

from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import Any

import numpy as np

from catalog.ids import ArticleId
from models.splits import Part, held_out
from models.tagger_learn import Lesson
from models.taggers import Head, Taggers
from tests.make import NOW

DIMENSIONS = 8
CONCEPTS = ("economy", "banking", "sport", "football", "weather")
PARENTS = (-1, 0, -1, 2, -1)


def head(facet: str = "topic", seed: int = 0) -> Head:
    random = np.random.default_rng(seed)
    weights = random.normal(size=(DIMENSIONS, len(CONCEPTS))).astype(np.float32)
    return Head(facet, CONCEPTS, PARENTS, weights, np.zeros(len(CONCEPTS), np.float32), (-1.0, 0.6, 0.3))


def taggers(*heads: Head) -> Taggers:
    return Taggers("1-shared", "e" * 64, "t" * 64, heads or (head(), head("function", 1)))


def vectors(n: int, seed: int = 0) -> np.ndarray:
    """Unit rows that share a direction, as sentence embeddings do."""
    rows = np.random.default_rng(seed).normal(size=(n, DIMENSIONS)) + 1.0
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def stories(part: Part = "fit") -> Iterator[str]:
    """Names of stories of one part."""
    return (name for name in map("story {}".format, count()) if held_out(name) == part)


def lesson(story: str, said: Mapping[str, Mapping[str, float]], **given: Any) -> Lesson:
    """A person set these tags."""
    defaults: dict[str, Any] = {"language": "nl", "at": NOW, "weight": dict.fromkeys(said, 1.0)}
    return Lesson(**{"article": ArticleId(f"of {story}"), "story": story, "said": said, **defaults, **given})


def lessons(rows: np.ndarray, part: Part = "fit", *, facet: str = "topic", seed: int = 5) -> list[Lesson]:
    """One decision per row, by a curator whose own mind is linear as well: it is not that of the shared heads."""
    mind = np.random.default_rng(seed).normal(size=(DIMENSIONS, len(CONCEPTS))) * 4
    wanted = (rows - rows.mean(axis=0)) @ mind > 0
    tops = [place for place, parent in enumerate(PARENTS) if parent < 0]
    return [
        lesson(story, {facet: {CONCEPTS[place]: float(row[place]) for place in tops}})
        for row, story in zip(wanted, islice(stories(part), len(rows)), strict=True)
    ]
