"""What people said of articles that they let pass."""

from datetime import timedelta

import numpy as np

from catalog import articles
from catalog.ids import TenantId
from catalog.records import Origin, State, Tag
from catalog.taught import taught
from tests import make
from tests.make import NOW

SALES = ("function", "sales")


def store(connection, tenant, *tags: Tag, **given):
    stored = make.store_live(connection, tenant, make.audience("sales"), **given)
    articles.replace_tags(connection, tenant, stored.id, tags)
    return stored


def person(facet: str, concept: str) -> Tag:
    return Tag(facet, concept, 1.0, Origin.PERSON)


def test_only_what_a_person_said_of_an_approved_article_in_these_vectors(database, tenant):
    with database.write() as connection:
        own = store(connection, tenant, person(*SALES), person("topic", "labour"), title="Ours", seed=3)
        store(connection, tenant, Tag(*SALES, 0.9), seed=4)
        store(connection, tenant, Tag(*SALES, 1.0, Origin.SOURCE), seed=5)
        store(connection, tenant, person("function", "legal"), seed=6)
        store(connection, tenant, person(*SALES), encoder="0" * 64)
        gone = store(connection, tenant, person(*SALES), seed=7)
        articles.move(connection, tenant, gone, State.WITHDRAWN)
        [found] = taught(connection, tenant, make.ENCODER, [SALES])
        assert (found.article_id, found.title, found.facet, found.concept) == (own.id, "Ours", *SALES)
        np.testing.assert_array_equal(found.vector, make.unit(3))
        both = taught(connection, tenant, make.ENCODER, [SALES, ("topic", "labour")])
        assert {each.concept for each in both} == {"sales", "labour"}
        assert taught(connection, tenant, make.ENCODER, [SALES], but=own.id) == []
        assert taught(connection, tenant, make.ENCODER, []) == []
        assert taught(connection, TenantId("other"), make.ENCODER, [SALES]) == []


def test_the_newest_of_each_tag(database, tenant, monkeypatch):
    monkeypatch.setattr("catalog.taught._MOST_PER_TAG", 2)
    with database.write() as connection:
        for concept in ("sales", "legal"):
            for days in (5, 1, 3):
                published = {"published_at": NOW - timedelta(days=days), "title": f"{concept} {days}"}
                store(connection, tenant, person("function", concept), **published)
        found = taught(connection, tenant, make.ENCODER, [SALES, ("function", "legal")])
    assert {each.title for each in found} == {"sales 1", "sales 3", "legal 1", "legal 3"}
