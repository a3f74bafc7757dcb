"""Decisions, as tables."""

from datetime import timedelta

import pytest

from catalog.ids import SourceId, new_id
from catalog.records import State
from ingest import decide
from ingest.decide import Fate, Step
from tests import make
from tests.make import NOW

ITEM = make.item(digest="digest")
SOURCE = SourceId(new_id())
MINE, THEIRS = make.article(text="word " * 100), make.article()
DAY = timedelta(days=1)


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


def test_what_its_sender_says_anew_is_taken_over_though_the_text_is_the_same():
    assert decide.fate(MINE, MINE, MINE, retold=True) is Fate.REVISE
    assert decide.fate(MINE, THEIRS, MINE, retold=True) is Fate.DUPLICATE
    withdrawn = make.article(state=State.WITHDRAWN)
    assert decide.fate(withdrawn, withdrawn, None, retold=True) is Fate.KEEP


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


def test_the_newest_are_taken_first_and_what_is_old_is_no_news():
    new = [make.feed_item(SOURCE, published_at=NOW - days * DAY) for days in (5, 1, 3, 40)]
    chosen = decide.within(new, 2, NOW - 30 * DAY)
    assert (chosen.taken, chosen.over, chosen.old) == ((new[1], new[2]), (new[0],), (new[3],))
    assert decide.within(new, None, NOW - 90 * DAY).taken == (new[1], new[2], new[0], new[3])
    assert decide.within(new, -1, NOW - 90 * DAY).taken == ()


def test_nothing_is_taken_that_would_be_put_away_at_once():
    assert decide.oldest(make.source(), 90 * DAY) == 90 * DAY
    assert decide.oldest(make.source(archive_days=30), 90 * DAY) == 30 * DAY
    assert decide.expires(make.source(archive_days=30), None, NOW) == NOW + 30 * DAY
    assert decide.expires(make.source(archive_days=30), NOW + DAY, NOW) == NOW + DAY
    assert decide.expires(make.source(), None, NOW) is None
