"""Heads for an organisation's own concepts, of which there are a few examples and nothing to check them on.

Three to ten headlines say too little of how an article about a theme scores to fit that, too. Shipped concepts stand
in: each is told by as few of its headlines, and how the others then score beside those of other concepts says what a
score is worth (docs/decisions/0016-own-vocabulary.md has the figures).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import shrunk_covariance
from sklearn.linear_model import LogisticRegression

from catalog.errors import Invalid
from catalog.taxonomy import Concept
from models.taggers import Head

Matrix = NDArray[np.float64]
Headlines = Mapping[tuple[str, str], Matrix]
"""Vectors of headlines (headlines, dimensions) by facet and concept."""

STAND_INS: Final = ("function", "topic", "industry")
EXPECTED: Final = 0.1
"""The share of articles that is about a concept, as far as anybody knows before reading them."""

_FEW: Final = 5
_PRIOR: Final = 3.0
"""So many examples at the centre of all headlines are added to a concept's own: few examples are typical of little."""
_SHRINKAGE: Final = 0.8
_OWN_SHARE: Final = 1 / 3
_SEED: Final = 1
_ROUNDS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What own concepts are told from: the centre of all shipped headlines, their spread within concepts, and what a
    score means. `precision` has shape (dimensions, dimensions)."""

    centre: Matrix
    precision: Matrix
    link: tuple[float, float, float]

    @classmethod
    def of(cls, shipped: Iterable[Concept], headlines: Headlines) -> Self:
        """From the shipped vocabulary. Raises Invalid where it has too few headlines."""
        told = [(concept, headlines[concept.facet, concept.id]) for concept in shipped]
        told = [(concept, known) for concept, known in told if len(known)]
        if not any(len(known) > _FEW and concept.facet in STAND_INS for concept, known in told):
            raise Invalid(f"no shipped concept has more than {_FEW} headlines: own concepts cannot be judged by them")
        spread = np.vstack([known - known.mean(axis=0) for _, known in told])
        precision = np.linalg.inv(shrunk_covariance(spread.T @ spread / len(spread), _SHRINKAGE))
        centre = np.vstack([known for _, known in told]).mean(axis=0)
        return cls(centre, precision, _link(told, centre, precision))

    def heads(self, own: Mapping[str, Sequence[Concept]], headlines: Headlines) -> tuple[Head, ...]:
        """A head per facet that has own concepts, of which a parent stands before its children.

        Each concept is judged by itself: others of the facet may well be true of the same text.
        """
        centres = self._centres(own, headlines)
        return tuple(self._head(facet, concepts, headlines, centres) for facet, concepts in own.items() if concepts)

    def _head(
        self, facet: str, concepts: Sequence[Concept], headlines: Headlines, centres: Mapping[tuple[str, str], Matrix]
    ) -> Head:
        places = {concept.id: place for place, concept in enumerate(concepts)}
        parents = tuple(places[concept.parent] if concept.parent else -1 for concept in concepts)
        keys = [(facet, concept.id) for concept in concepts]
        columns = [_column(headlines[key], centres[key], self.precision) for key in keys]
        columns.append((np.zeros_like(self.centre), 0.0))  # what a text at the centre scores
        weights = np.array([weights for weights, _ in columns]).T.astype(np.float32)
        bias = np.array([bias for _, bias in columns], dtype=np.float32)
        return Head(facet, tuple(places), parents, weights, bias, self.link)

    def _centres(self, own: Mapping[str, Sequence[Concept]], headlines: Headlines) -> dict[tuple[str, str], Matrix]:
        """What each own concept is told from: the shipped headlines, and partly those of other own concepts, which
        sound more like what the organisation writes about."""
        roots = {key: root for facet, concepts in own.items() for key, root in _roots(facet, concepts).items()}
        families = defaultdict[tuple[str, str], list[Matrix]](list)
        for key, root in roots.items():
            families[root].append(headlines[key])
        sums = {root: (np.vstack(told).sum(axis=0), sum(map(len, told))) for root, told in families.items()}
        everything, count = sum(said for said, _ in sums.values()), sum(number for _, number in sums.values())
        centres = {}
        for key, root in roots.items():
            said, number = sums[root]
            others = (everything - said) / (count - number) if count > number else self.centre
            centres[key] = (1 - _OWN_SHARE) * self.centre + _OWN_SHARE * others
        return centres


def _roots(facet: str, concepts: Sequence[Concept]) -> dict[tuple[str, str], tuple[str, str]]:
    """The topmost concept above each."""
    roots: dict[tuple[str, str], tuple[str, str]] = {}
    for concept in concepts:
        roots[facet, concept.id] = roots[facet, concept.parent] if concept.parent else (facet, concept.id)
    return roots


def _column(known: Matrix, centre: Matrix, precision: Matrix) -> tuple[Matrix, float]:
    """Weights and bias: log likelihood of a concept with these headlines, against that of the centre."""
    away = (known.mean(axis=0) - centre) * (len(known) / (len(known) + _PRIOR))
    weights = precision @ away
    return weights, float(-(centre + away / 2) @ weights)


def _link(told: Sequence[tuple[Concept, Matrix]], centre: Matrix, precision: Matrix) -> tuple[float, float, float]:
    """Log odds from a score, as if each concept were true of the share of articles that is expected."""
    scores, truths, shares = [], [], []
    for inside, outside in _trials(told, centre, precision):
        scores += [inside, outside]
        truths += [np.ones(len(inside)), np.zeros(len(outside))]
        shares += [np.full(len(inside), EXPECTED / len(inside)), np.full(len(outside), (1 - EXPECTED) / len(outside))]
    weights = np.concatenate(shares)
    regression = LogisticRegression(C=1e6).fit(
        np.concatenate(scores)[:, None], np.concatenate(truths), sample_weight=weights * len(weights) / weights.sum()
    )
    return float(regression.intercept_[0]), max(0.0, float(regression.coef_[0, 0])), 0.0


def _trials(
    told: Sequence[tuple[Concept, Matrix]], centre: Matrix, precision: Matrix
) -> Iterator[tuple[Matrix, Matrix]]:
    """Per stand-in, scores of its headlines that it was not told by, and of those outside its family in its facet."""
    random = np.random.default_rng(_SEED)
    for facet in STAND_INS:
        known = [(concept.parent or concept.id, vectors) for concept, vectors in told if concept.facet == facet]
        for family, vectors in known:
            others = [away for other, away in known if other != family]
            if len(vectors) <= _FEW or not others:
                continue
            outside = np.vstack(others)
            for _ in range(_ROUNDS):
                order = random.permutation(len(vectors))
                weights, bias = _column(vectors[order[:_FEW]], centre, precision)
                yield vectors[order[_FEW:]] @ weights + bias, outside @ weights + bias
