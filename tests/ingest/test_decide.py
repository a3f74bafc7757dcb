"""Decisions, as tables."""

from datetime import timedelta

import pytest

from catalog.ids import SourceId, new_id
from catalog.records import State
from ingest import decide
from ingest.decide import Fate, Step
from ingest.feeds import Item
from tests import make
from tests.make import NOW

ITEM = Item("key", "https://a.example/1", "Title", "Summary", "", NOW, "digest")
SOURCE = SourceId(new_id())
MINE, THEIRS = make.article(text="word " * 100), make.article()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("known", "step"),
    [
        (None, Step.NEW),
        (make.feed_item(SOURCE, digest="digest"), Step.SKIP),
        (make.feed_item(SOURCE, digest="other"), Step.REVISED),
        (make.feed_item(SOURCE, digest="other", revisions=9), Step.REVISED),
        (make.feed_item(SOURCE, digest="other", revisions=10), Step.SKIP),
    ],
)
def test_an_item_is_new_revised_or_skipped(known, step):
    assert decide.step(ITEM, known) is step


@pytest.mark.parametrize(
    ("own", "same_text", "same_address", "fate"),
    [
        (None, None, None, Fate.STORE),
        (None, THEIRS, None, Fate.DUPLICATE),
        (None, None, THEIRS, Fate.DUPLICATE),
        (MINE, MINE, MINE, Fate.KEEP),
        (MINE, None, MINE, Fate.REVISE),
        (MINE, None, None, Fate.REVISE),
        (MINE, THEIRS, MINE, Fate.DUPLICATE),
        (make.article(state=State.APPROVED), None, None, Fate.REVISE),
        (make.article(state=State.REJECTED), None, None, Fate.KEEP),
        (make.article(state=State.WITHDRAWN), None, None, Fate.KEEP),
    ],
)
def test_the_fate_of_a_page(own, same_text, same_address, fate):
    assert decide.fate(own, same_text, same_address) is fate


@pytest.mark.parametrize(
    ("words", "own", "enough"),
    [(29, None, False), (30, None, True), (49, MINE, False), (50, MINE, True)],
)
def test_a_feeds_own_words_stand_in_for_a_page(words, own, enough):
    assert decide.says_enough("word " * words, own, 30) is enough


@pytest.mark.parametrize(
    ("on_page", "expected"), [(None, NOW), (NOW + DAY, NOW), (NOW - DAY, NOW), (NOW - 2 * DAY, NOW - 2 * DAY)]
)
def test_an_article_is_as_old_as_its_page_says(on_page, expected):
    assert decide.published(NOW, on_page) == expected


@pytest.mark.parametrize(("failures", "pause"), [(0, HOUR), (1, 2 * HOUR), (3, 8 * HOUR), (5, DAY), (10_000, DAY)])
def test_a_source_that_fails_is_left_alone_longer(failures, pause):
    assert decide.next_visit(failures, HOUR, DAY) == pause


def test_a_page_is_tried_once_more_than_there_are_delays():
    assert [decide.next_try(attempts, (HOUR, DAY)) for attempts in (1, 2, 3)] == [HOUR, DAY, None]
