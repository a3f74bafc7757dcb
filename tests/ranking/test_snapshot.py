"""The arrays behind a feed: one row per article, in order, and the clock applied when asked."""

from datetime import timedelta

import numpy as np
import pytest

from catalog.ids import SourceId
from ranking.snapshot import NONE, Snapshot
from tests import make
from tests.make import NOW
from tests.ranking.worlds import snapshot


def test_live_is_read_off_the_clock_from_the_first_moment_to_before_the_last():
    world = snapshot(make.live_article(live_from=NOW, expires_at=NOW + timedelta(hours=1)))
    assert [world.live(NOW + timedelta(microseconds=us)).tolist() for us in (-1, 0)] == [[False], [True]]
    assert [world.live(NOW + timedelta(hours=1, microseconds=us)).tolist() for us in (-1, 0)] == [[True], [False]]


def test_without_an_end_it_stays_live():
    assert snapshot(make.live_article()).live(NOW + timedelta(days=3650)).all()


def test_rows_keep_the_order_and_the_vectors_of_the_articles():
    articles = [make.live_article(seed) for seed in range(3)]
    world = snapshot(*articles)
    assert [world.index_of[article.id] for article in articles] == [0, 1, 2]
    assert world.matrix.dtype == np.float32
    assert world.matrix.flags.c_contiguous
    assert world.matrix == pytest.approx(np.stack([article.vector for article in articles]))


def test_the_first_article_of_a_story_shares_its_code_with_those_that_follow():
    first, other = make.live_article(), make.live_article()
    world = snapshot(first, other, make.live_article(story_id=first.id))
    assert world.story[0] == world.story[2] != world.story[1]


def test_what_is_written_in_a_language_is_found_and_an_unknown_language_is_none():
    world = snapshot(*(make.live_article(language=language) for language in ("nl", "en", None)))
    assert world.written_in({"nl", "de"}).tolist() == [True, False, False]
    assert world.written_in({"nl", "en"}).tolist() == [True, True, False]


def test_what_an_article_does_not_have_has_no_code():
    world = snapshot(make.live_article(source_id=None, language=None), make.live_article(source_id=SourceId("s")))
    assert world.source.tolist() == [NONE, 0]
    assert world.language.tolist() == [NONE, 0]


def test_tags_are_a_table_per_facet_with_zero_for_untagged():
    tagged = make.live_article(tags={"topic": {"labour": 0.9, "health": 0.4}})
    topic = snapshot(tagged, make.live_article(tags={"topic": {"health": 0.7}})).facets["topic"]
    columns = [topic.column["labour"], topic.column["health"]]
    assert topic.probability[:, columns] == pytest.approx(np.array([[0.9, 0.4], [0.0, 0.7]]))


def test_nothing_approved_is_a_snapshot_too():
    empty = Snapshot.build([], ("function",))
    assert len(empty) == 0
    assert empty.live(NOW).tolist() == []
