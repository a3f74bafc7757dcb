"""What follows from what a provider says: nothing is guessed, and what two could mean is neither."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.groups import Group, Kind, Rule
from catalog.ids import GroupId
from catalog.provisioned import Said
from catalog.records import AXES, joined, without
from catalog.taxonomy import load
from curation import provisioning
from tests import make
from tests.make import NOW

WORDS = load()
FUNCTIONS = WORDS.facets["function"]


def group(name, external_id=None):
    return Group(GroupId("g"), name, external_id, NOW, NOW)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "everyone"])
def test_every_function_is_found_by_its_id_and_by_its_labels(name):
    for word in (name, *FUNCTIONS[name].labels.values()):
        assert provisioning.by_itself(word, WORDS) == name


def test_a_name_that_is_two_functions_is_neither():
    twice = FUNCTIONS | {"engineering": replace(FUNCTIONS["engineering"], labels={"en": "Sales", "nl": "Techniek"})}
    words = replace(WORDS, facets={**WORDS.facets, "function": twice})
    assert provisioning.by_itself("Sales", words) is None
    assert provisioning.by_itself("Techniek", words) == "engineering"


@given(st.text(max_size=20))
def test_no_other_word_gives_anything(word):
    known = {each.lower() for concept in FUNCTIONS.values() for each in (concept.id, *concept.labels.values())}
    if word.strip().lower() not in known:
        assert provisioning.of_group(group(word), [], WORDS) == {}


def test_rules_of_both_names_of_a_group_join_and_one_that_gives_nothing_ends_the_name():
    rules = [Rule(Kind.NAME, "Sales", "region", "emea"), Rule(Kind.EXTERNAL_ID, "7", "function", "engineering")]
    given_ = provisioning.of_group(group("sales", "7"), rules, WORDS)
    assert given_ == {"region": {"emea"}, "function": {"engineering"}}
    assert provisioning.of_group(group("Sales"), [Rule(Kind.NAME, "sales", "", "")], WORDS) == {}
    assert provisioning.of_group(group("Sales"), [Rule(Kind.EXTERNAL_ID, "Sales", "", "")], WORDS) == {
        "function": {"sales"}
    }
    assert provisioning.of_group(group("Sales"), [Rule(Kind.DEPARTMENT, "Sales", "unit", "x")], WORDS) == {
        "function": {"sales"}
    }


@pytest.mark.parametrize(
    ("preferred", "locale", "language"),
    [
        ("nl", None, "nl"),
        ("nl-NL", "en-US", "nl"),
        (None, "en_US", "en"),
        ("nl-NL,nl;q=0.9", None, "nl"),
        ("DE-at", None, "de"),
        ("dutch", "fr", "fr"),
        ("", None, None),
        (None, None, None),
        ("*", None, None),
        ("n", None, None),
        ("é1", None, None),
    ],
)
def test_the_language_is_that_of_the_first_tag_that_is_one(preferred, locale, language):
    found = provisioning.of_language(Said("ann", preferred_language=preferred, locale=locale))
    assert found == ({"language": {language}} if language else {})


axes = st.dictionaries(st.sampled_from(AXES), st.frozensets(st.sampled_from("abc"), min_size=1))


@given(axes, axes, axes)
def test_what_is_set_and_what_is_lent_never_mix(own, lent, then):
    person = replace(make.employee(), axes=joined(own, lent), lent=without(lent, own))
    assert person.own == own
    changed = person.owning(then)
    assert changed.own == then
    assert changed.axes == joined(then, without(without(lent, own), then))
