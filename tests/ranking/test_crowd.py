"""Who opened what: bounded, in order, and likeness that is read off it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.records import EventType
from ranking.crowd import LONGEST, OPENERS, Crowd
from ranking.state import State
from ranking.tallies import DAY, HOUR
from tests.ranking.worlds import did, opened

opens = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6)), unique=True, max_size=24)


def crowd(*pairs):
    """Each (article, person), a second after the one before; whoever is first brings it."""
    made, begun = Crowd(), set()
    for at, (article, person) in enumerate(pairs):
        if article not in begun:
            made.brought(article, person)
            begun.add(article)
        made.opened(article, person, float(at))
    return made


@given(opens)
def test_likeness_is_what_two_people_share_by_how_rare_it_is(pairs):
    made = crowd(*pairs)
    own = [article for article, person in pairs if person == 1]
    times = [float(at) for at, (_, person) in enumerate(pairs) if person == 1]
    company = made.company(1, np.array(own, dtype=np.intp), np.array(times))
    for other in {person for _, person in pairs} - {1}:
        theirs = [article for article, person in pairs if person == other]
        when = {article: float(at) for at, (article, person) in enumerate(pairs) if person == other}
        people = {article: sum(a == article for a, _ in pairs) for article in own}
        shared = [article for article in own if article in theirs]
        length = math.sqrt((len(own) + 5) * (len(theirs) + 5))
        expected = sum(1 / math.log2(2 + people[article]) for article in shared) / length
        assert company.like[other] == pytest.approx(expected)
        led = [a for a, at in zip(own, times, strict=True) if a in theirs and when[a] < at]
        assert company.led[other] == pytest.approx(sum(1 / math.log2(2 + people[a]) for a in led) / (len(theirs) + 10))
    assert not company.like[[0]].any()
    assert len(company.like) < 2 or company.like[1] == 0.0


def test_an_article_remembers_the_last_who_opened_it_and_how_many_there_were():
    made = crowd(*[(1, person) for person in range(1, OPENERS + 4)])
    people, at = made.openers(1)
    assert set(people.tolist()) == set(range(4, OPENERS + 4))
    assert sorted(at.tolist()) == [float(moment) for moment in range(3, OPENERS + 3)]
    assert [len(made.openers(article)[0]) for article in (0, 7)] == [0, 0]
    assert made.opens(np.array([1, 0, 7])).tolist() == [OPENERS + 3.0, 0.0, 0.0]


@given(opens, st.floats(0, 1e6))
def test_what_readers_say_is_added_up_one_by_one(pairs, later):
    made, articles, now = crowd(*pairs), np.array([1, 2, 3, 0, 9]), len(pairs) + later
    own = [article for article, person in pairs if person == 1]
    times = [float(at) for at, (_, person) in enumerate(pairs) if person == 1]
    near = made.company(1, np.array(own, dtype=np.intp), np.array(times))
    here = made.company(1, np.array(own[-1:], dtype=np.intp), np.array(times[-1:]))
    told = made.readers(articles, near, here, now)
    for place, article in enumerate(articles.tolist()):
        openers = [(person, now - at) for at, (opened, person) in enumerate(pairs) if opened == article]
        expected = {
            "opens": len(openers),
            "since": min([LONGEST, *(ago for _, ago in openers)]),
            "like": sum(near.like[who] for who, _ in openers),
            "like_most": max([0.0, *(near.like[who] for who, _ in openers)]),
            "like_1d": sum(near.like[who] * 2 ** (-ago / DAY) for who, ago in openers),
            "like_3h": sum(near.like[who] * 2 ** (-ago / (3 * HOUR)) for who, ago in openers),
            "led": sum(near.led[who] for who, _ in openers),
            "led_most": max([0.0, *(near.led[who] for who, _ in openers)]),
            "led_1d": sum(near.led[who] * 2 ** (-ago / DAY) for who, ago in openers),
            "here": sum(here.like[who] for who, _ in openers),
        }
        assert {name: getattr(told, name)[place] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("late_at", [-5.0, 5.5])
def test_the_last_who_opened_it_stay_the_last_after_one_who_comes_late(late_at):
    made = crowd(*[(1, person) for person in range(1, OPENERS + 1)])
    made.opened(1, 500, late_at, late=True)
    for at in range(OPENERS, OPENERS + 3):
        made.opened(1, at + 1, float(at))
    newest = sorted([*range(OPENERS + 3), late_at])[-OPENERS:]
    assert sorted(made.openers(1)[1].tolist()) == newest


def test_who_was_first_brought_it_and_reaches_those_who_follow():
    made = crowd((1, 1), (1, 2), (2, 1), (1, 3), (3, 2))
    assert made.bringers(np.array([1, 2, 3, 9])).tolist() == [1, 1, 2, 0]
    assert made.brought_by(np.array([1, 2, 3], np.int32)).tolist() == [2.0, 1.0, 0.0]
    assert made.reached_by(np.array([1, 2], np.int32)).tolist() == [2.0, 0.0]
    assert made.opens_since(np.array([1, 2, 3, 9])).tolist() == [5.0, 3.0, 1.0, 0.0]


NOTHING = (np.zeros(0, dtype=np.intp), np.zeros(0))


def test_nobody_is_near_to_a_stranger():
    company = State().company("stranger", *NOTHING)
    assert not company.like.any()
    assert not company.led.any()
    known = did(*opened("bob", "a0"))
    assert not known.company("stranger", *NOTHING).like.any()


def test_whoever_came_since_is_not_looked_for_where_nothing_is_known_of_them():
    made = crowd((1, 1), (1, 2))
    before = made.company(1, np.array([1]), np.array([0.0]))
    made.opened(1, 50, 2.0)
    with pytest.raises(ValueError, match="since this person's company was read"):
        made.readers(np.array([1]), before, before, 3.0)
    now = made.company(1, np.array([1]), np.array([0.0]))
    assert made.readers(np.array([1]), now, now, 3.0).opens.tolist() == [3.0]


def test_opening_again_makes_nobody_nearer_and_dismissing_brings_nothing():
    once = did(*opened("bob", "a0"), *opened("ann", "a0"))
    again = did(*opened("bob", "a0"), *opened("ann", "a0"), *opened("bob", "a0"))
    opening = (once.codes(["a0"]), np.zeros(1))
    assert once.company("ann", *opening).like.tolist() == again.company("ann", *opening).like.tolist()
    refused = did(("ann", EventType.DISMISS, "a0"), *opened("bob", "a0"))
    codes = refused.codes(["a0"])
    assert refused.crowd.bringers(codes).tolist() == [2]
