"""Articles by their words and by what a curator filters on. On both databases, which must find the same."""

import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import articles, search, sources, tenants
from catalog.ids import ArticleId, TenantId, new_id
from catalog.records import State, Tag
from catalog.search import Filters
from catalog.words import asked
from sluis.demo.world import FEEDS, stories
from tests import make
from tests.make import NOW

DAY = timedelta(days=1)
QUERIES = tomllib.loads((Path(__file__).parents[1] / "golden/library/queries.toml").read_text(encoding="utf-8"))[
    "query"
]
LANGUAGES = {feed.id: feed.language for feed in FEEDS}
HOSTILE = [
    '"',
    "'",
    "*",
    "AND",
    "NEAR(a b)",
    "title:x",
    "{title} : x",
    "a\0b",
    "'; DROP TABLE articles; --",
    "🚢",
    "(",
    "^x",
]


def store(database, tenant, *made):
    with database.write() as connection:
        for article in made:
            assert articles.save(connection, tenant, article)
            search.index(connection, tenant, article)


def told(**given):
    return make.article(**({"language": "nl", "state": State.TAGGED} | given))


def found(database, tenant, question, limit=10, at_least=1, **filters):
    with database.read() as connection:
        hits = search.by_words(connection, tenant, asked(question), Filters(**filters), limit, at_least)
    return [hit.id for hit in hits]


def test_the_demos_articles_are_found_by_their_words(database, tenant):
    world = {
        story.slug: told(
            title=story.title,
            lead="",
            text="\n".join(story.paragraphs),
            language=LANGUAGES[story.feed],
            published_at=NOW - timedelta(days=story.days_ago),
        )
        for story in stories()
    }
    store(database, tenant, *world.values())
    slug = {article.id: slug for slug, article in world.items()}
    for query in QUERIES:
        if query["kind"] == "words":
            first = [slug[each] for each in found(database, tenant, query["ask"], limit=3)]
            assert set(first) & set(query["want"]), f"{query['ask']!r} found {first}"


def test_the_title_weighs_more_than_the_lead_and_the_lead_more_than_the_text(database, tenant):
    filler = " ".join(f"woord{number}" for number in range(30))
    text = told(title="Nieuws een", lead="Kort.", text=f"{filler} gemaal", published_at=NOW)
    lead = told(title="Nieuws twee", lead="Kort gemaal.", text=f"{filler} anders", published_at=NOW - DAY)
    title = told(title="Nieuws gemaal", lead="Kort.", text=f"{filler} nogmaals", published_at=NOW - 2 * DAY)
    store(database, tenant, text, lead, title)
    assert found(database, tenant, "gemalen") == [title.id, lead.id, text.id]


def test_an_article_with_more_of_the_words_comes_first_and_too_few_can_be_left_out(database, tenant):
    one = told(title="Pomp pomp pomp", text="Pomp na pomp.")
    both = told(title="Storing", text="De pomp had een storing.")
    store(database, tenant, one, both)
    assert found(database, tenant, "storing pomp")[0] == both.id
    assert found(database, tenant, "storing pomp", at_least=2) == [both.id]


def test_a_word_finds_longer_ones_that_begin_like_it_but_a_short_one_does_not(database, tenant):
    compound = told(title="Sluisdeuren", text="Zwaar.")
    store(database, tenant, compound, told(title="Brugdek", text="Plat."))
    assert found(database, tenant, "sluis") == [compound.id]
    assert found(database, tenant, "brd") == found(database, tenant, "slu") == []


def test_filters_narrow_what_is_found(database, tenant):
    source = make.source()
    with database.write() as connection:
        sources.add(connection, tenant, source)
    ours = told(text="De brug een.", internal=True, published_at=NOW - 3 * DAY)
    theirs = told(text="De brug twee.", source_id=source.id, language="en", published_at=NOW - 2 * DAY)
    done = told(text="De brug drie.", state=State.REJECTED, published_at=NOW - DAY)
    store(database, tenant, ours, theirs, done)
    with database.write() as connection:
        articles.replace_tags(connection, tenant, ours.id, [Tag("topic", "labour", 0.4)])

    def brug(**filters):
        by_words = found(database, tenant, "brug", **filters)
        with database.read() as connection:
            newest = [each.id for each in search.newest(connection, tenant, Filters(**filters), 10)]
            assert set(search.admitted(connection, tenant, Filters(**filters))) == set(newest) == set(by_words)
        return newest

    assert brug() == [theirs.id, ours.id]
    assert brug(states=(State.REJECTED,)) == [done.id]
    assert brug(language="en") == brug(source=source.id) == brug(internal=False) == [theirs.id]
    assert brug(internal=True) == brug(until=NOW - 2 * DAY) == [ours.id]
    assert brug(since=NOW - 2 * DAY) == [theirs.id]
    assert brug(tags={"topic": frozenset({"labour", "sport"})}) == [ours.id]
    assert brug(tags={"topic": frozenset({"labour"}), "function": frozenset({"sales"})}) == []
    assert brug(tags={"topic": frozenset({"sport"})}) == []


def test_an_article_is_found_from_its_enrichment_until_its_revision(database, tenant):
    with database.write() as connection:
        known = make.store_live(connection, tenant, None, title="Het gemaal", language="nl")
    assert found(database, tenant, "gemalen") == [known.id]
    with database.write() as connection:
        assert articles.revise(connection, tenant, known, make.article(title="De brug"))
    assert found(database, tenant, "gemalen") == found(database, tenant, "bruggen") == []


def test_an_article_that_is_indexed_again_is_found_by_its_new_words_only(database, tenant):
    known = told(title="Het gemaal")
    store(database, tenant, known, told(title="Een brug"))
    with database.write() as connection:
        search.index(connection, tenant, replace(known, title="De sluis"))
    assert found(database, tenant, "gemaal") == []
    assert found(database, tenant, "sluizen") == [known.id]


def test_another_tenants_articles_are_not_found(database, tenant):
    other = TenantId("other")
    theirs = database.of(other)
    with theirs.write() as connection:
        tenants.ensure(connection, other, "Other", NOW)
    store(theirs, other, told(title="Gemaal"))
    assert found(database, tenant, "gemaal") == []
    assert len(found(theirs, other, "gemaal")) == 1


def test_an_id_is_no_word(database, tenant):
    known = told()
    store(database, tenant, known)
    assert found(database, tenant, known.id.split("-")[0]) == [] or known.id.split("-")[0] in known.text


def test_who_tells_a_story_is_counted(database, tenant):
    story = ArticleId(new_id())
    store(database, tenant, *(told(story_id=story, text=f"Versie {number}") for number in range(3)), told())
    with database.read() as connection:
        assert search.tellers(connection, tenant, [story, ArticleId(new_id())]) == {story: 3}


def test_twenty_thousand_words_can_be_stored_and_the_first_are_found(database, tenant):
    long = told(title="Lang", text=" ".join(f"{number}kanaalmeter" for number in range(20_000)))
    store(database, tenant, long)
    assert found(database, tenant, "17kanaalmeter") == [long.id]


@pytest.mark.parametrize("typed", HOSTILE)
def test_nothing_that_is_typed_is_syntax(database, tenant, typed):
    known = told(title="Het gemaal")
    store(database, tenant, known)
    assert found(database, tenant, f"{typed} gemaal {typed}") == [known.id]
    found(database, tenant, typed)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.lists(st.sampled_from([*HOSTILE, "gemaal"]), max_size=20).map(" ".join))
def test_no_text_breaks_a_search(database, tenant, typed):
    assert found(database, tenant, typed) == []
