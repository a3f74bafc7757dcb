"""How good tags are on the first day, on real texts that nobody here has labelled or learned from; and how quick.

ESCO says of occupations, NACE of industries and IPTC of topics where their texts belong. The taggers know none of these
texts, only our own. The peer is what one would do without taggers: the nearest mean of a concept's headlines.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from catalog.taxonomy import EVERYONE, Concept, Taxonomy
from evaluation.benchmarks.decisions import DecisionOptions, gain
from evaluation.benchmarks.figures import Figure, seconds
from evaluation.benchmarks.reliability import Remembered, judge, top, unseen
from evaluation.benchmarks.texts import Labelled, Texts
from models.protocols import Encoder, Progress, Vectors
from models.taggers import Taggers

TIMED_TEXTS: Final = 256
TIMED_VECTORS: Final = 10_000
ROUNDS: Final = 2
"""So often is timed, ours and the peer in turn; the best of each counts."""

SURE: Final = 10.0
"""The inverse strength of the regularisation of the head on SIB-200: unit vectors need less of it than the default."""


def measure(
    texts: Texts,
    taxonomy: Taxonomy,
    encoder: Encoder,
    taggers: Taggers,
    bare: Callable[[Sequence[str]], object],
    progress: Progress,
) -> list[Figure]:
    """All figures of `encoder` and `taggers`; `bare` encodes with the library alone. `progress` hears of texts."""
    remembered = Remembered(encoder)
    figures = _sib200(texts, remembered, progress)
    facets = {each.facet: _nameable(taxonomy.facets[each.facet]) for each in texts.labelled}
    prototypes = {facet: Prototypes.of(concepts, remembered, progress) for facet, concepts in facets.items()}
    judged = unseen(taxonomy, remembered, progress)
    for each in texts.labelled:
        vectors = remembered.encode(each.texts, progress)
        figures.append(_cold_start(each, taggers, prototypes[each.facet], vectors))
        judged.append(judge(each, taxonomy, taggers, vectors))
    figures += [gain(each, taggers, remembered, DecisionOptions(), progress) for each in texts.labelled]
    figures += [each.to_figure() for each in judged]
    timed = [text for each in texts.labelled[:2] for text in each.texts[: TIMED_TEXTS // 2]]
    return [*figures, _throughput(timed, encoder, bare), _speed(taggers, encoder.dimensions)]


def _sib200(texts: Texts, encoder: Encoder, progress: Progress) -> list[Figure]:
    """A plain head that learns from English sentences and is asked about English and Dutch ones."""
    vectors = encoder.encode(texts.train.texts, progress)
    head = LogisticRegression(C=SURE, max_iter=1000).fit(vectors, texts.train.topics)
    return [
        Figure(
            f"SIB-200, en to {language}",
            "accuracy",
            float(head.score(encoder.encode(test.texts, progress), test.topics)),
        )
        for language, test in texts.tests.items()
    ]


def _cold_start(known: Labelled, taggers: Taggers, prototypes: "Prototypes", vectors: Vectors) -> Figure:
    """Macro-F1 of the likeliest top concept, over the concepts that have texts."""
    concepts = prototypes.concepts
    ours = [_likeliest(found[known.facet], concepts) for found in taggers.probabilities(vectors)]
    theirs = [top(concepts, nearest) for nearest in prototypes.nearest(vectors)]
    return Figure(known.name, "macro-F1", _macro_f1(known, ours), "nearest prototype", _macro_f1(known, theirs))


@dataclass(frozen=True, slots=True, eq=False)
class Prototypes:
    """The middle of each concept's headlines, as unit rows (concepts, dimensions)."""

    concepts: Mapping[str, Concept]
    rows: Vectors

    @classmethod
    def of(cls, concepts: Mapping[str, Concept], encoder: Encoder, progress: Progress) -> Self:
        """From the examples of the vocabulary, in all its languages."""
        told = [
            (place, text)
            for place, one in enumerate(concepts.values())
            for each in one.examples.values()
            for text in each
        ]
        places = np.array([place for place, _ in told])
        vectors = encoder.encode([text for _, text in told], progress)
        middles = np.array([vectors[places == place].mean(axis=0) for place in range(len(concepts))])
        return cls(concepts, middles / np.linalg.norm(middles, axis=1, keepdims=True))

    def nearest(self, vectors: Vectors) -> list[str]:
        """By cosine, the nearest concept of each vector."""
        ids = list(self.concepts)
        return [ids[place] for place in (vectors @ self.rows.T).argmax(axis=1)]


def _likeliest(probabilities: Mapping[str, float], concepts: Mapping[str, Concept]) -> str:
    return max((one for one in concepts if concepts[one].parent is None), key=lambda one: probabilities[one])


def _nameable(concepts: Mapping[str, Concept]) -> dict[str, Concept]:
    """Those that a text of somebody else can be labelled with: a job is never everyone's."""
    return {name: concept for name, concept in concepts.items() if name != EVERYONE}


def _macro_f1(known: Labelled, said: Sequence[str]) -> float:
    return float(f1_score(known.concepts, said, labels=sorted(set(known.concepts)), average="macro", zero_division=0))


def _throughput(texts: Sequence[str], encoder: Encoder, bare: Callable[[Sequence[str]], object]) -> Figure:
    """What the prefix, the batching by length and the checks of our encoder cost or save."""
    ours, theirs = _best(lambda: encoder.encode(texts), lambda: bare(texts))
    return Figure("encoding", "texts/s", len(texts) / ours, "bare library", len(texts) / theirs)


def _speed(taggers: Taggers, dimensions: int) -> Figure:
    """From vectors to tags that can be stored, beside the matrix products alone."""
    vectors = np.random.default_rng(0).normal(size=(TIMED_VECTORS, dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ours, theirs = _best(
        lambda: taggers.tags(vectors), lambda: [vectors @ head.weights + head.bias for head in taggers.heads]
    )
    return Figure(f"tagging {TIMED_VECTORS} vectors", "s", ours, "the matrix products alone", theirs)


def _best(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the quickest round of each."""
    rounds = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
    return min(mine for mine, _ in rounds), min(other for _, other in rounds)
