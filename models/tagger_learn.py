"""Taggers that learn from curators: a correction of the shared heads, fitted to what people decided.

A decision says something about some concepts of some facets of one article, and nothing about the rest: what nobody
looked at is no denial. So each concept has a logistic regression of its own over the decisions that speak of it, and
all of a facet are fitted together. Without decisions the shared heads stay exactly what they are.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from catalog.clock import require_aware
from catalog.errors import Invalid
from catalog.ids import ArticleId
from models import offset_logistic
from models.corrections import Correction, log_odds
from models.offset_logistic import Problem, Regression
from models.protocols import Progress, Vectors
from models.splits import held_out
from models.taggers import Head, Taggers

APPROVED: Final = 0.3
"""The weight of what a person merely let stand: they agreed, or did not look."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one decision taught about one article.

    `said` gives per facet the concepts that a person confirmed or added (1.0) and those they removed (0.0). `weight` is
    per facet how much that counts: 1.0 where a person changed or set it, `APPROVED` where they let it stand; a facet
    without a weight was not spoken of. `complete` names facets of which all was said, so that what is not named is
    denied. Raises ValueError for a moment without a time zone, a target outside 0..1 or a weight that is no weight.
    """

    article: ArticleId
    story: str
    language: str | None
    at: datetime
    said: Mapping[str, Mapping[str, float]]
    weight: Mapping[str, float]
    complete: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        require_aware("at", self.at)
        if any(not 0.0 <= target <= 1.0 for facet in self.said.values() for target in facet.values()):
            raise ValueError(f"{self.article}: a target is not within 0..1")
        if any(not 0.0 <= weight < float("inf") for weight in self.weight.values()):
            raise ValueError(f"{self.article}: a weight is negative or not finite")


@dataclass(frozen=True, slots=True)
class RefitOptions:
    """How a correction is fitted.

    `strengths` are the precisions of the prior that may be chosen, from strong to weak: which of them predicts unseen
    stories best is found on about `sample` decisions per facet, because the prior does not depend on how many there
    are. A facet with less than `stories` stories keeps its shared head. `threads` bounds the processors used.
    """

    strengths: tuple[float, ...] = (1.0, 0.1, 0.03, 0.01, 0.003)
    sample: int = 1000
    stories: int = 10
    threads: int = 1


def refit(
    base: Taggers,
    vectors: Vectors,
    lessons: Sequence[Lesson],
    options: RefitOptions,
    progress: Progress | None = None,
) -> Taggers:
    """The shared heads of `base` with a correction for these lessons; an older correction is not built upon.

    `vectors` (n, dimensions) holds the article of lesson i in row i. Concepts and facets that the heads do not know are
    passed over: the vocabulary has moved on. `progress` hears of each facet. Raises Invalid for vectors that do not
    belong to the lessons or are not finite, and for a lesson of a story that is held out.
    """
    _check(base, vectors, lessons)
    order = sorted(range(len(lessons)), key=lambda row: _identity(lessons[row]))
    vectors, lessons = vectors[order].astype(np.float32), [lessons[row] for row in order]
    corrections = []
    with threadpool_limits(options.threads, "blas"):
        for head in base.heads:
            correction = _correct(head, vectors, lessons, options)
            corrections += [correction] if correction else []
            if progress is not None:
                progress(1)
    return replace(
        base,
        version=_version(base, corrections),
        corrections=tuple(corrections),
        learned_from=frozenset(lesson.article for lesson in lessons),
    )


def _check(base: Taggers, vectors: Vectors, lessons: Sequence[Lesson]) -> None:
    if len(vectors) != len(lessons):
        raise Invalid(f"{len(lessons)} lessons came with {len(vectors)} vectors: hand in one for each")
    base.require_fitting(vectors)
    kept_back = {lesson.story for lesson in lessons if held_out(lesson.story) != "fit"}
    if kept_back:
        raise Invalid(
            f"{len(kept_back)} stories are held out to judge taggers, such as {min(kept_back)}: leave them out"
        )


def _identity(lesson: Lesson) -> tuple[str, ...]:
    """An order that does not depend on how the lessons came in."""
    said = repr(sorted((facet, *sorted(concepts.items())) for facet, concepts in lesson.said.items()))
    told = (repr(sorted(lesson.weight.items())), repr(sorted(lesson.complete)))
    return lesson.story, lesson.article, lesson.at.isoformat(), said, *told


def _correct(head: Head, vectors: Vectors, lessons: Sequence[Lesson], options: RefitOptions) -> Correction | None:
    """What the lessons add to one head; None where there are too few of them, or the head is better without."""
    targets, weights = targets_of(head, lessons)
    rows, columns = (np.asarray(weights.any(axis=axis)) for axis in (1, 0))
    if len({lesson.story for lesson, spoken in zip(lessons, rows, strict=True) if spoken}) < options.stories:
        return None
    spoken = np.ix_(rows, columns)
    problem = Problem(
        vectors=vectors[rows],
        offsets=log_odds(head.probabilities(vectors[rows]))[:, columns].astype(np.float32),
        targets=targets[spoken],
        weights=weights[spoken],
        stories=tuple(lesson.story for lesson, chosen in zip(lessons, rows, strict=True) if chosen),
    )
    strength = offset_logistic.choose(offset_logistic.sample(problem, options.sample), options.strengths)
    if strength is None:
        return None
    term = Regression(problem).fit(strength)
    added = np.zeros_like(head.weights, shape=(vectors.shape[1], len(head.concepts)), dtype=np.float32)
    bias = np.zeros(len(head.concepts), np.float32)
    added[:, columns], bias[columns] = term.weights, term.bias
    return Correction(head.facet, added, bias)


def targets_of(head: Head, lessons: Sequence[Lesson]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Targets and weights, both (lessons, concepts); the weight is 0 where a lesson says nothing of a concept.

    Who confirms a concept confirms those above it, whatever was said of them; who denies one denies those below it.
    """
    places = {concept: place for place, concept in enumerate(head.concepts)}
    targets = np.zeros((len(lessons), len(places)), np.float32)
    weights = np.zeros_like(targets)
    for row, lesson in enumerate(lessons):
        weight = lesson.weight.get(head.facet, 0.0)
        if not weight:
            continue
        known = {places[one]: target for one, target in lesson.said.get(head.facet, {}).items() if one in places}
        implied = _with_family(known, head.parents)
        targets[row, list(implied)] = list(implied.values())
        weights[row, slice(None) if head.facet in lesson.complete else list(implied)] = weight
    return targets, weights


def _with_family(known: Mapping[int, float], parents: tuple[int, ...]) -> dict[int, float]:
    """Targets by place, with what follows from them for parents and children."""
    implied = dict(known)
    for child in reversed(range(len(parents))):  # a child always stands after its parent
        parent = parents[child]
        if parent >= 0 and implied.get(child, 0.0) > implied.get(parent, 0.0):
            implied[parent] = implied[child]
    for child, parent in enumerate(parents):
        if parent >= 0 and implied.get(parent) == 0.0:
            implied[child] = 0.0
    return implied


def _version(base: Taggers, corrections: Sequence[Correction]) -> str:
    """The name of the shared heads, and after a plus what was learned on top: the same lessons give the same name."""
    shared, _, _ = base.version.partition("+")
    if not corrections:
        return shared
    content = hashlib.sha256(shared.encode())
    for correction in corrections:
        content.update(correction.facet.encode() + correction.weights.tobytes() + correction.bias.tobytes())
    return f"{shared}+{content.hexdigest()[:12]}"
