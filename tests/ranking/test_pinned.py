"""What is pinned, for one person: never more than they may be shown, in order, until they opened it."""

from datetime import timedelta

import numpy as np
import pytest

from catalog.records import EventType, Pin
from ranking.config import RankingOptions
from ranking.pinned import NOTHING, Pinned, pinned
from ranking.slate import rank
from ranking.state import State
from tests.make import NOW
from tests.ranking.worlds import did, numbered, opened, person, snapshot

OPTIONS = RankingOptions(pinned=3)
DAY = timedelta(days=1)


def pin(number, days=1.0, **given):
    return Pin(f"a{number}", 1, NOW - DAY, "Anne (curator)", NOW + days * DAY, **given)


def found(*pins, state=None, offered=range(12), options=OPTIONS, stories=None):
    stories = stories or {}
    articles = numbered(12)
    world = snapshot(*articles).with_pins(pins)
    for number, story in stories.items():
        world.story[number] = story
    state = state or State()
    return pinned(world, state, person(state, world), np.array(offered, dtype=np.intp), options, NOW)


def test_must_reads_come_first_and_what_runs_out_first_before_the_others():
    some = (pin(1, 3), pin(2, 1), pin(3, 2, must_read=True), pin(4, 1, must_read=True))
    assert found(*some, options=RankingOptions(pinned=9)) == Pinned((4, 3), (2, 1))
    assert found(*some) == Pinned((4, 3), (2,))
    assert found(*some, options=RankingOptions(pinned=0)) == NOTHING


def test_what_may_not_be_shown_is_not_pinned_and_leaves_its_place_to_others():
    some = [pin(number, 1 + number, must_read=True) for number in range(5)]
    assert found(*some, offered=[0, 3, 4, 7]) == Pinned((0, 3, 4), ())


def test_a_pin_that_ran_out_or_whose_article_is_gone_has_no_effect():
    assert found(pin(1, 0), pin(2, -1), pin(99)) == NOTHING


@pytest.mark.parametrize("must_read", [True, False])
def test_who_opened_it_is_done_with_it_and_who_only_saw_it_is_not(must_read):
    assert found(pin(1, must_read=must_read), state=did(*opened("ann", "a1"))) == NOTHING
    others = did(*opened("bob", "a1"), *[("ann", EventType.SEEN, "a1")] * 9)
    assert found(pin(1, must_read=must_read), state=others).all == (1,)


def test_of_one_story_one_is_pinned():
    assert found(pin(1, 1), pin(2, 2), pin(3, 3), stories={2: 1}) == Pinned((), (1, 3))


def test_pins_stand_in_the_slate_with_their_reasons_and_are_certain():
    class Backwards:
        """A ranker that likes the oldest best."""

        name, features = "backwards-1", ("log_age",)

        def score(self, rows):
            return rows[:, 0].copy()

    world, state = snapshot(*numbered(12)).with_pins([pin(9), pin(10, must_read=True)]), State()
    for seed in range(20):
        items = rank(world, state, person(state, world), Backwards(), OPTIONS, NOW, np.random.default_rng(seed), 6)
        first, _, third, *_ = items
        assert (first.article_id, first.propensity, first.reasons[0].code) == ("a10", 1.0, "must_read")
        assert (third.article_id, third.propensity, third.reasons[0].code) == ("a9", 1.0, "pinned")
        assert len(items) == 6


def test_under_other_pins_a_snapshot_is_otherwise_the_same():
    world = snapshot(*numbered(12))
    index = world.index
    other = world.with_pins([pin(3)])
    assert other.index is index
    assert other.ids == world.ids
    assert not np.isfinite(world.pinned_until).any()
    assert other.pin_ran_out(NOW, NOW + DAY)
    assert not other.pin_ran_out(NOW, NOW + DAY - timedelta(seconds=1))
    assert not other.pin_ran_out(NOW + DAY, NOW + 2 * DAY)
