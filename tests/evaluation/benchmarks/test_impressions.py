"""Lists are ordered by what was known before them, and measured as the MIND challenge does."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import Invalid
from catalog.ids import EventId
from catalog.records import EventType
from evaluation.benchmarks import impressions
from evaluation.benchmarks.impressions import ask
from evaluation.benchmarks.prequential import Protocol, last_fifth
from evaluation.loaders.engagement import Engagement, Impression, article, first_met
from models.ranker import LambdaMartOptions
from ranking.features import INDEX
from tests import make

BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PROTOCOL = Protocol(
    test_from=BEGUN + 60 * MINUTE,
    refit=timedelta(minutes=20),
    unchosen=3,
    trees=LambdaMartOptions(rounds=15, patience=0, rows_per_leaf=2, threads=1),
)


def lists(count, seed=1, people=6):
    """A list of five a minute, of which people choose the article that they opened last, wherever it stands."""
    dice = random.Random(seed)
    favourite = {f"p{number}": f"a{number}" for number in range(people)}
    made = []
    for number in range(count):
        person = f"p{dice.randrange(people)}"
        shown = dice.sample([f"a{each}" for each in range(people)], 5)
        if favourite[person] not in shown:
            shown[dice.randrange(5)] = favourite[person]
        chosen = frozenset({favourite[person]})
        made.append(Impression(f"i{number}", BEGUN + number * MINUTE, person, tuple(shown), chosen))
    return made


def engagement(made, events=()):
    born = first_met(events, made)
    return Engagement(tuple(events), tuple(article(one, at) for one, at in born.items()), tuple(made))


def asked(made, events=()):
    return list(ask(engagement(made, events), PROTOCOL, lambda _: None))


def test_ours_learns_what_the_peers_cannot_know():
    found = impressions.measure(engagement(lists(160)), PROTOCOL, lambda _: None)
    assert [(one.name, one.ours) for one in found[:1]] == [("lists", 100.0)]
    told = {(one.name, one.peer): one for one in found[1:]}
    assert {name for name, _ in told} == {"nDCG@5", "nDCG@10", "MRR", "AUC"}
    assert len({peer for _, peer in told}) == 5
    for one in told.values():
        assert one.ours > 0.9 > one.theirs


@settings(deadline=None, max_examples=10)
@given(st.integers(5, 55), st.randoms(use_true_random=False))
def test_no_row_depends_on_what_comes_after_it(cut, dice):
    """Shuffle who chose what from a moment on: no row up to and including that moment changes."""
    made = lists(60)
    other = made[:cut] + [replace(one, chosen=frozenset({dice.choice(one.shown)})) for one in made[cut:]]
    one, two = asked(made), asked(other)
    assert [each.rows.tobytes() for each in one[: cut + 1]] == [each.rows.tobytes() for each in two[: cut + 1]]


def test_lists_of_the_same_second_know_nothing_of_each_other():
    made = lists(30)
    last = made[-1]
    same = [replace(last, id=f"j{number}") for number in range(3)]
    rows = [each.rows.tobytes() for each in asked([*made, *same])[-4:]]
    assert len(set(rows)) == 1


def test_what_was_opened_before_the_log_is_known_of_whoever_comes_and_of_nobody_else():
    made = [replace(one, before=("a1", "a2") if one.person == "p1" else ()) for one in lists(40)]
    column, came = INDEX["opened_before"], set()
    for one, each in zip(made, asked(made), strict=True):
        if one.person not in came:
            assert set(each.rows[:, column]) == ({2.0} if one.person == "p1" else {0.0})
        came.add(one.person)


def test_opens_of_before_the_log_do_not_count_as_answers_to_its_lists():
    made = lists(1)
    known = [replace(made[0], before=("a1", "a2"))]
    for column in ("open_rate", "times_seen"):
        assert asked(made)[0].rows[:, INDEX[column]].tolist() == asked(known)[0].rows[:, INDEX[column]].tolist()


def test_what_happened_besides_is_told_in_its_time():
    made = lists(10)
    at = made[5].at
    slate = make.slate("p9", ["a1"])
    event = make.event(slate, type=EventType.OPEN, at=at, received_at=at, id=EventId("x"), seq=1)
    with_it, without = asked(made, [event]), asked(made)
    same = [one.rows.tobytes() == two.rows.tobytes() for one, two in zip(with_it, without, strict=True)]
    assert same[:6] == [True] * 6
    assert not all(same[6:])


def test_too_little_to_learn_from_and_nothing_to_ask_are_said():
    with pytest.raises(Invalid, match="--test-from"):
        impressions.measure(engagement(lists(80)), replace(PROTOCOL, test_from=BEGUN + 5 * MINUTE), lambda _: None)
    with pytest.raises(Invalid, match="no list after 2026-03-02"):
        impressions.measure(engagement(lists(30)), PROTOCOL, lambda _: None)
    with pytest.raises(Invalid, match="nothing in this log"):
        last_fifth(engagement([]))
    assert last_fifth(engagement(lists(100))) == BEGUN + 80 * MINUTE
