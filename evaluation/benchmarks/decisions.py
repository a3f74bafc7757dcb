"""What a curator's decisions add to the tags: a curve over their number, and how long a refit of very many takes.

The decisions are simulated on texts with labels that nobody here gave: somebody reads an article and sets one facet of
it. Half of the texts can be decided on, the other half is asked about.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from catalog.ids import ArticleId
from catalog.taxonomy import Taxonomy
from evaluation.benchmarks.figures import Figure, seconds
from evaluation.benchmarks.texts import Labelled
from models.protocols import Encoder, Progress, Vectors
from models.splits import held_out
from models.tagger_fit import examples, fit
from models.tagger_learn import Lesson, RefitOptions, refit
from models.taggers import Head, Taggers

NOW: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)

ALONE: Final = 100.0
"""The inverse strength of regularisation that suits the head from decisions alone best, of 1, 10 and 100."""

_BINS: Final = 15


@dataclass(frozen=True, slots=True)
class DecisionOptions:
    """How many texts of each kind are encoded, after how many decisions is measured, and how large the refit is."""

    texts: int = 600
    decisions: tuple[int, ...] = (25, 50, 100, 300)
    compared: int = 100
    """After so many decisions the peers are asked as well."""
    seeds: tuple[int, ...] = (1, 2, 3)
    lessons: int = 50_000
    refit: RefitOptions = field(default_factory=RefitOptions)


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """Encoded texts of one facet, and what a curator would say of each: `truth` is the place of its top concept."""

    head: Head
    tops: tuple[int, ...]
    texts: tuple[str, ...]
    vectors: Vectors
    truth: NDArray[np.intp]

    @classmethod
    def of(cls, known: Labelled, head: Head, encoder: Encoder, most: int, progress: Progress) -> "Desk":
        """At most `most` of the texts, drawn with a fixed seed."""
        drawn = np.random.default_rng(0).permutation(len(known.texts))[:most]
        texts = tuple(known.texts[place] for place in drawn)
        tops = tuple(place for place, parent in enumerate(head.parents) if parent < 0)
        places = {head.concepts[top]: place for place, top in enumerate(tops)}
        truth = np.array([places[known.concepts[place]] for place in drawn])
        return cls(head, tops, texts, encoder.encode(texts, progress), truth)

    def lessons(self, rows: NDArray[np.intp]) -> list[Lesson]:
        """Somebody set the facet of these texts: one top concept is right, the others are wrong."""
        ids = [self.head.concepts[top] for top in self.tops]
        facet = self.head.facet
        return [
            _lesson(row, story, {facet: {one: float(one == ids[self.truth[row]]) for one in ids}})
            for row, story in zip(rows, _stories(), strict=False)
        ]

    def halves(self, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Which texts can be decided on, in the order of the decisions, and which are asked about."""
        order = np.random.default_rng(seed).permutation(len(self.texts))
        return order[: len(order) // 2], order[len(order) // 2 :]

    def learned(self, taggers: Taggers, rows: NDArray[np.intp], options: RefitOptions) -> Taggers:
        """The head of this facet after decisions on these texts; without any it is as it was."""
        base = replace(taggers, heads=(self.head,), corrections=())
        return refit(base, self.vectors[rows], self.lessons(rows), options)

    def reached(self, taggers: Taggers, test: NDArray[np.intp]) -> float:
        """Macro-F1 of the likeliest top concept."""
        return _macro_f1(self.truth[test], self.probabilities(taggers, test).argmax(axis=1))

    def probabilities(self, taggers: Taggers, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Of the top concepts, shape (rows, tops)."""
        head = next(one for one in taggers.heads if one.facet == self.head.facet)
        return taggers.corrected(head, self.vectors[rows])[:, self.tops]


def measure(
    texts: Sequence[Labelled],
    taxonomy: Taxonomy,
    encoder: Encoder,
    taggers: Taggers,
    options: DecisionOptions,
    progress: Progress,
) -> list[Figure]:
    """All figures; `progress` hears of texts that were encoded."""
    figures: list[Figure] = []
    vocabulary = _Remembered(encoder, [example.text for example in examples(taxonomy)], progress)
    heads = {head.facet: head for head in taggers.heads}
    desks: list[Desk] = []
    for known in texts:
        desk = Desk.of(known, heads[known.facet], encoder, options.texts, progress)
        desks.append(desk)
        vocabulary.learn(desk.texts, desk.vectors)
        curves = [_curves(desk, taxonomy, vocabulary, taggers, options, seed) for seed in options.seeds]
        means = {name: float(np.mean([curve[name] for curve in curves])) for name in curves[0]}
        figures += _told(known.name, means, options)
    return figures + _refit(taggers, np.concatenate([desk.vectors for desk in desks]), options)


def gain(known: Labelled, taggers: Taggers, encoder: Encoder, options: DecisionOptions, progress: Progress) -> Figure:
    """Macro-F1 after `options.compared` decisions beside none, as means over the seeds."""
    head = next(each for each in taggers.heads if each.facet == known.facet)
    desk = Desk.of(known, head, encoder, options.texts, progress)
    reached = []
    for seed in options.seeds:
        pool, test = desk.halves(seed)
        numbers = (options.compared, 0)
        reached.append([desk.reached(desk.learned(taggers, pool[:most], options.refit), test) for most in numbers])
    after, before = np.mean(reached, axis=0).tolist()
    return Figure(f"{known.name}: {len(pool[: options.compared])} decisions", "macro-F1", after, "shared heads", before)


def _told(name: str, found: Mapping[tuple[str, int], float], options: DecisionOptions) -> list[Figure]:
    """The means over the seeds as lines of a table."""
    at = options.compared
    figures = []
    for decisions in options.decisions:
        ours = found["ours", decisions]
        figures.append(Figure(f"{name}: {decisions} decisions", "macro-F1", ours, "shared heads", found["shared", 0]))
        if decisions == at:
            figures += [
                Figure(f"{name}: {decisions} decisions", "macro-F1", ours, peer, found[peer, decisions])
                for peer in ("decisions alone", "vocabulary and decisions together")
            ]
        if decisions in options.decisions[1:-1]:  # the first were drawn, and the last are nearly all there are
            unsure = found["unsure", decisions]
            order = f"{name}: {decisions} decisions, unsurest first"
            figures.append(Figure(order, "macro-F1", unsure, "in any order", ours))
    return figures + [
        Figure(f"{name}: {at} decisions", unit, found[unit, at], "shared heads", found[unit, 0])
        for unit in ("log loss", "calibration error")
    ]


def _curves(
    desk: Desk, taxonomy: Taxonomy, vocabulary: "_Remembered", taggers: Taggers, options: DecisionOptions, seed: int
) -> dict[tuple[str, int], float]:
    """What is reached after how many decisions, by what is measured."""
    pool, test = desk.halves(seed)

    def learned(rows: NDArray[np.intp]) -> Taggers:
        return desk.learned(taggers, rows, options.refit)

    base = learned(pool[:0])
    found = {("shared", 0): desk.reached(base, test), **_sureness(desk, base, test, 0)}
    decided = pool[: options.decisions[0]]
    for decisions in options.decisions:
        after = learned(pool[:decisions])
        found["ours", decisions] = desk.reached(after, test)
        decided = _unsurest(desk, learned(decided), pool, decided, decisions)
        found["unsure", decisions] = desk.reached(learned(decided), test)
        if decisions == options.compared:
            rows = pool[:decisions]
            found |= _sureness(desk, after, test, decisions)
            alone = LogisticRegression(C=ALONE, max_iter=1000).fit(desk.vectors[rows], desk.truth[rows])
            found["decisions alone", decisions] = _macro_f1(desk.truth[test], alone.predict(desk.vectors[test]))
            together = fit(_with_examples(taxonomy, desk, rows), vocabulary)
            found["vocabulary and decisions together", decisions] = desk.reached(together, test)
    return found


def _unsurest(
    desk: Desk, taggers: Taggers, pool: NDArray[np.intp], decided: NDArray[np.intp], most: int
) -> NDArray[np.intp]:
    """What was decided, and up to `most` in all those whose tags are the least sure (entropy, summed over concepts)."""
    waiting = np.setdiff1d(pool, decided)
    sure = np.clip(desk.probabilities(taggers, waiting), 1e-9, 1 - 1e-9)
    entropy = -(sure * np.log(sure) + (1 - sure) * np.log1p(-sure)).sum(axis=1)
    return np.concatenate([decided, waiting[np.argsort(-entropy, kind="stable")][: most - len(decided)]])


def _with_examples(taxonomy: Taxonomy, desk: Desk, rows: NDArray[np.intp]) -> Taxonomy:
    """The vocabulary of this facet, and of topics as its background, with the decided texts among its headlines."""
    facet = desk.head.facet
    concepts = dict(taxonomy.facets[facet])
    for row in rows:
        one = concepts[desk.head.concepts[desk.tops[desk.truth[row]]]]
        more = {**one.examples, "en": (*one.examples["en"], desk.texts[row])}
        concepts[one.id] = replace(one, examples=more)
    kept = {name: taxonomy.facets[name] if name == "topic" else {} for name in taxonomy.facets}
    return replace(taxonomy, facets={**kept, facet: concepts})


def _sureness(desk: Desk, taggers: Taggers, test: NDArray[np.intp], decisions: int) -> dict[tuple[str, int], float]:
    """Log loss and calibration error of the probabilities of all top concepts."""
    said = np.clip(desk.probabilities(taggers, test), 1e-9, 1 - 1e-9).ravel()
    right = (desk.truth[test][:, None] == np.arange(len(desk.tops))).ravel()
    loss = -np.log(np.where(right, said, 1 - said)).mean()
    bins = np.array_split(np.argsort(said, kind="stable"), _BINS)
    gaps = [abs(said[one].mean() - right[one].mean()) * len(one) for one in bins if len(one)]
    return {("log loss", decisions): float(loss), ("calibration error", decisions): float(sum(gaps) / len(said))}


def _macro_f1(truth: NDArray[np.intp], said: NDArray[np.intp]) -> float:
    return float(f1_score(truth, said, labels=np.unique(truth), average="macro", zero_division=0))


def _refit(taggers: Taggers, seen: Vectors, options: DecisionOptions) -> list[Figure]:
    """Very many decisions that set all facets: on texts near those read, and much as the heads themselves would."""
    random = np.random.default_rng(0)
    drawn = seen[random.integers(len(seen), size=options.lessons)]
    vectors = drawn + random.normal(scale=0.02, size=drawn.shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen = {
        head.facet: (head.probabilities(vectors) + random.gumbel(scale=0.1, size=(len(vectors), len(head.concepts))))
        .argmax(axis=1)
        .tolist()
        for head in taggers.heads
    }
    concepts = {head.facet: head.concepts for head in taggers.heads}
    facets = frozenset(chosen)
    lessons = [
        _lesson(row, story, {facet: {concepts[facet][chosen[facet][row]]: 1.0} for facet in facets}, facets)
        for row, story in zip(range(len(vectors)), _stories(), strict=False)
    ]
    name = f"refit of {options.lessons} decisions, all facets"
    begun = time.process_time()
    took = seconds(lambda: refit(taggers, vectors, lessons, options.refit))
    return [Figure(name, "s", took), Figure(f"{name}, processor time", "s", time.process_time() - begun)]


def _stories() -> Iterator[str]:
    """Names of stories that may be learned from: each decision is about another one."""
    return (name for name in map(str, count()) if held_out(name) == "fit")


def _lesson(
    article: int, story: str, said: Mapping[str, Mapping[str, float]], complete: frozenset[str] = frozenset()
) -> Lesson:
    return Lesson(ArticleId(str(article)), story, None, NOW, said, dict.fromkeys(said, 1.0), complete)


class _Remembered:
    """An encoder of texts that were encoded before: the vocabulary is learned again without encoding it again."""

    def __init__(self, encoder: Encoder, texts: Sequence[str], progress: Progress) -> None:
        self.digest, self.dimensions = encoder.digest, encoder.dimensions
        self._known: dict[str, Vectors] = {}
        self.learn(texts, encoder.encode(texts, progress))

    def learn(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Remember these as well."""
        self._known |= zip(texts, vectors, strict=True)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """The vectors that were given for these texts."""
        return np.array([self._known[text] for text in texts])
