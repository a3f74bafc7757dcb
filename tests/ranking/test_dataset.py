"""What becomes of a slate and its events: what takes part, which grade it gets, and nothing from the future."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import events
from catalog.database import Database
from catalog.errors import Invalid
from catalog.ids import ArticleId, EmployeeId, EventId, SlateId, TenantId, new_id
from catalog.records import Event, EventType, Slate, SlateItem
from ranking.dataset import GRADES, Dataset, LabelOptions, build, load, regraded
from ranking.features import NAMES
from tests import make

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CUT = START + timedelta(days=10)
OPTIONS = LabelOptions()


def offered(number: int = 0, size: int = 4, at: datetime = START, names: tuple[str, ...] = NAMES) -> Slate:
    """A slate whose features tell its number, the place of the item and that of the feature."""
    items = tuple(
        SlateItem(
            position=place,
            article_id=ArticleId(f"article-{place}"),
            score=float(-place),
            propensity=0.9,
            features=tuple(1000.0 * number + 100.0 * place + column for column in range(len(names))),
            reasons=(),
        )
        for place in range(size)
    )
    return Slate(
        id=SlateId(f"slate-{number}"),
        employee_id=EmployeeId(f"employee-{number}"),
        created_at=at,
        seq=0,
        content_version=1,
        ranker="heuristic-1",
        degraded=False,
        axes={"function": frozenset({"sales"})},
        hard_axes=("function",),
        feature_names=names,
        items=items,
    )


def did(
    slate: Slate, place: int, event: EventType, after: timedelta = timedelta(minutes=1), heard: timedelta | None = None
) -> Event:
    at = slate.created_at + after
    return Event(
        id=EventId(new_id()),
        type=event,
        article_id=slate.items[place].article_id,
        at=at,
        received_at=slate.created_at + heard if heard is not None else at,
        slate_id=slate.id,
        employee_id=slate.employee_id,
    )


def same(one: Dataset, other: Dataset) -> bool:
    arrays = ("rows", "labels", "positions", "propensities", "groups")
    return (one.offers, one.articles) == (other.offers, other.articles) and all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in arrays
    )


def test_the_best_event_is_the_grade() -> None:
    slate = offered(size=7)
    happened = [
        did(slate, 0, EventType.SHARE),
        did(slate, 0, EventType.OPEN),
        did(slate, 1, EventType.CLICK),
        did(slate, 2, EventType.SAVE),
        did(slate, 3, EventType.LIKE),
        did(slate, 4, EventType.OPEN),
        did(slate, 5, EventType.SEEN),
        did(slate, 6, EventType.DISMISS),
    ]
    assert build([slate], happened, CUT, OPTIONS).labels.tolist() == [5, 4, 3, 2, 1, 0, 0]


def test_grades_are_an_option() -> None:
    slate = offered(size=1)
    grades = {**GRADES, EventType.SHARE: 1}
    assert build([slate], [did(slate, 0, EventType.SHARE)], CUT, LabelOptions(grades=grades)).labels.tolist() == [1]


def test_what_nobody_can_have_seen_takes_no_part() -> None:
    slate = offered(size=6)
    happened = [did(slate, 2, EventType.OPEN), did(slate, 4, EventType.SEEN)]
    found = build([slate], happened, CUT, OPTIONS)
    assert found.positions.tolist() == [0, 1, 2, 4]  # above what was opened, and what was seen
    assert found.labels.tolist() == [0, 0, 1, 0]
    assert found.groups.tolist() == [4]


def test_a_slate_of_which_nothing_was_seen_is_left_out() -> None:
    first, second = offered(1), offered(2, at=START + timedelta(hours=1))
    found = build([first, second], [did(second, 0, EventType.SEEN)], CUT, OPTIONS)
    assert [offer.slate for offer in found.offers] == [second.id]
    assert len(build([first], [], CUT, OPTIONS)) == 0
    assert build([first], [], CUT, OPTIONS).rows.shape == (0, len(NAMES))


def test_rows_are_what_was_logged() -> None:
    first, second = offered(1, size=2), offered(2, size=3, at=START + timedelta(hours=1))
    happened = [did(first, 1, EventType.OPEN), did(second, 2, EventType.SAVE)]
    found = build([first, second], happened, CUT, OPTIONS)
    assert found.rows.tolist() == [list(item.features) for slate in (first, second) for item in slate.items]
    assert found.rows.flags.c_contiguous
    assert found.groups.tolist() == [2, 3]
    assert found.propensities.tolist() == [0.9] * 5
    assert found.offers[1].employee == second.employee_id
    assert found.offers[1].functions == {"sales"}


def test_features_go_by_name_and_one_that_was_not_built_yet_is_missing() -> None:
    older = (NAMES[2], "no longer built", NAMES[0])
    slate = offered(size=1, names=older)
    [row] = build([slate], [did(slate, 0, EventType.SEEN)], CUT, OPTIONS).rows
    assert row[[0, 2]].tolist() == [2.0, 0.0]
    assert np.isnan(row[[1, *range(3, len(NAMES))]]).all()


def test_events_count_until_the_horizon_and_slates_from_then_on() -> None:
    slate = offered(size=2)
    horizon = OPTIONS.horizon
    in_time = did(slate, 0, EventType.OPEN, after=horizon)
    late = did(slate, 1, EventType.OPEN, after=horizon + timedelta(seconds=1))
    assert build([slate], [in_time, late], CUT, OPTIONS).labels.tolist() == [1]
    over = slate.created_at + horizon
    seen = did(slate, 0, EventType.SEEN)
    assert len(build([slate], [seen], over, OPTIONS)) == 1
    assert len(build([slate], [seen], over - timedelta(seconds=1), OPTIONS)) == 0


def test_an_event_received_at_the_cut_is_too_late() -> None:
    slate = offered()
    cut = slate.created_at + timedelta(days=3)
    seen = did(slate, 0, EventType.SEEN)
    just_in_time = did(slate, 0, EventType.SHARE, heard=timedelta(days=3) - timedelta(microseconds=1))
    too_late = did(slate, 0, EventType.SHARE, heard=timedelta(days=3))
    assert build([slate], [seen, just_in_time], cut, OPTIONS).labels.tolist() == [5]
    assert build([slate], [seen, too_late], cut, OPTIONS).labels.tolist() == [0]


def test_an_event_of_an_erased_person_or_an_unknown_slate_counts_for_nothing() -> None:
    slate = offered()
    orphan = Event(
        EventId(new_id()), EventType.SHARE, slate.items[0].article_id, START, START, slate_id=None, employee_id=None
    )
    stranger = did(offered(99), 0, EventType.SHARE)
    assert len(build([slate], [orphan, stranger], CUT, OPTIONS)) == 0


happenings = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 3),
        st.sampled_from(EventType),
        st.integers(-60, 60 * 24 * 9).map(lambda minutes: timedelta(minutes=minutes)),
        st.integers(0, 60 * 24).map(lambda minutes: timedelta(minutes=minutes)),
    ),
    max_size=40,
)
SIX = [offered(number, at=START + timedelta(days=number)) for number in range(6)]


@given(happenings, st.integers(0, 24 * 9), st.randoms(use_true_random=False))
def test_nothing_comes_from_after_the_cut(drawn, hours, random) -> None:
    """Whatever is served, done or heard after a moment, in whatever order: the dataset as of then stays the same."""
    cut = START + timedelta(hours=hours)
    everything = [did(SIX[slate], place, kind, after, after + delay) for slate, place, kind, after, delay in drawn]
    known = [event for event in everything if event.received_at < cut]
    served = [slate for slate in SIX if slate.created_at < cut]
    random.shuffle(everything)
    assert same(build(SIX, everything, cut, OPTIONS), build(served, known, cut, OPTIONS))


def test_take_and_relevant_keep_slates_whole() -> None:
    served = [offered(number, size=2 + number, at=START + timedelta(hours=number)) for number in range(3)]
    happened = [did(slate, slate.items[-1].position, EventType.SEEN) for slate in served]
    happened += [did(slate, 1, EventType.OPEN) for slate in served[1:]]
    found = build(served, happened, CUT, OPTIONS)
    assert found.groups.tolist() == [1, 3, 3]
    assert same(found.relevant(), found.take(np.array([False, True, True])))
    last = found.take(np.array([False, False, True]))
    assert same(last, build(served[2:], happened, CUT, OPTIONS))
    assert len(found.take(np.zeros(3, dtype=bool))) == 0


def test_from_the_catalogue(sqlite_database: Database, tenant: TenantId) -> None:
    person = make.employee("sales")
    with sqlite_database.write() as connection:
        shown = [make.store_live(connection, tenant, make.audience("sales"), seed=seed).id for seed in range(3)]
        slate = make.slate(person.id, shown)
        make.store_slate(connection, tenant, person, slate)
        happened = [make.event(slate, 1, EventType.SEEN), make.event(slate, 2, EventType.SHARE)]
        events.append(connection, tenant, happened)
    with sqlite_database.read() as connection:
        found = load(connection, tenant, make.NOW + timedelta(days=2), OPTIONS)
        assert len(load(connection, tenant, make.NOW, OPTIONS)) == 0
    assert found.labels.tolist() == [0, 5]
    assert found.articles == tuple(shown[:2])
    assert found.offers[0].functions == {"sales"}


def test_slates_that_tell_nothing_are_those_with_one_grade() -> None:
    slates = [offered(number, size=2, at=START + timedelta(hours=number)) for number in range(3)]
    happened = [did(slate, place, EventType.OPEN) for slate in slates[:2] for place in (0, 1)]
    found = build(
        slates, [*happened, did(slates[1], 1, EventType.SHARE), did(slates[2], 0, EventType.SEEN)], CUT, OPTIONS
    )
    assert [offer.slate for offer in found.telling().offers] == [slates[1].id]
    assert len(found.take(np.zeros(3, dtype=bool)).telling()) == 0


def test_rows_can_be_taken_out_of_slates() -> None:
    slates = [offered(number, size=2, at=START + timedelta(hours=number)) for number in range(2)]
    found = build(slates, [did(slate, place, EventType.SEEN) for slate in slates for place in (0, 1)], CUT, OPTIONS)
    kept = found.only(np.array([False, True, False, False]))
    assert (kept.groups.tolist(), [offer.slate for offer in kept.offers]) == ([1], [slates[0].id])
    assert kept.articles == found.articles[1:2]
    assert same(found.only(np.ones(4, dtype=bool)), found)


def test_grades_are_written_as_words() -> None:
    grades = regraded(["open=2", " like=0"])
    assert grades == {**GRADES, EventType.OPEN: 2, EventType.LIKE: 0}
    assert regraded([]) == GRADES
    for wrong in ("open", "open=-1", "open=11", "open=1.5", "opened=2", "seen=1", "dismiss=1", "=2", "open=²"):
        with pytest.raises(Invalid, match="is no grade"):
            regraded([wrong])
    with pytest.raises(Invalid, match="every grade 0"):
        regraded([f"{event}=0" for event in ("share", "click", "save", "like", "open")])


@pytest.mark.parametrize("grades", [{}, {**GRADES, EventType.SEEN: 1}, {**GRADES, EventType.OPEN: 11}])
def test_impossible_grades_are_refused(grades) -> None:
    with pytest.raises(ValueError, match="grade"):
        LabelOptions(grades=grades)


def test_a_horizon_takes_time() -> None:
    with pytest.raises(ValueError, match="horizon"):
        LabelOptions(horizon=timedelta(0))
