"""Taggers of a tiny vocabulary, which know a concept by its words, and a text about one of them."""

import numpy as np

from models.exemplars import Exemplar, Exemplars
from models.hashing import HashingEncoder
from models.taggers import Head, Taggers

ENCODER = HashingEncoder(512)
WORDS = {
    ("function", "sales"): "customer quotation discount contract signed seller deal",
    ("function", "legal"): "court clause lawsuit judge liability ruling appeal",
    ("kind", "news"): "announced yesterday reported confirmed",
    ("kind", "how-to"): "steps guide checklist tips explained",
    ("good_for", "customers"): "customer saves money",
    ("good_for", "peers"): "colleagues in the trade",
}
TEXT = (
    "The council met in the morning. A seller gave the customer a quotation with a discount before the contract was "
    "signed. Barges passed the lock all day while engineers looked at its gates and measured how far they move. In the "
    "evening the wind turned to the west, and the water in the canal rose by a hand."
)


def taggers() -> Taggers:
    """Heads whose weights are the vectors of the words."""
    heads = []
    for facet in ("function", "kind", "good_for"):
        concepts = {concept: words for (of, concept), words in WORDS.items() if of == facet}
        weights = ENCODER.encode(list(concepts.values())).T.astype(np.float32) * 20
        bias = np.full(len(concepts), -2.0, np.float32)
        heads.append(Head(facet, tuple(concepts), (-1,) * len(concepts), weights, bias, (0.0, 1.0, 0.0)))
    said = tuple(Exemplar(facet, concept, words) for (facet, concept), words in WORDS.items())
    vectors = ENCODER.encode([each.text for each in said]).astype(np.float16)
    return Taggers("test-1", ENCODER.digest, "t" * 64, tuple(heads), Exemplars(vectors, said))
