"""Taggers out of the vocabulary alone: its texts are embedded and a head fitted per facet.

Each head is a linear discriminant analysis, strongly shrunk. In a facet without children, where every concept is the
rival of all others, the mean of it and a multinomial regression is better still. Scores become probabilities through a
logistic regression on scores of headlines that the head had not seen. Decision record 0011 says what else was tried.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from threadpoolctl import threadpool_limits

from catalog.errors import Invalid
from catalog.taxonomy import LANGUAGES, OWN_FACETS, Concept, Taxonomy
from models.exemplars import Exemplar, Exemplars
from models.few_shot import Ground
from models.linear import Columns, Labels, Matrix, blended, discriminant, regression
from models.protocols import Encoder, Progress
from models.taggers import Head, Taggers, evidence

OPEN_FACETS: Final = ("function", "industry")
"""Shipped facets of which a text may have no concept at all. Own facets are another matter: see `models.few_shot`."""

BACKGROUND: Final = (
    "arts-culture-media",
    "conflict-war-peace",
    "disaster-accident",
    "human-interest",
    "lifestyle-leisure",
    "religion",
    "sport",
    "weather",
)
"""Topics that are no job's or industry's business: their headlines show an open facet's head what none looks like."""

_NONE: Final = -1
_FOLDS: Final = 5
_SHRINKAGES: Final = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Example:
    """A text that shows what one concept looks like. Headlines are what articles will be; the rest only teaches."""

    concept: Concept
    text: str
    is_headline: bool


def examples(taxonomy: Taxonomy) -> list[Example]:
    """Every text of the vocabulary: what `fit` encodes, so what its progress counts up to."""
    found = []
    for concept in _known_concepts(taxonomy):
        for language in LANGUAGES:
            plain = (concept.labels[language], concept.definitions[language])
            taught = (*plain, *concept.portraits.get(language, ()), *concept.borrowed.get(language, ()))
            found += [Example(concept, text, False) for text in taught if text]
            found += [Example(concept, text, True) for text in concept.examples[language]]
    return found


def fit(taxonomy: Taxonomy, encoder: Encoder, progress: Progress | None = None) -> Taggers:
    """Taggers for vectors of this encoder; a facet without concepts gets no head.

    Raises Invalid where a facet has no headlines, or a single concept and nothing to tell it from.
    """
    known = examples(taxonomy)
    vectors = encoder.encode([example.text for example in known], progress).astype(np.float64)
    facets = [facet for facet, concepts in taxonomy.facets.items() if concepts]
    # one thread: the systems are small, on a busy machine threads wait for one another (22 seconds against 1.4), and
    # the last bits of the result would follow the number of cores
    with threadpool_limits(1, "blas"):
        heads = tuple(_fit_facet(facet, taxonomy, known, vectors) for facet in facets if facet not in OWN_FACETS)
        heads += _own_heads(taxonomy, known, vectors)
    content = hashlib.sha256((encoder.digest + taxonomy.digest).encode())
    for head in heads:
        content.update(head.weights.tobytes() + head.bias.tobytes() + repr(head.link).encode())
    version = f"{taxonomy.version}-{content.hexdigest()[:12]}"
    return Taggers(version, encoder.digest, taxonomy.digest, heads, _exemplars(known, vectors))


def _exemplars(known: Sequence[Example], vectors: Matrix) -> Exemplars:
    headlines = [place for place, example in enumerate(known) if example.is_headline]
    said = [Exemplar(known[place].concept.facet, known[place].concept.id, known[place].text) for place in headlines]
    return Exemplars(vectors[headlines].astype(np.float16), tuple(said))


def _known_concepts(taxonomy: Taxonomy) -> Iterator[Concept]:
    """Those in use, and hidden ones: a text about one of these is about none of the others."""
    for facets in (taxonomy.facets, taxonomy.hidden):
        for concepts in facets.values():
            yield from concepts.values()


def _own_heads(taxonomy: Taxonomy, known: Sequence[Example], vectors: Matrix) -> tuple[Head, ...]:
    own = {facet: list(taxonomy.facets.get(facet, {}).values()) for facet in OWN_FACETS}
    if not any(own.values()):
        return ()
    places = defaultdict[tuple[str, str], list[int]](list)
    for place, example in enumerate(known):
        if example.is_headline:
            places[example.concept.facet, example.concept.id].append(place)
    concepts = list(_known_concepts(taxonomy))
    headlines = {(each.facet, each.id): vectors[places[each.facet, each.id]] for each in concepts}
    ground = Ground.of((each for each in concepts if each.facet not in OWN_FACETS), headlines)
    return ground.heads(own, headlines)


def _fit_facet(facet: str, taxonomy: Taxonomy, known: Sequence[Example], vectors: Matrix) -> Head:
    concepts = list(taxonomy.facets[facet].values())
    places = {concept.id: place for place, concept in enumerate(concepts)}
    background = background_topics(taxonomy) if facet in OPEN_FACETS else set()
    column = [
        places.get(example.concept.id, len(concepts))  # what is hidden is none of the others
        if example.concept.facet == facet
        else len(concepts)
        if example.is_headline and example.concept.facet == "topic" and example.concept.id in background
        else _NONE
        for example in known
    ]
    used = [place for place, label in enumerate(column) if label != _NONE]
    labels = np.array([column[place] for place in used])
    headlines = np.array([known[place].is_headline for place in used])
    if len(set(labels.tolist())) < 2:
        raise Invalid(f"{facet} has one concept and nothing to tell it from: add another concept")
    if len(set(labels[headlines].tolist())) < 2:
        raise Invalid(f"{facet} has headlines for less than two concepts: add examples")
    parents = tuple(places[concept.parent] if concept.parent else -1 for concept in concepts)
    columns, link = _fit_head(vectors[used], labels, headlines, parents)
    weights, bias = columns.weights.astype(np.float32), columns.bias.astype(np.float32)
    return Head(facet, tuple(places), parents, weights, bias, link)


def background_topics(taxonomy: Taxonomy) -> set[str]:
    """The topics of BACKGROUND that the vocabulary has, and all below them."""
    topics = [concept for concept in _known_concepts(taxonomy) if concept.facet == "topic"]
    return {topic.id for topic in topics if topic.id in BACKGROUND or topic.parent in BACKGROUND}


def _fit_head(
    vectors: Matrix, labels: Labels, headlines: NDArray[np.bool_], parents: tuple[int, ...]
) -> tuple[Columns, tuple[float, float, float]]:
    """Columns and link; how much to shrink is what predicts unseen headlines best."""
    folds = _folds(labels, headlines)
    parts = [folds != fold for fold in range(_FOLDS)]
    boundaries = [_boundaries(vectors[part], labels[part], parents) for part in parts]
    trials = []
    for shrinkage in _SHRINKAGES:
        unseen = np.zeros((len(labels), labels.max() + 1))
        for part, boundary in zip(parts, boundaries, strict=True):
            unseen[~part] = _columns(vectors[part], labels[part], shrinkage, boundary).scores(vectors[~part])
        trials.append((*_fit_link(unseen[headlines], labels[headlines], parents), shrinkage))
    _, link, shrinkage = min(trials)
    return _columns(vectors, labels, shrinkage, _boundaries(vectors, labels, parents)), link


def _folds(labels: Labels, headlines: NDArray[np.bool_]) -> NDArray[np.int_]:
    """The fold of each headline; labels, definitions and portraits stay in every fit, so no class is ever empty."""
    seen: Counter[int] = Counter()
    folds = np.full(len(labels), _NONE)
    for place in np.flatnonzero(headlines):
        folds[place] = seen[labels[place]] % _FOLDS
        seen[labels[place]] += 1
    return folds


def _boundaries(vectors: Matrix, labels: Labels, parents: tuple[int, ...]) -> Columns | None:
    """What tells concepts apart; None where some stand below others, which a regression would set against them."""
    return regression(vectors, labels) if max(parents) < 0 else None


def _columns(vectors: Matrix, labels: Labels, shrinkage: float, boundaries: Columns | None) -> Columns:
    likelihoods = discriminant(vectors, labels, shrinkage)
    return blended(likelihoods, boundaries, vectors) if boundaries else likelihoods


def _fit_link(scores: Matrix, labels: Labels, parents: tuple[int, ...]) -> tuple[float, tuple[float, float, float]]:
    """How good the best link is (log loss) and the link: log odds from score and lead, shared by all concepts."""
    own, ahead = evidence(scores.T, parents)
    columns = np.column_stack([own.ravel(), ahead.ravel()])
    truth = np.array([[_is_within(label, place, parents) for label in labels] for place in range(len(parents))]).ravel()
    found = LogisticRegression(C=1e6).fit(columns, truth)
    loss = float(log_loss(truth, found.predict_proba(columns)[:, 1]))
    score, lead = np.maximum(found.coef_[0], 0.0)  # a parent is as probable as its child only if none is negative
    return loss, (float(found.intercept_[0]), float(score), float(lead))


def _is_within(place: int, ancestor: int, parents: tuple[int, ...]) -> bool:
    while place != ancestor and 0 <= place < len(parents):
        place = parents[place]
    return place == ancestor
