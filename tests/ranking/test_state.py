"""What people did: counted exactly, whatever the batches, and never from the future."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.records import FUNCTION, EventType
from ranking.config import PEOPLE_COUNTED
from ranking.histories import ARTICLES_KEPT, DEEDS_KEPT
from ranking.state import COMPANIONS, State
from ranking.tallies import HALF_LIVES
from tests import make
from tests.make import NOW

ARTICLES = ("a", "b", "c")
PEOPLE = ("ann", "bob", "cas")
SOLD = {FUNCTION: frozenset({"sales"})}
SLATE = make.slate("ann", ARTICLES)

happened = st.builds(
    dict,
    type=st.sampled_from(EventType),
    article_id=st.sampled_from(ARTICLES),
    employee_id=st.sampled_from([*PEOPLE, None]),
    axes=st.sampled_from([SOLD, {FUNCTION: frozenset({"sales", "hr"})}, {}]),
    at=st.integers(-10_000_000, 0).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)
logs = st.lists(happened, max_size=25)


def log(happenings, start=1):
    """A log in this order, each event heard of at once unless told otherwise."""
    return [
        make.event(SLATE, **({"received_at": given["at"], "axes": SOLD} | given), seq=seq)
        for seq, given in enumerate(happenings, start=start)
    ]


def event(type=EventType.OPEN, article="a", person="ann", at=NOW, **given):  # noqa: A002
    return {"type": type, "article_id": article, "employee_id": person, "at": at} | given


def all_that_can_be_read(state, now=NOW):
    codes = state.codes(ARTICLES)
    counts = [state.counts(codes, type_, now, fn) for type_ in EventType for fn in (None, "sales", "hr")]
    colleagues = [state.colleagues(a, "ann", fn) for a in ARTICLES for fn in (None, "sales", "hr")]
    return (
        np.stack(counts).tobytes(),
        colleagues,
        [told(state, person) for person in PEOPLE],
        state.together(state.codes(ARTICLES[:1])).tolist(),
        [company.tobytes() for person in PEOPLE for company in near(state, person)],
        [said.tobytes() for person in PEOPLE for said in state.factors.suits(codes, tasted(state, person))],
        [
            who.tolist()
            for who in (state.crowd.bringers(codes), state.crowd.opens(codes), state.crowd.opens_since(codes))
        ],
        state.seq,
    )


def near(state, person):
    history = state.history(person)
    opened = history.of_type(EventType.OPEN)
    company = state.company(person, history.articles[opened], history.at[opened])
    return company.like, company.led


def tasted(state, person):
    return state.taste(state.history(person).chosen(EventType.OPEN))


def told(state, person):
    """A history in plain words: deeds in order, what was seen how often, and all that is known of visits."""
    history = state.history(person)
    deeds = list(zip(history.at.tolist(), history.types(), state.named(history.articles), strict=True))
    seen = dict(zip(state.named(history.seen), history.times.tolist(), strict=True))
    visits = (history.visits.tolist(), history.left_at, history.here_at)
    return deeds, seen, history.last_deed, visits, sorted(state.named(history.chosen(*EventType)))


def together(state, *articles):
    times = state.together(state.codes(articles))
    return {
        article: times[code]
        for code, article in enumerate(state.named(np.arange(1, len(times))), start=1)
        if times[code]
    }


def firsts(happenings):
    """The deeds of a person that are not repeated, and all that is no deed or nobody's."""
    done = set()
    for happening in happenings:
        deed = (happening["employee_id"], happening["type"], happening["article_id"])
        if deed not in done:
            yield happening
        if happening["employee_id"] is not None and happening["type"] not in (EventType.SEEN, EventType.CLICK):
            done.add(deed)


@given(logs, st.sampled_from([EventType.OPEN, EventType.SEEN]))
def test_counts_are_the_sum_of_what_is_left_of_each_event(happenings, type_):
    state = State.replay(log(happenings))
    told = state.counts(state.codes(ARTICLES), type_, NOW, "hr")
    for row, article in enumerate(ARTICLES):
        ages = [
            (NOW - given["at"]).total_seconds()
            for given in firsts(happenings)
            if (given["type"], given["article_id"]) == (type_, article) and "hr" in given["axes"].get(FUNCTION, ())
        ]
        assert told[row] == pytest.approx([sum(0.5 ** (age / half) for age in ages) for half in HALF_LIVES], rel=1e-9)


def test_doing_the_same_again_makes_an_article_no_more_popular():
    state = State.replay(log([event(), event(), event(EventType.SHARE), event(person="bob")]))
    assert state.counts(state.codes(["a"]), EventType.OPEN, NOW)[0] == pytest.approx([2.0] * len(HALF_LIVES))


@settings(deadline=None)
@given(logs, st.integers(0, 25))
def test_batches_and_readers_change_no_bit(happenings, cut):
    events = log(happenings)
    state = State.replay(events[:cut])
    all_that_can_be_read(state)
    for each in events[cut:]:
        state.advance(each)
    assert all_that_can_be_read(state) == all_that_can_be_read(State.replay(events))


@settings(deadline=None)
@given(logs, logs, st.randoms())
def test_what_a_state_knows_does_not_depend_on_what_comes_after(past, future, random):
    shuffled = random.sample(future, len(future))
    known = set()
    for story in (future, shuffled, []):
        state = State()
        told = None
        for each in log([*past, *story]):
            if each.seq == len(past) + 1:
                told = repr(all_that_can_be_read(state))
            state.advance(each)
        known.add(told or repr(all_that_can_be_read(state)))
    assert len(known) == 1


def test_kinds_of_readers_are_learned_from_what_was_known_after_a_week():
    weeks = [event(article=article, at=NOW + timedelta(days=3 * day)) for day, article in enumerate("abcab")]
    others = [event(article=article, person="bob", at=NOW + timedelta(days=9)) for article in "ab"]
    events = log([*weeks[:3], *others, *weeks[3:]])
    fresh, learned = State.replay(events[:3]), State.replay(events)
    assert not tasted(fresh, "ann").any()
    assert tasted(learned, "ann").any()
    assert learned.factors.suits(learned.codes("abc"), tasted(learned, "bob"))[0].any()


def test_a_clock_that_runs_ahead_counts_from_when_we_heard_of_it():
    late, heard = NOW + timedelta(days=300), NOW - timedelta(days=1)
    state = State.replay(log([event(at=late, received_at=heard)]))
    told = state.counts(state.codes(["a"]), EventType.OPEN, NOW)
    assert told[0] == pytest.approx([0.5 ** (86_400 / half) for half in HALF_LIVES])


def test_the_log_has_no_gaps():
    first, second, third = log([event()] * 3)
    state = State.replay([first])
    with pytest.raises(ValueError, match="no gaps"):
        state.advance(third)
    state.advance(second)
    assert state.seq == 2


def test_colleagues_are_different_people_besides_oneself():
    opened = [event(person=person) for person in ("ann", "ann", "bob")]
    other_job = event(person="cas", axes={FUNCTION: frozenset({"hr"})})
    state = State.replay(log([*opened, other_job, event(EventType.SHARE, person="dan")]))
    assert state.colleagues("a", "ann", "sales") == 1
    assert state.colleagues("a", "cas", "sales") == 2
    assert state.colleagues("a", "nobody") == 3
    assert state.colleagues("b", "ann", "sales") == 0


def test_people_are_told_apart_up_to_a_bound():
    state = State.replay(log([event(person=f"p{number}") for number in range(PEOPLE_COUNTED + 5)]))
    assert state.colleagues("a", "nobody", "sales") == PEOPLE_COUNTED


def test_an_erased_person_leaves_counts_only():
    state = State.replay(log([event(person=None, axes={}, slate_id=None), event(EventType.SEEN, person=None, axes={})]))
    assert state.counts(state.codes(["a"]), EventType.OPEN, NOW)[0] == pytest.approx([1.0] * len(HALF_LIVES))
    assert not state.counts(state.codes(["a"]), EventType.OPEN, NOW, "sales").any()
    assert state.colleagues("a", "ann") == 0
    assert state.known_people() == frozenset()


def test_being_shown_something_is_no_deed_and_neither_is_a_click_of_somebody_else():
    shown = [event(EventType.SEEN), event(EventType.SEEN), event(EventType.CLICK)]
    deeds, seen, last_deed, *_ = told(State.replay(log(shown)), "ann")
    assert (seen, deeds, last_deed) == ({"a": 2}, [], 0)


def test_deeds_are_remembered_with_the_place_of_the_last_in_the_log():
    deeds = [event(EventType.OPEN), event(EventType.SEEN, "b"), event(EventType.DISMISS, "b"), event(EventType.SHARE)]
    state = State.replay(log(deeds))
    history = state.history("ann")
    assert history.types() == [EventType.OPEN, EventType.DISMISS, EventType.SHARE]
    assert state.named(history.chosen(EventType.OPEN)) == ("a",)
    assert set(state.named(history.chosen(EventType.DISMISS, EventType.SHARE))) == {"a", "b"}
    assert history.last_deed == 4


def test_memory_of_a_person_is_bounded_and_forgets_the_oldest():
    shown = [event(EventType.SEEN, f"a{number}") for number in range(ARTICLES_KEPT)]
    state = State.replay(log([*shown, event(EventType.SEEN, "a0"), event(EventType.SEEN, "new")]))
    _, seen, *_ = told(state, "ann")
    assert len(seen) == ARTICLES_KEPT
    assert "a1" not in seen
    assert (seen["a0"], seen["new"]) == (2, 1)
    liked = State.replay(log([event(EventType.LIKE)] * (DEEDS_KEPT + 1)))
    assert len(liked.history("ann").at) == DEEDS_KEPT
    assert liked.named(liked.history("ann").chosen(EventType.LIKE)) == ("a",)


def test_articles_that_one_person_opened_after_another_were_read_together():
    state = State.replay(log([event(article="a"), event(article="b"), event(article="c", person="bob")]))
    assert together(state, "a") == {"b": 1}
    assert together(state, "b") == {"a": 1}
    assert together(state, "c") == {}
    assert together(state, "a", "b", "x") == {"a": 1, "b": 1}


def test_an_article_has_a_bounded_number_of_companions():
    many = [event(article=f"a{number}") for number in range(COMPANIONS + 3)]
    state = State.replay(log(many))
    assert set(together(state, f"a{COMPANIONS + 2}")) == {f"a{number}" for number in range(2, COMPANIONS + 2)}


def test_reading_of_somebody_new_leaves_no_trace():
    state = State.replay(log([event()]))
    assert told(state, "stranger") == ([], {}, 0, ([], -math.inf, -math.inf), [])
    assert state.known_people() == {"ann"}


past = st.builds(
    dict,
    type=st.sampled_from([EventType.OPEN, EventType.LIKE, EventType.SHARE]),
    article_id=st.sampled_from(ARTICLES),
    employee_id=st.sampled_from(PEOPLE),
    slate_id=st.none(),
    at=st.integers(-20_000_000, 0).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    received_at=st.just(NOW),
)


@given(logs, st.lists(past, max_size=15))
def test_history_takes_its_place_in_time_among_deeds_and_moves_no_later_one(happenings, imported):
    before = sorted(happenings, key=lambda given: given["at"])
    state = State.replay(log([*before, *imported]))
    own = State.replay(log(before))
    for person in PEOPLE:
        deeds, *_ = told(state, person)
        assert [at for at, *_ in deeds] == sorted(at for at, *_ in deeds)
        in_turn = iter(deeds)
        assert all(deed in in_turn for deed in told(own, person)[0])


@given(logs, st.lists(past, max_size=15))
def test_history_is_no_answer_to_an_impression(happenings, imported):
    """What is divided by impressions stays what it was but for rounding; the first to open may now be the history."""
    live = [given | {"employee_id": None} for given in happenings]
    with_it, without = State.replay(log([*live, *imported])), State.replay(log(live))
    for type_ in EventType:
        for function in (None, "sales", "hr"):
            served = with_it.served(with_it.codes(ARTICLES), type_, NOW, function)
            assert served == pytest.approx(without.counts(without.codes(ARTICLES), type_, NOW, function), abs=1e-9)
    assert with_it.knows_history is bool(imported)


def test_what_was_done_elsewhere_and_again_here_is_an_answer_to_our_impression():
    elsewhere = event(at=NOW - timedelta(days=30), slate_id=None, received_at=NOW - timedelta(days=1))
    state = State.replay(log([elsewhere, event(EventType.SEEN), event(), event()]))
    codes = state.codes(["a"])
    for function in (None, "sales"):
        assert state.served(codes, EventType.OPEN, NOW, function)[0] == pytest.approx([1.0] * len(HALF_LIVES))
        assert state.served(codes, EventType.SEEN, NOW, function)[0] == pytest.approx([1.0] * len(HALF_LIVES))
    alone = State.replay(log([elsewhere]))
    assert state.counts(codes, EventType.OPEN, NOW)[0] == pytest.approx(alone.counts(codes, EventType.OPEN, NOW)[0])


def test_history_pushes_nobodys_last_deeds_out_of_memory():
    live = [event(article=f"n{number}", at=NOW - timedelta(minutes=300 - number)) for number in range(DEEDS_KEPT - 1)]
    old = [
        event(
            article=f"o{number}", at=NOW - timedelta(days=9) + timedelta(hours=number), slate_id=None, received_at=NOW
        )
        for number in range(30)
    ]
    deeds, *_ = told(State.replay(log([*live, *old])), "ann")
    assert len(deeds) == DEEDS_KEPT
    assert [article for _, _, article in deeds] == ["o29", *(given["article_id"] for given in live)]


def test_history_goes_with_what_was_read_before_it_and_not_after():
    hours = [event(article=name, at=NOW - timedelta(hours=hour)) for name, hour in (("a", 9), ("b", 1))]
    late = event(article="c", at=NOW - timedelta(hours=5), slate_id=None, received_at=NOW)
    assert together(State.replay(log([*hours, late])), "c") == {"a": 1}


def test_history_takes_the_place_of_the_oldest_opener_if_it_is_younger():
    live = [event(person=f"p{number}", at=NOW - timedelta(minutes=64 - number)) for number in range(64)]
    old = event(person="old", at=NOW - timedelta(days=9), slate_id=None, received_at=NOW)
    young = event(person="young", at=NOW - timedelta(seconds=90), slate_id=None, received_at=NOW)
    state = State.replay(log([*live, old, young]))
    _, opened_at = state.crowd.openers(int(state.codes(["a"])[0]))
    first = (NOW - timedelta(minutes=64)).timestamp()
    assert sorted(opened_at) == sorted([*(first + 60 * number for number in range(1, 64)), young["at"].timestamp()])
    assert state.crowd.opens(state.codes(["a"])) == [66]


@given(logs, st.lists(st.sampled_from([("a", "b", "c"), ("c", "x", "a"), ()]), max_size=25))
def test_the_codes_of_a_snapshot_are_those_of_its_articles_however_it_is_asked(happenings, snapshots):
    state = State()
    index_of = {ids: {article: place for place, article in enumerate(ids)} for ids in {*snapshots}}
    for happened, ids in zip(log(happenings), snapshots, strict=False):
        state.advance(happened)
        codes = state.codes_in(ids, index_of[ids])
        assert codes.tolist() == state.codes(ids).tolist()
        places = state.places_in(ids, index_of[ids])
        assert [places[code] for code in codes if code] == [place for place, code in enumerate(codes) if code]
        assert (places >= 0).sum() == (codes > 0).sum()
