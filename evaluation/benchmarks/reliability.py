"""Do the taggers' probabilities mean what they say: on our own headlines, unseen, and on texts that others labelled.

Headlines are judged by cross-validation: a fifth is taken out of the vocabulary, taggers are fitted on the rest with
all that a fit chooses, and asked about that fifth. Only top concepts are judged. One of them is true of each text, or
none where a headline of a background topic is asked about in an open facet: there the likeliest is always wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.taxonomy import EVERYONE, LANGUAGES, Concept, Taxonomy
from evaluation.benchmarks.figures import Figure
from evaluation.benchmarks.texts import Labelled
from evaluation.calibration import Bin, expected_error, log_loss, reliability
from models.protocols import Encoder, Progress, Vectors
from models.tagger_fit import OPEN_FACETS, background_topics, fit
from models.taggers import Taggers

FACETS: Final = ("topic", "function", "industry", "kind", "good_for")
FOLDS: Final = 5
HEADLINES: Final = "headlines"
_NONE: Final = ""
"""The label of a text that none of the concepts is true of."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Texts of one set and language: `said` and `held` have shape (texts, top concepts)."""

    name: str
    facet: str
    language: str
    said: NDArray[np.float64]
    held: NDArray[np.bool_]

    @property
    def likeliest(self) -> list[Bin]:
        """The reliability curve of each text's likeliest concept."""
        rows = np.arange(len(self.said))
        places = self.said.argmax(axis=1)
        return reliability(self.said[rows, places], self.held[rows, places])

    def to_row(self) -> dict[str, object]:
        """For a table and for `--json`: of the likeliest concept, how likely it was said to be, how often it was right,
        and the calibration error; of all pairs of text and concept, that error, the log loss, and the log loss of
        always saying how frequent a concept is.
        """
        pairs, truths = self.said.ravel(), self.held.ravel()
        rates = np.broadcast_to(self.held.mean(axis=0), self.held.shape).ravel()
        return {
            "set": f"{self.name}, {self.language}",
            "facet": self.facet,
            "texts": len(self.said),
            "said": sum(part.said * part.count for part in self.likeliest) / len(self.said),
            "right": sum(part.held * part.count for part in self.likeliest) / len(self.said),
            "ECE": expected_error(self.likeliest),
            "ECE, pairs": expected_error(reliability(pairs, truths)),
            "loss": log_loss(pairs, truths),
            "base": log_loss(rates, truths),
        }

    def to_figure(self) -> Figure:
        """The expected calibration error of the likeliest concept."""
        asked = self.facet if self.name == HEADLINES else self.name
        return Figure(f"ECE of {asked}, {self.language}", "share", expected_error(self.likeliest))


class Remembered:
    """An encoder that encodes no text twice: five fits on nearly the same texts cost one."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    @property
    def digest(self) -> str:
        """That of the encoder."""
        return self._encoder.digest

    @property
    def dimensions(self) -> int:
        """Those of the encoder."""
        return self._encoder.dimensions

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """As the encoder does; `progress` hears of new texts only."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode(new, progress), strict=True))
        return np.array([self._known[text] for text in texts], np.float32).reshape(len(texts), self.dimensions)


def unseen(taxonomy: Taxonomy, encoder: Encoder, progress: Progress | None = None) -> list[Judged]:
    """Every facet's own headlines, a set per language, each judged by taggers that had not seen it."""
    shipped = replace(taxonomy, facets={facet: taxonomy.facets.get(facet, {}) for facet in FACETS})
    said: dict[tuple[str, str], list[NDArray[np.float64]]] = {}
    held: dict[tuple[str, str], list[NDArray[np.bool_]]] = {}
    for fold in range(FOLDS):
        taggers = fit(_without(shipped, fold), encoder, progress)
        for told in _headlines(shipped, fold):
            judged = judge(told, shipped, taggers, encoder.encode(told.texts, progress))
            said.setdefault((told.facet, judged.language), []).append(judged.said)
            held.setdefault((told.facet, judged.language), []).append(judged.held)
    return [
        Judged(HEADLINES, facet, language, np.vstack(said[facet, language]), np.vstack(held[facet, language]))
        for facet, language in said
    ]


def judge(told: Labelled, taxonomy: Taxonomy, taggers: Taggers, vectors: Vectors) -> Judged:
    """What the taggers say about labelled texts. Those of others are about professions: none is for everyone."""
    concepts = taxonomy.facets[told.facet]
    name, _, language = told.name.rpartition(", ")
    tops = [one for one in concepts if concepts[one].parent is None and (name == HEADLINES or one != EVERYONE)]
    said = np.array([[found[told.facet][one] for one in tops] for found in taggers.probabilities(vectors)])
    held = np.array([[one == concept for one in tops] for concept in told.concepts])
    return Judged(name, told.facet, language, said.reshape(held.shape), held)


def _without(taxonomy: Taxonomy, fold: int) -> Taxonomy:
    """The vocabulary without this fold's headlines."""
    return replace(
        taxonomy,
        facets={
            facet: {name: _thinned(concept, fold) for name, concept in concepts.items()}
            for facet, concepts in taxonomy.facets.items()
        },
    )


def _thinned(concept: Concept, fold: int) -> Concept:
    kept = {
        language: tuple(text for place, text in enumerate(texts) if place % FOLDS != fold)
        for language, texts in concept.examples.items()
    }
    return replace(concept, examples=kept)


def _headlines(taxonomy: Taxonomy, fold: int) -> Iterator[Labelled]:
    """This fold's headlines, by facet and language, each labelled with the top concept above it."""
    none = [taxonomy.concept("topic", topic) for topic in sorted(background_topics(taxonomy))]
    for facet, concepts in taxonomy.facets.items():
        labelled = [(concept, top(concepts, concept.id)) for concept in concepts.values()]
        if labelled and facet in OPEN_FACETS:
            labelled += [(concept, _NONE) for concept in none]
        for language in LANGUAGES:
            told = [(text, label) for concept, label in labelled for text in concept.examples[language][fold::FOLDS]]
            if told:
                texts, labels = zip(*told, strict=True)
                yield Labelled(f"{HEADLINES}, {language}", facet, texts, labels)


def top(concepts: Mapping[str, Concept], concept: str) -> str:
    """The topmost concept above this one, or itself."""
    parent = concepts[concept].parent
    return concept if parent is None else top(concepts, parent)
