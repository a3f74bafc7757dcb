"""The headlines that taggers were fitted on, kept beside them: a tag is explained by the ones nearest to the text.

Cosines of one encoder lie close together (any two headlines: .73 to .86), so likeness is measured from the centre of
all exemplars: 1 is the same text, 0 is what two headlines have on average, and one pair in a hundred is above .28.
"""

import io
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from catalog.errors import ArtefactMismatch
from models.protocols import Vectors

_VECTORS: Final = "exemplars.npy"
_SAID: Final = "exemplars.json"


class Exemplar(NamedTuple):
    """A text and the concept that it is an example of."""

    facet: str
    concept: str
    text: str


@dataclass(frozen=True)
class Exemplars:
    """Row i of `vectors`, shape (n, dimensions), is the vector of `said[i]`; half precision is plenty to compare."""

    vectors: NDArray[np.float16]
    said: tuple[Exemplar, ...]

    def nearest(self, vector: Vectors, facet: str, concepts: Collection[str]) -> tuple[Exemplar, float] | None:
        """The exemplar of these concepts that is most like one vector (dimensions,), and its likeness.

        None where these concepts have no exemplar.
        """
        places = [place for place, each in enumerate(self.said) if each.facet == facet and each.concept in concepts]
        if not places:
            return None
        alike = self.likeness(vector, self.vectors[places])
        best = int(alike.argmax())
        return self.said[places[best]], float(alike[best])

    def likeness(self, vector: Vectors, others: NDArray[np.floating]) -> NDArray[np.float32]:
        """How like each row of `others` is to one vector, from -1 to 1, shape (n,)."""
        one, many = vector - self._centre, others.astype(np.float32) - self._centre
        lengths = np.linalg.norm(one) * np.linalg.norm(many, axis=1)
        found: NDArray[np.float32] = (many @ one) / np.maximum(lengths, np.finfo(np.float32).tiny)
        return found

    @cached_property
    def _centre(self) -> NDArray[np.float32]:
        centre: NDArray[np.float32] = self.vectors.mean(axis=0, dtype=np.float32)
        return centre

    def to_files(self) -> dict[str, bytes]:
        """As files of an artefact."""
        buffer = io.BytesIO()
        np.save(buffer, self.vectors, allow_pickle=False)
        return {_VECTORS: buffer.getvalue(), _SAID: json.dumps(self.said, ensure_ascii=False).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self | None:
        """Read back what `to_files` wrote; None where an artefact has no exemplars.

        Raises ArtefactMismatch where the files are something else.
        """
        if _SAID not in files:
            return None
        try:
            said = tuple(Exemplar(*each) for each in json.loads(files[_SAID]))
            vectors = np.load(io.BytesIO(files[_VECTORS]), allow_pickle=False)
            if vectors.ndim != 2 or len(vectors) != len(said):
                raise ValueError(f"{len(said)} texts, vectors of shape {vectors.shape}")
        except (EOFError, KeyError, TypeError, ValueError) as error:
            raise ArtefactMismatch(f"these are not exemplars of this version ({error}): fit them again") from error
        return cls(vectors.astype(np.float16), said)
