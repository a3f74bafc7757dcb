"""Articles: one per text, moved only from where they are, complete or not at all. On both databases."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from catalog import articles, audiences, tenants
from catalog.articles import StateChanged
from catalog.errors import NotFound
from catalog.records import Origin, State, Tag
from tests import make
from tests.make import ENCODER, NOW


def test_what_is_saved_comes_back_the_same(database, tenant):
    saved = make.article(title="Sluis – “héél” 🚢", internal=True, live_from=NOW)
    with database.write() as connection:
        assert articles.save(connection, tenant, saved)
    with database.read() as connection:
        assert articles.get(connection, tenant, saved.id) == saved
        assert articles.find(connection, tenant, url=saved.url) == saved
        assert articles.find(connection, tenant, digest=saved.digest) == saved


def test_the_same_text_is_stored_once_and_keeps_its_second_address(database, tenant):
    first = make.article()
    second = replace(make.article(), digest=first.digest)
    with database.write() as connection:
        assert articles.save(connection, tenant, first)
        assert not articles.save(connection, tenant, second)
        articles.add_url(connection, tenant, first.id, second.url)
    with database.read() as connection:
        assert articles.find(connection, tenant, url=second.url) == first
        assert articles.count_by_state(connection, tenant) == {State.EXTRACTED: 1}


def test_moving_needs_the_state_that_was_seen(database, tenant):
    saved = make.article(state=State.IN_REVIEW)
    with database.write() as connection:
        articles.save(connection, tenant, saved)
        articles.move(connection, tenant, saved, State.REJECTED)
    with pytest.raises(StateChanged), database.write() as connection:
        articles.move(connection, tenant, saved, State.APPROVED)


def test_enrichment_is_written_whole(database, tenant):
    saved = make.article()
    tags = [Tag("topic", "labour", 0.9), Tag("function", "sales", 0.4)]
    with database.write() as connection:
        articles.save(connection, tenant, saved)
        token = articles.claim_extracted(connection, tenant, 1, NOW, timedelta(minutes=1)).token
        articles.finish_enrichment(
            connection,
            tenant,
            saved.id,
            token,
            language="nl",
            story_id=saved.id,
            encoder=ENCODER,
            vector=make.unit(1),
            tags=tags,
        )
    with database.read() as connection:
        found = articles.get(connection, tenant, saved.id)
        assert (found.state, found.language, found.story_id) == (State.TAGGED, "nl", saved.id)
        assert articles.tags_of(connection, tenant, [saved.id]) == {saved.id: tags}
        assert np.array_equal(articles.vectors(connection, tenant, ENCODER)[saved.id], make.unit(1))
        assert articles.vectors(connection, tenant, "f" * 64) == {}


def test_a_vector_that_is_not_finite_never_reaches_the_disk(database, tenant):
    saved = make.article()
    with database.write() as connection:
        articles.save(connection, tenant, saved)
    with pytest.raises(Exception, match="not finite"), database.write() as connection:
        token = articles.claim_extracted(connection, tenant, 1, NOW, timedelta(minutes=1)).token
        vector = np.array([np.nan, 1.0], dtype=np.float32)
        articles.finish_enrichment(
            connection, tenant, saved.id, token, language="nl", story_id=None, encoder=ENCODER, vector=vector, tags=[]
        )
    with database.read() as connection:
        assert articles.get(connection, tenant, saved.id).state is State.EXTRACTED


def test_only_approved_articles_with_audience_and_vector_can_be_served(database, tenant):
    with database.write() as connection:
        meant = make.store_live(connection, tenant, make.audience("sales"), seed=1)
        make.store_live(connection, tenant, None, seed=2)
        articles.save(connection, tenant, make.article(state=State.APPROVED, live_from=NOW))
    with database.read() as connection:
        found = articles.approved(connection, tenant, ENCODER)
        assert [live.id for live in found] == [meant.id]
        assert found[0].audience == make.audience("sales")
        assert found[0].tags == {"topic": {"labour": 0.9}}
        assert articles.approved(connection, tenant, "f" * 64) == []


def test_a_revision_starts_over_and_is_for_nobody(database, tenant):
    with database.write() as connection:
        known = make.store_live(connection, tenant, make.audience("sales"))
        before = tenants.get(connection, tenant).content_version
        fresh = make.article(text="Another text", created_at=NOW)
        articles.revise(connection, tenant, known, fresh)
    with database.read() as connection:
        found = articles.get(connection, tenant, known.id)
        assert (found.state, found.revision, found.text, found.live_from) == (
            State.EXTRACTED,
            2,
            "Another text",
            None,
        )
        assert audiences.get(connection, tenant, known.id) is None
        assert articles.vectors(connection, tenant, ENCODER) == {}
        assert tenants.get(connection, tenant).content_version > before


def test_a_start_of_an_id_finds_it_and_wildcards_do_not(database, tenant):
    saved = make.article()
    with database.write() as connection:
        articles.save(connection, tenant, saved)
        assert [found.id for found in articles.starting_with(connection, tenant, saved.id[:8])] == [saved.id]
        assert articles.starting_with(connection, tenant, "%") == []


def test_another_tenants_article_is_as_good_as_none(database, tenant):
    saved = make.article()
    with database.write() as connection:
        articles.save(connection, tenant, saved)
    with database.of("other").write() as connection:
        tenants.ensure(connection, "other", "Other", NOW)
        with pytest.raises(NotFound):
            articles.get(connection, "other", saved.id)
        assert articles.find(connection, "other", url=saved.url) is None


def test_the_audience_of_a_past_moment_can_be_read_back(database, tenant):
    with database.write() as connection:
        known = make.store_live(connection, tenant, make.audience("sales"))
        later = NOW + timedelta(hours=1)
        audiences.replace(connection, tenant, known.id, make.audience("engineering"), Origin.PERSON, later)
        history = audiences.History.load(connection, tenant)
    assert history.at(known.id, NOW) == make.audience("sales")
    assert history.at(known.id, later) == make.audience("engineering")
    assert history.at(known.id, NOW - timedelta(days=30)) is None


def test_an_audience_replaced_in_the_same_instant_leaves_one(database, tenant):
    with database.write() as connection:
        known = make.store_live(connection, tenant, None)
        for functions in (("sales", "executive"), ("sales",)):
            audiences.replace(connection, tenant, known.id, make.audience(*functions), Origin.PERSON, NOW)
        assert audiences.get(connection, tenant, known.id) == make.audience("sales")
