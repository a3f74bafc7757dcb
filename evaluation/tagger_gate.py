"""May refitted taggers take the place of those in use? A pure comparison on decisions that neither has learned from.

Two questions: are the probabilities as a whole at least as good (log loss), and has no single label become worse
(average precision)? A label with few decisions gets no verdict, and that is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Invalid
from models.protocols import Vectors
from models.splits import held_out
from models.tagger_learn import Lesson, targets_of
from models.taggers import Taggers

Matrix = NDArray[np.float64]

_NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class TaggerGateOptions:
    """What a promotion takes.

    Log loss that is not worse, and surely not worse by more than the share `tolerance`, over at least `stories`
    stories. A label is judged from `decisions` decisions on, of which `least` said yes and `least` no, and must not
    surely have lost more than `lost` of its average precision.
    """

    stories: int = 20
    tolerance: float = 0.05
    decisions: int = 20
    least: int = 5
    lost: float = 0.01
    confidence: float = 0.95
    resamples: int = 1000
    seed: int = 20


@dataclass(frozen=True, slots=True)
class LabelVerdict:
    """One concept: average precision before and after, and the interval of the difference (challenger − champion)."""

    facet: str
    concept: str
    decisions: int
    verdict: Literal["not worse", "worse", "too few decisions"]
    champion: float = _NAN
    challenger: float = _NAN
    interval: tuple[float, float] = (_NAN, _NAN)

    def to_row(self) -> dict[str, Any]:
        """For a table and for `--json`; what was not measured is None."""
        judged = self.verdict != "too few decisions"
        return {
            "facet": self.facet,
            "concept": self.concept,
            "decisions": self.decisions,
            "verdict": self.verdict,
            "before": self.champion if judged else None,
            "after": self.challenger if judged else None,
            "low": self.interval[0] if judged else None,
            "high": self.interval[1] if judged else None,
        }


@dataclass(frozen=True, slots=True)
class TaggerVerdict:
    """Whether the challenger passes, why in one line, how its log loss differs (challenger − champion), each label."""

    passed: bool
    reason: str
    stories: int
    difference: float
    interval: tuple[float, float]
    labels: tuple[LabelVerdict, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Label:
    """What was decided on one concept, and how probable either taggers said it was."""

    facet: str
    concept: str
    story: NDArray[np.intp]
    target: Matrix
    weight: Matrix
    champion: Matrix
    challenger: Matrix


def compare(
    vectors: Vectors,
    lessons: Sequence[Lesson],
    champion: Taggers,
    challenger: Taggers,
    options: TaggerGateOptions,
) -> TaggerVerdict:
    """Judge both on lessons of the part `gate` (`models.splits`); row i of `vectors` is the article of lesson i.

    Concepts that only one of the two knows are not compared. Raises Invalid for a lesson of another part, or taggers
    of different encoders: nothing but the part that nobody learned from can judge.
    """
    _check(vectors, lessons, champion, challenger)
    _, story = np.unique([lesson.story for lesson in lessons], return_inverse=True)
    labels = _labels(vectors, lessons, story, champion, challenger)
    spoken_of = len({each for label in labels for each in label.story.tolist()})
    if spoken_of < options.stories:
        reason = f"refused: {spoken_of} held-out stories were decided, {options.stories} are needed"
        return TaggerVerdict(False, reason, spoken_of, _NAN, (_NAN, _NAN), ())
    draws = _draws(int(story.max()) + 1, options)
    before, difference, interval = _log_loss(labels, draws, options)
    judged = _judge(labels, draws, options)
    worse = [label for label in judged if label.verdict == "worse"]
    as_good = difference <= 0 and interval[1] <= options.tolerance * before
    figures = (
        f"log loss {before + difference:.4f} against {before:.4f} of {champion.version} on {spoken_of} stories, "
        f"difference {difference:+.4f} ({options.confidence:.0%}: {interval[0]:+.4f} to {interval[1]:+.4f}); "
        f"{_counted(judged)}"
    )
    word = _word(as_good, difference, worse, options)
    return TaggerVerdict(as_good and not worse, f"{word}: {figures}", spoken_of, difference, interval, judged)


def _check(vectors: Vectors, lessons: Sequence[Lesson], champion: Taggers, challenger: Taggers) -> None:
    if champion.encoder != challenger.encoder:
        raise Invalid("champion and challenger read vectors of different encoders: fit the challenger again")
    if len(vectors) != len(lessons):
        raise Invalid(f"{len(lessons)} lessons came with {len(vectors)} vectors: hand in one for each")
    champion.require_fitting(vectors)
    learned = sum(held_out(lesson.story) != "gate" for lesson in lessons)
    if learned:
        raise Invalid(f"{learned} lessons are not of the part 'gate': hand in only stories that are held out to judge")


def _labels(
    vectors: Vectors, lessons: Sequence[Lesson], story: NDArray[np.intp], champion: Taggers, challenger: Taggers
) -> list[_Label]:
    """Each concept that was spoken of and that both know."""
    found = []
    new_heads = {head.facet: head for head in challenger.heads}
    for head in champion.heads:
        if head.facet not in new_heads:
            continue
        new = new_heads[head.facet]
        places = {concept: place for place, concept in enumerate(new.concepts)}
        targets, weights = targets_of(head, lessons)
        before, after = champion.corrected(head, vectors), challenger.corrected(new, vectors)
        for place, concept in enumerate(head.concepts):
            rows = np.flatnonzero(weights[:, place])
            if len(rows) and concept in places:
                target, weight = (part[rows, place].astype(np.float64) for part in (targets, weights))
                odds = (before[rows, place], after[rows, places[concept]])
                found.append(_Label(head.facet, concept, story[rows], target, weight, *odds))
    return found


def _draws(stories: int, options: TaggerGateOptions) -> Matrix:
    """How often each story is in each resample, shape (resamples, stories): a bootstrap (Efron and Tibshirani, 1993).

    Stories are drawn, with all their decisions: those of one story are too alike to count as so many witnesses.
    """
    random = np.random.default_rng(options.seed)
    return random.multinomial(stories, np.full(stories, 1 / stories), size=options.resamples).astype(np.float64)


def _log_loss(
    labels: Sequence[_Label], draws: Matrix, options: TaggerGateOptions
) -> tuple[float, float, tuple[float, float]]:
    """The champion's mean loss per decided label, by how much the challenger's differs, and the interval of that."""
    before, change, weight = (np.zeros(draws.shape[1]) for _ in range(3))
    for label in labels:
        old, new = (_losses(said, label) for said in (label.champion, label.challenger))
        np.add.at(before, label.story, old)
        np.add.at(change, label.story, new - old)
        np.add.at(weight, label.story, label.weight)
    means = (draws @ change) / np.maximum(draws @ weight, weight[weight > 0].min())
    tail = (1 - options.confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(before.sum() / weight.sum()), float(change.sum() / weight.sum()), (float(low), float(high))


def _losses(said: Matrix, label: _Label) -> Matrix:
    within = np.clip(said, 1e-12, 1 - 1e-12)
    return -label.weight * (label.target * np.log(within) + (1 - label.target) * np.log1p(-within))


def _judge(labels: Sequence[_Label], draws: Matrix, options: TaggerGateOptions) -> tuple[LabelVerdict, ...]:
    """Each label. The more are judged, the surer one must be (Bonferroni), or some would look worse by chance alone."""
    enough = [label for label in labels if _is_enough(label, options)]
    sure = NormalDist().inv_cdf(1 - (1 - options.confidence) / max(len(enough), 1))
    verdicts = []
    for label in labels:
        decisions = len(label.target)
        if not _is_enough(label, options):
            verdicts.append(LabelVerdict(label.facet, label.concept, decisions, "too few decisions"))
            continue
        once = np.ones((1, draws.shape[1]))
        old, new = (float(_precision(said, label, once)[0]) for said in (label.champion, label.challenger))
        drawn = _precision(label.challenger, label, draws) - _precision(label.champion, label, draws)
        reach = sure * float(np.nanstd(drawn))
        interval = (new - old - reach, new - old + reach)
        verdict: Literal["worse", "not worse"] = "worse" if interval[1] < -options.lost else "not worse"
        verdicts.append(LabelVerdict(label.facet, label.concept, decisions, verdict, old, new, interval))
    return tuple(verdicts)


def _is_enough(label: _Label, options: TaggerGateOptions) -> bool:
    yes = int((label.target > 0.5).sum())
    return len(label.target) >= options.decisions and min(yes, len(label.target) - yes) >= options.least


def _precision(said: Matrix, label: _Label, draws: Matrix) -> Matrix:
    """Average precision in each resample; not-a-number where nobody said yes. Of equals, the wrong go first."""
    order = np.lexsort((label.target, -said))
    counted = draws[:, label.story[order]] * label.weight[order]
    right = counted * (label.target[order] > 0.5)
    precision = np.cumsum(right, axis=1) / np.maximum(np.cumsum(counted, axis=1), 1e-12)
    found = right.sum(axis=1)
    return np.asarray(np.divide((precision * right).sum(axis=1), found, out=np.full(len(found), _NAN), where=found > 0))


def _counted(judged: Sequence[LabelVerdict]) -> str:
    few = sum(label.verdict == "too few decisions" for label in judged)
    return f"{len(judged) - few} labels judged, {few} with too few decisions"


def _word(as_good: bool, difference: float, worse: Sequence[LabelVerdict], options: TaggerGateOptions) -> str:
    if difference > 0:
        return "refused, it is worse"
    if not as_good:
        return f"refused, it may be worse by more than {options.tolerance:.0%}"
    if worse:
        return f"refused, worse at {', '.join(f'{label.facet} {label.concept}' for label in worse)}"
    return "passed"
