"""Vectors to tags: one linear head per facet, applied with numpy. How heads come to be is in `models.tagger_fit`.

A concept has a score, linear in the vector. It becomes a probability through two numbers: the score itself (does this
look like the concept at all?) and its lead over its rivals (or more like something else?). So a text may well be of
two concepts, and a text about nothing we know is of none.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.errors import ArtefactMismatch, Invalid
from catalog.ids import ArticleId
from catalog.records import Tag
from models.corrections import Correction
from models.exemplars import Exemplars
from models.protocols import Vectors

Probabilities = dict[str, dict[str, float]]
"""Per facet, how probable each of its concepts is; concepts of one facet do not sum to one."""

_ARRAYS: Final = "heads.npz"
_CORRECTIONS: Final = "corrections.npz"
_FACTS: Final = "taggers.json"
_LEARNED_FROM: Final = "learned_from.txt"
_STEEPEST: Final = 50.0
"""Log odds beyond this are certainty in double precision, and would overflow further on."""


_SOFTNESS: Final = 4.0
"""How much the second best of a family adds to the best: scores this far apart count as 1 to e. Chosen on headlines."""


_TINY: Final = np.finfo(np.float64).tiny


class Keep(NamedTuple):
    """Which tags of a facet are worth storing: those of at least `floor`, at most `most` of them."""

    floor: float
    most: int


KEEP: Final[Mapping[str, Keep]] = {
    "topic": Keep(0.2, 4),
    "function": Keep(0.2, 3),
    "industry": Keep(0.2, 3),
    "kind": Keep(0.0, 1),  # every article is of some kind
    "good_for": Keep(0.3, 2),
    "theme": Keep(0.3, 3),
    "product": Keep(0.3, 3),
    "department": Keep(0.3, 3),
}


@dataclass(frozen=True, slots=True)
class Head:
    """The concepts of one facet as a linear map.

    `parents[i]` is the place of concept i's parent, or -1. `weights` has shape (dimensions, columns), `bias`
    (columns,): a column per concept and, where a text may have none of them, a last one for such texts. `link` turns
    (1, score, lead) into log odds.
    """

    facet: str
    concepts: tuple[str, ...]
    parents: tuple[int, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    link: tuple[float, float, float]

    def probabilities(self, vectors: Vectors) -> NDArray[np.float64]:
        """Shape (n, concepts). A parent is never less probable than its child."""
        constant, score, lead = self.link
        own, ahead = evidence((vectors @ self.weights + self.bias).T, self.parents)
        odds = constant + score * own + lead * ahead
        found = 1.0 / (1.0 + np.exp(-np.clip(odds, -_STEEPEST, _STEEPEST)))
        for place in reversed(range(len(self.parents))):  # what holds in exact arithmetic may miss by a last bit
            if self.parents[place] >= 0:
                np.maximum(found[self.parents[place]], found[place], out=found[self.parents[place]])
        return found.T


def evidence(scores: NDArray[np.floating], parents: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score and lead of each concept; `scores` has a row per column of a head, a concept's family speaks for it.

    The score is the soft maximum of the family (the concept and all below it), the lead is over that of all outside it:
    a text that fits several children a little fits their parent well. Both can only grow from child to parent, and so
    does the probability: the link's factors are never negative.
    """
    best = scores.max(axis=0, initial=-np.inf).astype(np.float64)
    weights = np.exp((scores - best) / _SOFTNESS)
    family = _families(parents, len(scores))
    own, rivals = (_SOFTNESS * np.log(np.maximum(part @ weights, _TINY)) for part in (family, 1.0 - family))
    return own + best, own - rivals


def _families(parents: tuple[int, ...], columns: int) -> NDArray[np.float64]:
    """Shape (concepts, columns): 1 where a column is the concept's own or that of a concept below it."""
    family = np.eye(len(parents), columns)
    for place in reversed(range(len(parents))):  # a child always stands after its parent
        if parents[place] >= 0:
            family[parents[place]] += family[place]
    return family


@dataclass(frozen=True, slots=True)
class Taggers:
    """The heads of all facets, and what they were fitted on: they only fit vectors of that one encoder.

    `corrections` are what an organisation's decisions added, at most one per facet (`models.tagger_learn`), and
    `learned_from` the articles that were decided on: what they say of those proves nothing. `exemplars` are texts they
    were fitted on, to explain tags with; taggers of an earlier version have none.
    """

    version: str
    encoder: str
    taxonomy: str
    heads: tuple[Head, ...]
    exemplars: Exemplars | None = None
    corrections: tuple[Correction, ...] = ()
    learned_from: frozenset[ArticleId] = frozenset()

    def probabilities(self, vectors: Vectors) -> list[Probabilities]:
        """All probabilities, per vector. Raises Invalid for vectors that are not finite or not of the heads' size."""
        tagged: list[Probabilities] = [{} for _ in vectors]
        for head, found in self._found(vectors):
            for row, probabilities in zip(found.tolist(), tagged, strict=True):
                probabilities[head.facet] = dict(zip(head.concepts, row, strict=True))
        return tagged

    def corrected(self, head: Head, vectors: Vectors) -> NDArray[np.float64]:
        """Probabilities of one of the heads, with its correction where there is one; shape (n, concepts)."""
        found = head.probabilities(vectors)
        for correction in self.corrections:
            if correction.facet == head.facet:
                return correction.apply(vectors, found, head.parents)
        return found

    def tags(self, vectors: Vectors) -> list[list[Tag]]:
        """The tags to store, per vector: the `strongest`, without a dictionary of all for each. Raises Invalid."""
        tagged: list[list[Tag]] = [[] for _ in vectors]
        for head, found in self._found(vectors):
            keep = KEEP[head.facet]
            ranked = np.argsort(-found, axis=1, kind="stable")[:, : keep.most]
            chances = np.take_along_axis(found, ranked, axis=1)
            kept = chances >= keep.floor
            for row, place, chance in zip(
                np.nonzero(kept)[0].tolist(), ranked[kept].tolist(), chances[kept].tolist(), strict=True
            ):
                tagged[row].append(Tag(head.facet, head.concepts[place], chance, tagger=self.version))
        return tagged

    def _found(self, vectors: Vectors) -> Iterator[tuple[Head, NDArray[np.float64]]]:
        """Each head, and its probabilities."""
        self.require_fitting(vectors)
        return ((head, self.corrected(head, vectors)) for head in self.heads)

    def require_fitting(self, vectors: Vectors) -> None:
        """Raises Invalid for vectors that are not finite or not of the heads' size."""
        dimensions = self.heads[0].weights.shape[0]
        if vectors.ndim != 2 or vectors.shape[1] != dimensions:
            raise Invalid(f"vectors of shape {vectors.shape} cannot be tagged: these heads take (n, {dimensions})")
        if not np.isfinite(vectors).all():
            raise Invalid("a vector with a value that is not finite cannot be tagged: encode the text again")

    def to_files(self) -> dict[str, bytes]:
        """As an artefact's files."""
        facts = {
            "version": self.version,
            "encoder": self.encoder,
            "taxonomy": self.taxonomy,
            "heads": [
                {"facet": head.facet, "concepts": head.concepts, "parents": head.parents, "link": head.link}
                for head in self.heads
            ],
        }
        arrays = {f"{head.facet}.{part}": getattr(head, part) for head in self.heads for part in ("weights", "bias")}
        learned = {
            f"{one.facet}.{part}": getattr(one, part) for one in self.corrections for part in ("weights", "bias")
        }
        files = {_ARRAYS: _packed(arrays), _FACTS: json.dumps(facts, indent=1).encode()}
        files |= {_CORRECTIONS: _packed(learned)} if learned else {}
        files |= {_LEARNED_FROM: "\n".join(sorted(self.learned_from)).encode()} if self.learned_from else {}
        return files | (self.exemplars.to_files() if self.exemplars else {})

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> "Taggers":
        """Read back what `to_files` wrote. Raises ArtefactMismatch where the files are something else."""
        try:
            facts = json.loads(files[_FACTS])
            with np.load(io.BytesIO(files[_ARRAYS]), allow_pickle=False) as arrays:
                heads = tuple(
                    Head(
                        head["facet"],
                        tuple(head["concepts"]),
                        tuple(head["parents"]),
                        arrays[f"{head['facet']}.weights"],
                        arrays[f"{head['facet']}.bias"],
                        tuple(head["link"]),
                    )
                    for head in facts["heads"]
                )
            corrections = _corrections(files[_CORRECTIONS], heads) if _CORRECTIONS in files else ()
            return cls(
                facts["version"],
                facts["encoder"],
                facts["taxonomy"],
                heads,
                Exemplars.from_files(files),
                corrections,
                frozenset(map(ArticleId, files.get(_LEARNED_FROM, b"").decode().splitlines())),
            )
        except (EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise ArtefactMismatch(f"these are not taggers of this version ({error}): fit them again") from error


def _packed(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _corrections(content: bytes, heads: tuple[Head, ...]) -> tuple[Correction, ...]:
    """Those of the heads that have one. Raises ValueError where one does not fit its head."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        found = tuple(
            Correction(head.facet, arrays[f"{head.facet}.weights"], arrays[f"{head.facet}.bias"])
            for head in heads
            if f"{head.facet}.bias" in arrays
        )
        for head in heads:
            for one in found:
                if one.facet == head.facet and one.weights.shape != (len(head.weights), len(head.concepts)):
                    raise ValueError(f"the correction of {one.facet} is not of its head's size")
    return found


def strongest(probabilities: Mapping[str, Mapping[str, float]], tagger: str) -> list[Tag]:
    """The tags worth storing, facet by facet, surest first.

    Function and industry may have none: then the machine does not know, and a person decides. Equals keep the order of
    the vocabulary, so that a parent is never cut off before its child.
    """
    kept = []
    for facet, concepts in probabilities.items():
        keep = KEEP[facet]
        likely = [(concept, probability) for concept, probability in concepts.items() if probability >= keep.floor]
        likely.sort(key=lambda item: -item[1])
        kept += [Tag(facet, concept, probability, tagger=tagger) for concept, probability in likely[: keep.most]]
    return kept
