"""What is known of a person: their own deeds, the newer and stronger ones more."""

from datetime import timedelta

import numpy as np
import pytest

from catalog.ids import SourceId
from catalog.records import EventType
from ranking.profile import LAST
from ranking.state import State
from tests import make
from tests.make import NOW
from tests.ranking.worlds import did, numbered, opened, person, snapshot


def test_of_somebody_new_nothing_is_known():
    someone = person(State(), snapshot(*numbered(3)))
    assert not someone.recent.any()
    assert not someone.long_term.any()
    assert not len(someone.last)
    assert not any(known.any() for known in (someone.topics, someone.kinds, someone.sources))


def test_interest_is_the_direction_of_what_was_chosen_and_a_share_weighs_more_than_an_open():
    world = snapshot(*numbered(3))
    state = did(("ann", EventType.OPEN, "a0"), ("ann", EventType.SHARE, "a1"))
    someone = person(state, world)
    wanted = 1 * world.matrix[0] + 3 * world.matrix[1]
    assert someone.long_term == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-6)


def test_recent_interest_forgets_sooner_than_long_term_interest():
    world = snapshot(*numbered(2))
    events = [
        make.event(make.slate("ann", [article]), at=at, received_at=at, seq=seq)
        for seq, (article, at) in enumerate([("a0", NOW - timedelta(days=30)), ("a1", NOW)], start=1)
    ]
    someone = person(State.replay(events), world)
    assert someone.recent @ world.matrix[1] > someone.long_term @ world.matrix[1]


@pytest.mark.parametrize("passive", [EventType.SEEN, EventType.CLICK, EventType.DISMISS])
def test_what_was_not_chosen_is_no_interest(passive):
    assert not person(did(("ann", passive, "a0")), snapshot(*numbered(2))).long_term.any()


def test_the_deeds_of_others_and_articles_that_left_do_not_count():
    state = did(*opened("bob", "a0"), *opened("ann", "gone"))
    assert not len(person(state, snapshot(*numbered(2))).last)


def test_the_last_articles_are_told_once_each_oldest_first():
    world = snapshot(*numbered(LAST + 3))
    chosen = [f"a{number}" for number in range(LAST + 2)]
    someone = person(did(*opened("ann", *chosen, "a4")), world)
    assert [world.ids[place] for place in someone.last] == [*chosen[2:4], *chosen[5:], "a4"][-LAST:]
    assert someone.last_vectors[-1] == pytest.approx(world.matrix[4])


def test_what_we_hear_of_late_counts_where_it_happened():
    """The open of a2 was ten minutes before the others, and is told last; what is told after it is still to come."""
    world = snapshot(*numbered(4))
    minutes = [("a0", 0), ("a1", 5), ("a2", -10), ("a3", 7)]
    log = [
        make.event(make.slate("ann", [article]), at=at, received_at=at + timedelta(hours=1), seq=seq)
        for seq, (article, at) in enumerate(
            ((article, NOW + timedelta(minutes=20 + minute)) for article, minute in minutes), start=1
        )
    ]
    state = State.replay(log[:3])
    someone = person(state, world)
    assert someone.last.tolist() == [2, 0, 1]
    assert state.named(someone.visit.opened) == ("a2", "a0", "a1")
    assert (np.diff(someone.visit.opened_at) > 0).all()
    assert someone.visit.last_age == pytest.approx(np.log1p((log[1].at.timestamp() - world.published[1]) / 3600))
    assert person(State.replay(log), world).last.tolist() == [2, 0, 1, 3]


def test_of_several_opens_of_one_article_the_earliest_counts_whenever_it_is_told():
    log = [
        make.event(make.slate("ann", ["a0"]), at=NOW - timedelta(minutes=ago), received_at=NOW, seq=seq)
        for seq, ago in enumerate([3, 9], start=1)
    ]
    someone = person(State.replay(log), snapshot(*numbered(1)))
    assert someone.visit.opened_at.tolist() == [(NOW - timedelta(minutes=9)).timestamp()]


def test_one_article_is_no_passion():
    tags = {"topic": {"labour": 1.0}, "kind": {"news": 1.0}}
    world = snapshot(*numbered(12, tags=tags, source_id=SourceId("s")), make.live_article(source_id=None, tags={}))
    once = person(did(*opened("ann", "a0"), at=NOW), world)
    often = person(did(*opened("ann", *(f"a{number}" for number in range(12))), at=NOW), world)
    for share in ("topics", "kinds", "sources"):
        assert getattr(once, share)[0] == pytest.approx(1 / 4)
        assert getattr(often, share)[0] == pytest.approx(12 / 15)
    assert often.sources[-1] == 0.0


@pytest.mark.parametrize("more", [1, 2, 5, 9])
def test_a_catalogue_with_more_concepts_changes_no_bit_of_what_is_known(more):
    rng = np.random.default_rng(more)
    articles = [
        make.live_article(number, id=f"a{number}", tags={"topic": {f"t{place}": rng.random() for place in range(33)}})
        for number in range(50)
    ]
    wider = make.live_article(tags={"topic": {f"t{place}-too": 0.5 for place in range(more)}})
    types = [EventType.OPEN, EventType.LIKE, EventType.SHARE]
    state = did(*(("ann", types[number % 3], f"a{number}") for number in range(50)))
    topics = [
        someone.topics[someone.topics > 0].tobytes()
        for someone in (person(state, snapshot(*articles)), person(state, snapshot(*articles, wider)))
    ]
    assert topics[0] == topics[1]


def test_chosen_topics_have_the_prior_and_fade_as_deeds_add_up():
    world = snapshot(*numbered(8, tags={"topic": {"labour": 1.0}}), make.live_article(tags={"topic": {"privacy": 1.0}}))
    labour, privacy = (world.facets["topic"].column[topic] for topic in ("labour", "privacy"))
    chose = {"function": frozenset({"sales"}), "topic": frozenset({"privacy"})}
    new = person(State(), world, axes=chose)
    assert (new.topics[privacy], new.topics[labour]) == (1.0, 0.0)
    reader = person(did(*opened("ann", *(f"a{number}" for number in range(7))), at=NOW), world, axes=chose)
    assert 0 < reader.topics[privacy] < reader.topics[labour] < 1
    both = person(State(), world, axes=chose | {"topic": frozenset({"privacy", "labour"})})
    assert (both.topics[privacy], both.topics[labour]) == (0.5, 0.5)
    gone = person(State(), world, axes=chose | {"topic": frozenset({"forgotten"})})
    assert not gone.topics.any()
