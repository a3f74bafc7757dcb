"""Own words in the database, on both databases: kept, found again under their ids of now, and nobody else's."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import articles, reviews, sources, tagged, taxonomy, tenants, vocabulary
from catalog.ids import TenantId
from catalog.own_concepts import own_concept
from catalog.records import Action, Origin, Tag, WordAction, WordChange
from catalog.standards import BorrowedText
from catalog.taxonomy import UnknownConcept
from catalog.vocabulary import Vocabularies, resolve
from tests import make
from tests.make import NOW

SHIPPED = taxonomy.load()
TITLES = ("Fish pass beside the lock", "Crane lifts deck without diesel", "Pumps shift to windy hours")


def theme(name, **given):
    return own_concept("theme", name, **({"labels": {"nl": name.title()}, "examples": {"nl": TITLES}} | given))


def keep(connection, tenant, *concepts):
    for concept in concepts:
        vocabulary.save(connection, tenant, concept, NOW)
    change = WordChange(NOW, "Test", WordAction.ADD, "theme", concepts[0].id)
    vocabulary.note(connection, tenant, change)


def text(concept="sales", words="sells boats", language="en"):
    return BorrowedText("esco", language, "function", concept, "3322", words)


def test_concepts_are_kept_as_they_are(database, tenant):
    child = theme("eels", parent="delta", definitions={"nl": "Paling."})
    with database.write() as connection:
        keep(connection, tenant, child, theme("delta"))
    with database.read() as connection:
        found = vocabulary.load(connection, tenant)
    assert list(found.in_use["theme"].values()) == [theme("delta"), child]
    assert vocabulary.Vocabulary.resolve(found, "theme", "eels") == "eels"


def test_own_words_join_the_shipped_ones_and_change_the_digest(database, tenant):
    with database.write() as connection:
        keep(connection, tenant, theme("delta"))
    with database.read() as connection:
        ours = vocabulary.load(connection, tenant).taxonomy(SHIPPED)
    assert list(ours.facets["theme"]) == ["delta"]
    assert ours.facets["topic"] == SHIPPED.facets["topic"]
    with database.write() as connection:
        vocabulary.save(connection, tenant, theme("delta", examples={"nl": (*TITLES, "Another")}), NOW)
        other = vocabulary.load(connection, tenant).taxonomy(SHIPPED)
    assert len({SHIPPED.digest, ours.digest, other.digest}) == 3


def test_a_vocabulary_is_read_again_only_when_it_changed_and_is_nobody_elses(database, tenant):
    other, known = TenantId("other"), Vocabularies(SHIPPED)
    with database.write() as connection:
        assert known.taxonomy(connection, tenant) is SHIPPED
        keep(connection, tenant, theme("delta"))
        ours = known.taxonomy(connection, tenant)
        assert "delta" in ours.facets["theme"]
        assert known.taxonomy(connection, tenant) is ours
    with database.of(other).write() as connection:
        tenants.ensure(connection, other, "Other", NOW)
        assert known.taxonomy(connection, other) is SHIPPED


def test_what_is_retired_is_not_offered_and_stays_readable(database, tenant):
    with database.write() as connection:
        keep(connection, tenant, theme("delta"), theme("eels"))
        vocabulary.set_retired(connection, tenant, "theme", "eels", NOW)
        ours = vocabulary.load(connection, tenant).taxonomy(SHIPPED)
    assert list(ours.facets["theme"]) == ["delta"]
    assert ours.label("theme", "eels", "en") == "Eels"
    assert ours.label("theme", "unheard-of", "en") == "unheard-of"
    with pytest.raises(UnknownConcept, match="is retired: 'sluis vocabulary restore theme eels'"):
        ours.concept("theme", "eels")


def test_what_is_hidden_goes_with_all_below_it_and_comes_back(database, tenant):
    with database.write() as connection:
        vocabulary.set_hidden(connection, tenant, "topic", "labour", hidden=True)
        vocabulary.set_hidden(connection, tenant, "topic", "labour", hidden=True)
        ours = vocabulary.load(connection, tenant).taxonomy(SHIPPED)
        vocabulary.set_hidden(connection, tenant, "topic", "labour", hidden=False)
        again = vocabulary.load(connection, tenant).taxonomy(SHIPPED)
    assert not {"labour", "labour-market"} & set(ours.facets["topic"])
    assert {"labour", "labour-market"} <= set(ours.hidden["topic"])
    assert ours.label("topic", "labour", "nl") == SHIPPED.label("topic", "labour", "nl")
    with pytest.raises(UnknownConcept, match="hidden"):
        ours.concept("topic", "labour-market")
    assert ours.digest != SHIPPED.digest == again.digest


def test_borrowed_texts_teach_what_is_in_use(database, tenant):
    with database.write() as connection:
        vocabulary.borrow(connection, tenant, "en", [text(words="old")])
        vocabulary.borrow(connection, tenant, "en", [text(), text(words="sells more")])
        vocabulary.borrow(connection, tenant, "nl", [text(words="verkoopt", language="nl"), text()])
        ours = vocabulary.load(connection, tenant).taxonomy(SHIPPED)
        assert vocabulary.borrowed_counts(connection, tenant) == {("esco", "en"): 3, ("esco", "nl"): 1}
        assert vocabulary.forget(connection, tenant, "esco") == 4
        assert vocabulary.load(connection, tenant).taxonomy(SHIPPED) == SHIPPED
    assert ours.concept("function", "sales").borrowed == {"en": ("sells boats", "sells more"), "nl": ("verkoopt",)}
    assert ours.digest != SHIPPED.digest
    assert ours.unborrowed().facets == SHIPPED.facets


def store(connection, tenant, *tags):
    stored = make.store_live(connection, tenant, make.audience("*"), title=str(len(tags)))
    articles.replace_tags(connection, tenant, stored.id, tags)
    return stored.id


def test_a_merge_rewrites_whatever_carries_the_old_id(database, tenant):
    machine, said = Tag("theme", "eels", 0.6, tagger="t"), Tag("theme", "eels", 1.0, Origin.PERSON)
    weak, strong = Tag("theme", "delta", 0.4, tagger="t"), Tag("theme", "delta", 1.0, Origin.PERSON)
    source = make.source(tags={"theme": frozenset({"eels", "x"}), "topic": frozenset({"eels"})})
    with database.write() as connection:
        cases = [
            (store(connection, tenant, machine), {"delta": machine}),
            (store(connection, tenant, said, weak), {"delta": said}),
            (store(connection, tenant, machine, strong), {"delta": strong}),
            (store(connection, tenant, Tag("theme", "other", 0.5)), {"other": Tag("theme", "other", 0.5)}),
        ]
        sources.add(connection, tenant, source)
        assert tagged.rewrite(connection, tenant, "theme", "eels", "delta") == 3
        for article, expected in cases:
            found = articles.tags_of(connection, tenant, [article])[article]
            assert {tag.concept: tag for tag in found} == {
                name: replace(tag, concept=name) for name, tag in expected.items()
            }
        assert sources.get(connection, tenant, source.id).tags == {
            "theme": frozenset({"delta", "x"}),
            "topic": frozenset({"eels"}),
        }
        assert tagged.on_articles(connection, tenant) == {("theme", "delta"): 3, ("theme", "other"): 1}


def test_a_late_tagger_cannot_bring_a_merged_concept_back(database, tenant):
    with database.write() as connection:
        vocabulary.add_alias(connection, tenant, "theme", "eels", "delta", "Test", NOW)
        late = [Tag("theme", "eels", 0.9), Tag("theme", "delta", 0.3), Tag("topic", "labour", 0.5)]
        article = store(connection, tenant, *late)
        found = articles.tags_of(connection, tenant, [article])[article]
    assert found == [Tag("theme", "delta", 0.9), Tag("topic", "labour", 0.5)]


def test_decisions_count_under_the_name_of_now_and_are_not_rewritten(database, tenant):
    with database.write() as connection:
        article = store(connection, tenant)
        for names in (["eels"], ["delta", "eels"], []):
            changes = {"theme": {"before": [], "after": names}}
            reviews.add(connection, tenant, make.decision(article, action=Action.EDIT, changes=changes))
        before = reviews.of_article(connection, tenant, article)
        vocabulary.add_alias(connection, tenant, "theme", "eels", "delta", "Test", NOW)
        assert tagged.in_decisions(connection, tenant) == {("theme", "delta"): 2}
        assert reviews.of_article(connection, tenant, article) == before


def test_the_trail_keeps_who_did_what_and_when(database, tenant):
    rename = WordChange(NOW, "Anne", WordAction.RENAME, "theme", "delta", {"before": {"nl": "A"}, "after": {"nl": "B"}})
    later = replace(rename, at=NOW + timedelta(days=1), action=WordAction.RETIRE, changes={})
    with database.write() as connection:
        for change in (rename, replace(rename, concept="other"), later):
            vocabulary.note(connection, tenant, change)
        assert vocabulary.changes(connection, tenant, "theme", ["delta"]) == [rename, later]
        assert vocabulary.changes(connection, TenantId("other"), "theme", ["delta"]) == []


NAMES = st.sampled_from("abcdefgh")


@given(st.dictionaries(NAMES, NAMES), NAMES)
def test_resolving_ends_for_any_aliases_and_again_changes_nothing(aliases, name):
    end = resolve(aliases, name)
    assert resolve(aliases, end) == end
    assert end == name or end not in aliases


@given(st.permutations("abcdefgh"), st.integers(1, 7))
def test_a_chain_leads_to_its_end_from_everywhere(names, length):
    chain = names[: length + 1]
    aliases = dict(pairwise(chain))
    assert {resolve(aliases, name) for name in chain} == {chain[-1]}
