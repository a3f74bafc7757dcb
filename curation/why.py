"""Why a text got a tag: what it is most like among examples of the tag, and the sentence that speaks most for it.

Both are read off what made the tag. An example is a headline that the taggers were fitted on, or an article that a
person gave the tag. The sentence is found by giving each sentence of the passage to the same linear head, alone: the
one for which the tag is most probable carried it, if it would have got the tag by itself. So the passage need not be
encoded once without each of its sentences, which costs as many passages as there are sentences.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from catalog.ids import ArticleId
from catalog.records import Tag, Vector
from catalog.taught import Taught
from catalog.taxonomy import Language, Taxonomy
from models.exemplars import Exemplars
from models.protocols import Vectors
from models.taggers import KEEP, Taggers

Key = tuple[str, str]
"""Facet and concept."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text with the tag. `likeness` is 1 for the same text, 0 for what any two headlines have in common.

    `concept` is the one that it is an example of: the tag's own or one below it. `article_id` is None for a headline
    of the vocabulary.
    """

    text: str
    concept: str
    likeness: float
    article_id: ArticleId | None = None


@dataclass(frozen=True, slots=True)
class Carrier:
    """A sentence of the text, and how probable the tag is for that sentence alone."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Why:
    """Why one tag. `as_a_whole`: no sentence would have got it by itself, the text did.

    Neither that nor a `sentence` is said where sentences were not looked at.
    """

    examples: tuple[Example, ...]
    sentence: Carrier | None = None
    as_a_whole: bool = False


def explain(
    tags: Iterable[Tag],
    vector: Vector,
    exemplars: Exemplars | None,
    said: Sequence[Taught],
    taxonomy: Taxonomy,
    carriers: Mapping[Key, Carrier] | None,
) -> dict[Key, Why]:
    """Per tag, the nearest headline of the vocabulary and the nearest article that a person gave it, nearest first.

    `carriers` is None where sentences were not looked at.
    """
    tags, found = list(tags), {}
    for tag in tags:
        concepts = _givers(tag, tags, taxonomy)
        near = _nearest(vector, tag.facet, concepts, exemplars, said) if exemplars else []
        key = (tag.facet, tag.concept)
        examples = tuple(sorted(near, key=lambda example: -example.likeness))
        if carriers is None:
            found[key] = Why(examples)
        else:
            found[key] = Why(examples, carriers.get(key), as_a_whole=key not in carriers)
    return found


def carriers(tags: Iterable[Tag], sentences: Sequence[str], vectors: Vectors, taggers: Taggers) -> dict[Key, Carrier]:
    """Per tag the sentence that carried it; `vectors` has a row per sentence. A tag of the whole text has none."""
    alone = taggers.probabilities(vectors) if sentences else []
    found = {}
    for tag in tags:
        chances = [each[tag.facet][tag.concept] for each in alone]
        best = max(range(len(chances)), key=chances.__getitem__, default=None)
        if best is not None and chances[best] >= KEEP[tag.facet].floor:
            found[tag.facet, tag.concept] = Carrier(sentences[best], chances[best])
    return found


def family(taxonomy: Taxonomy, facet: str, concept: str) -> frozenset[str]:
    """A concept and all below it: what is an example of a child is one of its parent."""
    found = {concept}
    for each in taxonomy.facets.get(facet, {}).values():  # a child always stands after its parent
        if each.parent in found:
            found.add(each.id)
    return frozenset(found)


def taught_by(taxonomy: Taxonomy, tags: Iterable[Tag]) -> set[Key]:
    """The tags whose articles can be examples of these."""
    return {(tag.facet, concept) for tag in tags for concept in family(taxonomy, tag.facet, tag.concept)}


def in_words(why: Why, language: Language) -> list[str]:
    """Why, as a person reads it, a line each."""
    words = _WORDS[language]
    lines = [
        words["article" if example.article_id else "headline"].format(text=example.text, likeness=example.likeness)
        for example in why.examples
    ]
    if why.sentence:
        lines.append(words["sentence"].format(text=why.sentence.text))
    if why.as_a_whole:
        lines.append(words["whole"])
    return lines


def _givers(tag: Tag, tags: Sequence[Tag], taxonomy: Taxonomy) -> frozenset[str]:
    """The concepts whose examples speak for a tag: it has its probability from the best of its family.

    So a tag that is just as probable as one below it got it from there.
    """
    concepts = family(taxonomy, tag.facet, tag.concept)
    below = [each for each in tags if each.facet == tag.facet and each.concept in concepts - {tag.concept}]
    same = [each.concept for each in below if each.probability >= tag.probability]
    return family(taxonomy, tag.facet, same[-1]) if same else concepts


def _nearest(
    vector: Vector, facet: str, concepts: frozenset[str], exemplars: Exemplars, said: Sequence[Taught]
) -> Iterable[Example]:
    headline = exemplars.nearest(vector, facet, concepts)
    if headline is not None:
        exemplar, likeness = headline
        yield Example(exemplar.text, exemplar.concept, likeness)
    own = [each for each in said if each.facet == facet and each.concept in concepts]
    if own:
        alike = exemplars.likeness(vector, np.array([each.vector for each in own]))
        best = int(alike.argmax())
        yield Example(own[best].title, own[best].concept, float(alike[best]), own[best].article_id)


_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "headline": 'like the example "{text}" ({likeness:.2f})',
        "article": 'like your article "{text}" ({likeness:.2f})',
        "sentence": 'said most clearly by "{text}"',
        "whole": "no single sentence says so, the text as a whole does",
    },
    "nl": {
        "headline": 'lijkt op het voorbeeld "{text}" ({likeness:.2f})',
        "article": 'lijkt op uw artikel "{text}" ({likeness:.2f})',
        "sentence": 'het duidelijkst in de zin "{text}"',
        "whole": "geen zin zegt het alleen, de tekst als geheel wel",
    },
}
