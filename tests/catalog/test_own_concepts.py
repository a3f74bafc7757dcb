"""What may become an own concept: whatever is typed gets one clear line, or is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import taxonomy
from catalog.own_concepts import BadConcept, arranged, own_concept, require_free
from catalog.taxonomy import OWN_FACETS

TITLES = ("Fish pass beside the lock", "Crane lifts deck without diesel", "Pumps shift to windy hours")


def made(name="clean-delta", facet="theme", **given):
    said = {"labels": {"en": "A clean delta"}, "examples": {"en": TITLES}} | given
    return own_concept(facet, name, **said)


def test_a_label_in_one_language_is_that_of_both():
    assert made().labels == {"nl": "A clean delta", "en": "A clean delta"}
    assert made(labels={"nl": "Een schone delta", "en": " "}).label("en") == "Een schone delta"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "../up"}, "'../up' is no id: use small letters"),
        ({"name": "clean delta"}, "is no id"),
        ({"name": "Clean"}, "is no id"),
        ({"name": ""}, "is no id"),
        ({"name": "x" * 65}, "at most 64 characters"),
        ({"name": "a\n"}, "is no id"),
        ({"facet": "topic"}, "use one of theme, product, department"),
        ({"facet": "x" * 10_000}, "is no facet"),
        ({"labels": {"en": "x" * 10_000}}, "the label in en has 10000 characters, where 80 are the most"),
        ({"labels": {"en": "a\x1b[31m"}}, "cannot be printed"),
        ({"labels": {"en": "a\u202eb"}}, "cannot be printed"),
        ({"labels": {"en": "a\ud800"}}, "cannot be printed"),
        ({"labels": {}}, "has no label"),
        ({"examples": {}}, "has no examples: give at least 3"),
        ({"examples": {"nl": TITLES[:1], "en": TITLES[1:2]}}, "has 2 examples: give at least 3"),
        ({"examples": {"en": TITLES[:1] * 3}}, "has 1 example: give at least 3 different ones"),
        ({"examples": {"en": (*TITLES, " ")}}, "an example in en is empty"),
        ({"examples": {"en": [f"Title {n}" for n in range(51)]}}, "keep the 50 most typical"),
        ({"definitions": {"nl": "x" * 501}}, "the definition in nl has 501 characters"),
    ],
)
def test_what_cannot_be_taken_is_said_in_one_line(given, says):
    with pytest.raises(BadConcept, match=says) as caught:
        made(**given)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_a_shipped_id_is_not_free():
    shipped = taxonomy.load()
    with pytest.raises(BadConcept, match="shipped function with this id; use another, such as our-sales"):
        require_free(made("sales"), shipped)
    require_free(made("clean-delta"), shipped)


def test_parents_come_first_whatever_the_order():
    line = [made("c", parent="b"), made("b", parent="a"), made("a")]
    assert list(arranged(line)) == ["a", "b", "c"]


def test_a_parent_that_cannot_be_is_named():
    with pytest.raises(BadConcept, match="no parent 'b'"):
        arranged([made("a", parent="b")])
    with pytest.raises(BadConcept, match="below itself"):
        arranged([made("a", parent="a")])
    with pytest.raises(BadConcept, match="below itself"):
        arranged([made("a", parent="b"), made("b", parent="c"), made("c", parent="a")])
    with pytest.raises(BadConcept, match="200 are the most"):
        arranged(made(f"a{n}") for n in range(201))


@given(st.lists(st.tuples(st.integers(0, 8), st.none() | st.integers(0, 8)), max_size=9))
def test_whatever_hangs_together_is_arranged_and_nothing_else(edges):
    concepts = [made(f"c{n}", parent=None if p is None else f"c{p}") for n, p in dict(edges).items()]
    try:
        found = list(arranged(concepts).values())
    except BadConcept:
        return
    assert sorted(c.id for c in found) == sorted(c.id for c in concepts)
    for place, concept in enumerate(found):
        assert concept.parent is None or concept.parent in {c.id for c in found[:place]}


def test_the_shipped_file_has_no_own_concepts():
    assert not any(taxonomy.load().facets[facet] for facet in OWN_FACETS)
