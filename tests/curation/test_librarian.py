"""The library over a real catalogue: words and meaning together, each story once, and it says what was not done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalog import articles, tenants
from catalog.errors import NotFound, Unavailable
from catalog.ids import new_id
from catalog.records import State
from catalog.search import Filters
from curation.librarian import NO_ENCODER, NO_WORDS, OTHER_ENCODER, Librarian, NotEnriched
from curation.library import Way
from ingest.config import EnrichOptions
from ingest.enrich import enrich
from models.hashing import HashingEncoder
from tests import make
from tests.make import NOW

ENCODER = HashingEncoder(dimensions=256)
GATES = "The new gates of the lock are made of composite and weigh less than steel ones. "
PUMPS = "Eels pass the slow pump of the polder unharmed, the water authority found. "
WAGES = "Crane drivers get four percent more pay from the summer on, unions say. "


class NoTags:
    def tags(self, vectors):
        return [[] for _ in vectors]


class Away:
    """An encoder whose process is not there."""

    digest, dimensions = ENCODER.digest, ENCODER.dimensions

    def encode(self, texts, progress=None):
        raise Unavailable("the encoder is away: start it")


@pytest.fixture
def stored(database, tenant):
    """Four articles, two of which tell one story."""
    texts = {"gates": GATES * 6, "again": GATES * 6 + "So it was told.", "pumps": PUMPS * 6, "wages": WAGES * 6}
    made = {
        name: make.article(title=f"About {name}", lead="", text=text, published_at=NOW - timedelta(days=days))
        for days, (name, text) in enumerate(texts.items())
    }
    with database.write() as connection:
        for article in made.values():
            articles.save(connection, tenant, article)
    enrich(database, tenant, ENCODER, NoTags(), EnrichOptions(), lambda: NOW, lambda _: None)
    with database.read() as connection:
        return {name: articles.get(connection, tenant, article.id) for name, article in made.items()}


def titles(findings):
    return [each.article.title for each in findings.found]


def test_words_and_meaning_find_together_and_a_story_is_there_once(database, tenant, stored):
    found = Librarian(tenant, ENCODER).search(database, "composite gates of the lock", Filters(), 10)
    assert found.note is None
    assert found.found[0].article.story_id == stored["gates"].story_id
    assert found.found[0].ways == (Way.WORDS, Way.MEANING)
    assert [each.others for each in found.found] == [1, 0, 0]


def test_what_has_none_of_the_words_is_found_by_its_meaning_alone(database, tenant, stored):
    found = Librarian(tenant, ENCODER).search(database, "eels", Filters(), 10)
    assert titles(found)[0] == "About pumps"
    assert {each.ways for each in found.found[1:]} == {(Way.MEANING,)}


@pytest.mark.parametrize(
    ("encoder", "note"), [(None, NO_ENCODER), (Away(), NO_ENCODER), (HashingEncoder(32), OTHER_ENCODER)]
)
def test_words_alone_are_searched_where_no_encoder_fits_and_the_answer_says_so(database, tenant, stored, encoder, note):
    found = Librarian(tenant, encoder).search(database, "eels and wages", Filters(), 10)
    assert found.note == note
    assert titles(found) == ["About wages", "About pumps"] or titles(found) == ["About pumps", "About wages"]
    assert {each.ways for each in found.found} == {(Way.WORDS,)}


def test_without_a_word_the_newest_come_and_their_scores_order_them(database, tenant, stored):
    found = Librarian(tenant, ENCODER).search(database, " 🚢 …", Filters(), 2)
    assert titles(found) == ["About gates", "About pumps"]
    assert found.note == NO_WORDS
    assert found.found[0].ways == ()


def test_filters_hold_for_both_ways(database, tenant, stored):
    librarian = Librarian(tenant, ENCODER)
    assert titles(librarian.search(database, "gates", Filters(since=NOW - timedelta(hours=1)), 10)) == ["About gates"]
    assert titles(librarian.search(database, "gates", Filters(states=(State.APPROVED,)), 10)) == []
    assert titles(librarian.similar(database, stored["gates"].id, Filters(language="nl"), 10)) == []


def test_the_own_story_comes_once_and_first_then_others(database, tenant, stored):
    found = Librarian(tenant, None).similar(database, stored["gates"].id, Filters(), 10)
    assert titles(found)[0] == "About again"
    assert [each.same_story for each in found.found] == [True, False, False]
    assert found.found[0].others == 1
    assert "About gates" not in titles(found)
    assert found.note is None


def test_an_article_that_others_know_nothing_of_yet_is_like_nothing(database, tenant, stored):
    fresh = make.article()
    with database.write() as connection:
        articles.save(connection, tenant, fresh)
    with pytest.raises(NotEnriched, match="sluis enrich"):
        Librarian(tenant, None).similar(database, fresh.id, Filters(), 10)
    with pytest.raises(NotFound):
        Librarian(tenant, None).similar(database, new_id(), Filters(), 10)


def test_an_empty_library_finds_nothing(database, tenant):
    assert Librarian(tenant, ENCODER).search(database, "gates", Filters(), 10).found == ()


def test_what_comes_and_goes_is_seen_at_once(database, tenant, stored):
    librarian = Librarian(tenant, ENCODER)
    question, found = "eels in the slow pump", ["About pumps"]
    assert titles(librarian.search(database, question, Filters(), 1)) == found
    more = make.article(title="More eels", lead="", text="Eels in the slow pump. " * 9)
    with database.write() as connection:
        articles.save(connection, tenant, more)
    enrich(database, tenant, ENCODER, NoTags(), EnrichOptions(), lambda: NOW, lambda _: None)
    assert titles(librarian.search(database, question, Filters(), 1)) == ["More eels"]
    with database.write() as connection:
        articles.move(connection, tenant, replace(more, state=State.TAGGED), State.WITHDRAWN)
    assert titles(librarian.search(database, question, Filters(), 1)) == found
    assert titles(librarian.similar(database, stored["gates"].id, Filters(states=(State.WITHDRAWN,)), 9)) == [
        "More eels"
    ]


def test_no_transaction_is_open_while_the_question_is_read(sqlite_database, tenant):
    class Writing(Away):
        def encode(self, texts, progress=None):
            with sqlite_database.write() as connection:
                tenants.touch(connection, tenant)
            return ENCODER.encode(texts)

    with sqlite_database.write() as connection:
        tenants.set_encoder(connection, tenant, ENCODER.digest)
        before = tenants.get(connection, tenant).content_version
    assert Librarian(tenant, Writing()).search(sqlite_database, "gates", Filters(), 1).note is None
    with sqlite_database.read() as connection:
        assert tenants.get(connection, tenant).content_version == before + 1
