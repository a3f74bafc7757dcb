"""What an organisation changes about the vocabulary, in the taggers: own concepts, hidden ones, borrowed texts."""

import numpy as np
import pytest

from catalog.own_concepts import own_concept
from catalog.taxonomy import FACETS, Concept, Taxonomy
from models.hashing import HashingEncoder
from models.tagger_fit import examples, fit

WORDS = {
    "function": {
        "sales": "quota customer quotation discount pipeline account deal",
        "legal": "court contract clause lawsuit regulator statute liability",
        "software": "release bug server database compiler interface backend",
    },
    "topic": {
        "sport": "match goal league striker referee stadium trophy",
        "weather": "storm rain frost wind thunder heatwave snow",
        "economy": "market inflation budget bank investors growth trade",
    },
}
ENCODER = HashingEncoder(128)


def shipped(facet, name, words):
    random = np.random.default_rng(len(name))
    told = {
        language: tuple(" ".join(random.choice(words.split(), 4, replace=False)) for _ in range(8))
        for language in ("nl", "en")
    }
    return Concept(facet, name, None, (), dict.fromkeys(told, name), dict.fromkeys(told, words), told)


TAXONOMY = Taxonomy(
    "1",
    "d" * 64,
    {facet: {name: shipped(facet, name, told) for name, told in WORDS.get(facet, {}).items()} for facet in FACETS},
)
SAFETY = own_concept(
    "theme",
    "safety",
    labels={"nl": "Veilig"},
    examples={"nl": ("helm harnas voorkomt incident", "harnas voor de helm", "geen incident met harnas")},
)


def tag(taxonomy, text):
    return fit(taxonomy, ENCODER).probabilities(ENCODER.encode([text]))[0]


@pytest.mark.parametrize("facet", ["theme", "product", "department"])
def test_one_concept_of_three_examples_in_one_language_is_told(facet):
    one = own_concept(facet, "safety", labels=SAFETY.labels, examples=SAFETY.examples)
    ours = TAXONOMY.joined({facet: {"safety": one}}, {}, {})
    on, off = tag(ours, "helm en harnas bij incident")[facet], tag(ours, "striker scores goal in match")[facet]
    assert on["safety"] > 0.5 > off["safety"]


def test_own_words_change_no_shipped_tag():
    ours = TAXONOMY.joined({"theme": {"safety": SAFETY}}, {}, {})
    text = "court voids clause in contract"
    assert {facet: tag(ours, text)[facet] for facet in WORDS} == tag(TAXONOMY, text)


def test_what_is_hidden_is_not_tagged_and_not_given_to_its_neighbours():
    ours = TAXONOMY.joined({}, {}, {"topic": frozenset({"weather"})})
    found = tag(ours, "storm brings rain and thunder")["topic"]
    assert set(found) == {"sport", "economy"}
    assert max(found.values()) < 0.5
    assert tag(ours, "rain and thunder after the heatwave")["function"].keys() == WORDS["function"].keys()


def test_borrowed_texts_teach_but_are_no_headlines():
    ours = TAXONOMY.taught({("function", "sales"): {"en": ("hawks wares from door to door",)}})
    added = [example for example in examples(ours) if example.text.startswith("hawks")]
    assert [(example.concept.id, example.is_headline) for example in added] == [("sales", False)]
    text = "wares from door to door"
    assert tag(ours, text)["function"]["sales"] > tag(TAXONOMY, text)["function"]["sales"]
