"""Changes of the vocabulary: allowed or refused with the remedy, always with a line of the trail, on both databases."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import articles, taxonomy, tenants, vocabulary
from catalog.errors import Conflict, Invalid, NotFound
from catalog.own_concepts import BadConcept, arranged, own_concept
from catalog.records import Tag, WordAction
from catalog.taxonomy import UnknownConcept
from curation.review import Reviewer
from curation.vocabulary import NotInUse, UnknownWord, WordDesk, _merged
from tests import make
from tests.make import NOW

SHIPPED = taxonomy.load()
TITLES = ("Fish pass beside the lock", "Crane lifts deck without diesel", "Pumps shift to windy hours")


def theme(name, **given):
    return own_concept("theme", name, **({"labels": {"nl": name.title()}, "examples": {"nl": TITLES}} | given))


@pytest.fixture
def desk(database, tenant):
    with database.write() as connection:
        yield WordDesk(connection, tenant, SHIPPED, Reviewer("Anne"), NOW)


def known(desk):
    return vocabulary.load(desk.connection, desk.tenant)


def trail(desk, *names):
    return [(c.action, c.actor) for c in vocabulary.changes(desk.connection, desk.tenant, "theme", names)]


def test_taking_over_again_changes_nothing(desk):
    version = tenants.get(desk.connection, desk.tenant).vocabulary_version
    first = desk.take_over([theme("eels", parent="delta"), theme("delta")])
    assert first.added == ["eels", "delta"]
    grown = tenants.get(desk.connection, desk.tenant).vocabulary_version
    again = desk.take_over([theme("delta"), theme("eels", parent="delta")])
    assert (again.added, again.changed, again.unchanged) == ([], [], ["delta", "eels"])
    assert tenants.get(desk.connection, desk.tenant).vocabulary_version == grown > version
    assert desk.take_over([theme("delta", labels={"nl": "Nieuw"})]).changed == ["delta"]
    assert trail(desk, "delta") == [(WordAction.ADD, "Anne (curator)"), (WordAction.EDIT, "Anne (curator)")]


def test_one_wrong_concept_and_none_is_taken(desk):
    for wrong, says in ((theme("eels", parent="gone"), "no parent 'gone'"), (theme("sales"), "shipped function")):
        with pytest.raises(BadConcept, match=says):
            desk.take_over([theme("delta"), wrong])
    with pytest.raises(BadConcept, match="below itself"):
        desk.take_over([theme("delta", parent="eels"), theme("eels", parent="delta")])
    assert not known(desk).in_use["theme"]
    assert trail(desk, "delta") == []


def test_a_concept_is_added_once(desk):
    desk.add(theme("delta"))
    with pytest.raises(Conflict, match="'sluis vocabulary rename' its labels"):
        desk.add(theme("delta"))


def test_a_rename_keeps_the_id_and_remembers_both_labels(desk):
    desk.add(theme("delta", labels={"nl": "Delta", "en": "The delta"}))
    assert desk.rename("theme", "delta", {"nl": "", "en": "Our delta"}).labels == {"nl": "Delta", "en": "Our delta"}
    desk.rename("theme", "delta", {"nl": "Delta", "en": ""})
    changes = vocabulary.changes(desk.connection, desk.tenant, "theme", ["delta"])
    assert [change.action for change in changes] == [WordAction.ADD, WordAction.RENAME]
    assert changes[1].changes == {
        "before": {"nl": "Delta", "en": "The delta"},
        "after": {"nl": "Delta", "en": "Our delta"},
    }
    with pytest.raises(Invalid, match="--nl or --en"):
        desk.rename("theme", "delta", {"nl": ""})
    with pytest.raises(BadConcept, match="10000 characters"):
        desk.rename("theme", "delta", {"nl": "x" * 10_000})
    with pytest.raises(UnknownWord, match="near to it are delta"):
        desk.rename("theme", "delto", {"nl": "x"})


def test_a_merge_moves_tags_examples_and_children_and_is_read_through_for_ever(desk):
    more = ("Eel ladder opens", *TITLES[:2])
    desk.take_over([theme("a", examples={"en": more}), theme("b"), theme("c"), theme("below", parent="a")])
    article = make.store_live(desk.connection, desk.tenant, make.audience("*"))
    articles.replace_tags(desk.connection, desk.tenant, article.id, [Tag("theme", "a", 0.7)])
    assert desk.merge("theme", "a", "b") == 1
    assert desk.merge("theme", "b", "c") == 1
    now = known(desk)
    assert [now.resolve("theme", name) for name in ("a", "b", "c")] == ["c", "c", "c"]
    assert articles.tags_of(desk.connection, desk.tenant, [article.id])[article.id] == [Tag("theme", "c", 0.7)]
    assert set(now.in_use["theme"]) == {"c", "below"}
    assert now.in_use["theme"]["below"].parent == "c"
    assert now.in_use["theme"]["c"].examples == {"nl": TITLES, "en": more}
    words = now.taxonomy(SHIPPED)
    assert words.label("theme", "a", "nl") == "C"
    with pytest.raises(UnknownConcept, match="merged into 'c': use that"):
        words.concept("theme", "a")
    assert trail(desk, "a")[-1][0] == WordAction.MERGE


def test_a_merged_id_is_never_free_again(desk):
    desk.take_over([theme("a"), theme("b")])
    desk.merge("theme", "a", "b")
    for again in (lambda: desk.add(theme("a")), lambda: desk.restore("theme", "a")):
        with pytest.raises(NotInUse, match="merged into 'b', for good"):
            again()
    with pytest.raises(UnknownWord, match="merged into 'b': use that"):
        desk.merge("theme", "b", "a")  # would make a ring
    with pytest.raises(Invalid, match="into itself"):
        desk.merge("theme", "b", "b")


def test_a_concept_is_retired_and_brought_back(desk):
    desk.take_over([theme("delta"), theme("eels", parent="delta")])
    with pytest.raises(Conflict, match="retire or merge eels first"):
        desk.retire("theme", "delta")
    desk.retire("theme", "eels")
    desk.retire("theme", "delta")
    with pytest.raises(NotInUse, match="sluis vocabulary restore theme eels"):
        desk.add(theme("eels"))
    with pytest.raises(BadConcept, match="no parent 'delta'"):
        desk.restore("theme", "eels")
    desk.restore("theme", "delta")
    desk.restore("theme", "eels")
    assert set(known(desk).in_use["theme"]) == {"delta", "eels"}
    with pytest.raises(NotFound, match="no retired theme"):
        desk.restore("theme", "eels")


def test_a_concept_comes_back_below_what_its_parent_was_merged_into(desk):
    desk.take_over([theme("delta"), theme("water"), theme("eels", parent="delta")])
    desk.retire("theme", "eels")
    desk.merge("theme", "delta", "water")
    desk.restore("theme", "eels")
    assert known(desk).in_use["theme"]["eels"].parent == "water"


def test_shipped_concepts_are_only_hidden(desk):
    for change in (lambda: desk.retire("topic", "sport"), lambda: desk.merge("topic", "sport", "health")):
        with pytest.raises(Invalid, match="'sluis vocabulary hide topic sport'"):
            change()
    desk.hide("topic", "sport")
    desk.hide("topic", "sport")
    assert known(desk).hidden == {"topic": {"sport"}}
    desk.unhide("topic", "sport")
    with pytest.raises(NotFound, match="was hidden"):
        desk.unhide("topic", "sport")
    with pytest.raises(Invalid, match="retire theme x"):
        desk.hide("theme", "x")
    with pytest.raises(UnknownConcept, match="near to it are"):
        desk.hide("topic", "sporrt")


def test_two_concepts_of_a_facet_always_stay(desk):
    first, *others = SHIPPED.facets["good_for"]
    for name in others[:-1]:
        desk.hide("good_for", name)
    with pytest.raises(Conflict, match="1 concept of good_for would be left"):
        desk.hide("good_for", first)


EDGES = st.lists(st.none() | st.integers(0, 6), min_size=7, max_size=7)


@given(EDGES, st.permutations(range(7)))
def test_whatever_is_merged_the_rest_still_hangs_together(parents, order):
    concepts = [theme(f"c{n}", parent=None if p is None or p >= n else f"c{p}") for n, p in enumerate(parents)]
    standing = arranged(concepts)
    for old, new in pairwise(order):
        gone, stays = standing[f"c{old}"], standing[f"c{new}"]
        changed = {concept.id: concept for concept in _merged(standing, gone, stays)}
        standing = arranged(each for each in (standing | changed).values() if each.id != gone.id)
    assert len(standing) == 1
