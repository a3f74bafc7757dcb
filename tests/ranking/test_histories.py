"""Packed histories say just what plain ones would say, and forget in the same order."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.records import EventType
from ranking import histories
from ranking.companions import Companions
from ranking.histories import Histories

DEEDS = [EventType.OPEN, EventType.LIKE, EventType.SHARE, EventType.DISMISS]

done = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.sampled_from(DEEDS), st.integers(1, 6), st.floats(0, 100), st.booleans()),
    min_size=10,
    max_size=60,
)


class Plain:
    """One person's deeds, in lists."""

    def __init__(self):
        self.deeds, self.done = [], {}

    def did(self, type_, article, at, *, late):
        self.done[type_, article] = self.done.pop((type_, article), 0) + 1
        while len(self.done) > histories.ARTICLES_KEPT:
            del self.done[next(iter(self.done))]
        place = len(self.deeds)
        if late and self.deeds and self.deeds[-1][0] > at:
            place = next(place for place, deed in enumerate(self.deeds) if deed[0] > at)
        self.deeds.insert(place, (at, type_, article))
        if len(self.deeds) > histories.DEEDS_KEPT:
            del self.deeds[0]


@pytest.fixture(autouse=True)
def short_memory(monkeypatch):
    monkeypatch.setattr(histories, "DEEDS_KEPT", 5)
    monkeypatch.setattr(histories, "ARTICLES_KEPT", 12)


@settings(deadline=None)
@given(done)
def test_deeds_are_those_of_plain_lists(happened):
    packed, plain = Histories(), {1: Plain(), 2: Plain()}
    assert [packed.add(), packed.add()] == [1, 2]
    for seq, (person, type_, article, at, late) in enumerate(happened, start=1):
        assert packed.has_done(person, type_, article) == ((type_, article) in plain[person].done)
        packed.did(person, type_, article, at, seq, late=late)
        plain[person].did(type_, article, at, late=late)
    for person, known in plain.items():
        told = packed.read(person)
        assert list(zip(told.at, told.types(), told.articles, strict=True)) == known.deeds
        for type_ in DEEDS:
            assert set(told.chosen(type_).tolist()) == {article for did, article in known.done if did is type_}
        opened = [article for at, type_, article in reversed(known.deeds) if type_ is EventType.OPEN and at <= 50]
        assert list(packed.last_opened(person, 50)) == opened
        assert told.last_deed == max((seq for seq, each in enumerate(happened, 1) if each[0] == person), default=0)


@given(st.lists(st.integers(1, 20), max_size=60))
def test_what_was_shown_is_counted_and_the_one_shown_longest_ago_is_forgotten(shown):
    packed, plain = Histories(), {}
    person = packed.add()
    for article in shown:
        packed.shown(person, article)
        plain[article] = plain.pop(article, 0) + 1
        if len(plain) > histories.ARTICLES_KEPT:
            del plain[next(iter(plain))]
    told = packed.read(person)
    assert list(zip(told.seen, told.times, strict=True)) == list(plain.items())


def test_reading_is_of_that_moment():
    packed = Histories()
    person = packed.add()
    packed.did(person, EventType.OPEN, 1, 0.0, 1, late=False)
    before = packed.read(person)
    packed.did(person, EventType.OPEN, 2, 1.0, 2, late=False)
    assert before.articles.tolist() == [1]
    assert packed.read(person).articles.tolist() == [1, 2]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=80), st.sampled_from([0, 3, 1000]))
def test_companions_are_counted_whenever_they_are_sorted_in(met, waiting):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ranking.companions._LEAST_WAITING", waiting)
        companions, plain = Companions(), Counter()
        for one, other in met:
            companions.met(one, other)
            plain[one, other] += 1
            plain[other, one] += 1
    for one in range(1, 10):
        assert companions.times(np.array([one]), 10).tolist() == [plain[one, other] for other in range(10)]
