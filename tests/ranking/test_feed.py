"""One person's feed, from the database and back into it."""

import logging
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import numpy as np
import pytest
from sqlalchemy import update

from catalog import articles, events, people, slates, tables, tenants
from catalog.articles import approved
from catalog.errors import Unavailable
from catalog.ids import EmployeeId, EventId, new_id
from catalog.people import UnknownEmployee
from catalog.records import Event, EventType, State
from curation import pinning
from curation.review import Desk, Reviewer
from evaluation.replay import replay
from models.heuristic import HeuristicRanker
from ranking import profile
from ranking.config import RankingOptions
from ranking.features import INDEX, NAMES
from ranking.feed import FeedService, InvalidSize, NotOptedIn
from ranking.feed import shown as showable
from ranking.slate import generator, rank
from ranking.snapshot import Snapshot
from ranking.state import State as Memory
from tests import make
from tests.make import ENCODER, NOW

OPTIONS = RankingOptions()
HEURISTIC = HeuristicRanker()
MINUTE = timedelta(minutes=1)
LATER = NOW + OPTIONS.standing


class World:
    """A database with a few articles and people, and the service that serves them."""

    def __init__(self, database, tenant):
        self.database, self.tenant = database, tenant
        self.ranker = lambda: HEURISTIC
        self.service = FeedService(tenant, lambda: self.ranker(), OPTIONS)
        self.ann, self.bob, self.hana = make.employee("sales"), make.employee("sales"), make.employee("hr")
        with database.write() as connection:
            tenants.set_encoder(connection, tenant, ENCODER)
            people.upsert(connection, tenant, [self.ann, self.bob, self.hana])
            self.sales = [self.store("sales", seed=seed, connection=connection) for seed in range(4)]
            self.hr = [self.store("hr", seed=seed, connection=connection) for seed in range(4, 7)]
            self.open = [self.store("*", seed=seed, connection=connection) for seed in range(7, 9)]

    def store(self, function, connection=None, **given):
        if connection is None:
            with self.database.write() as connection:
                return self.store(function, connection, **given)
        return make.store_live(connection, self.tenant, make.audience(function), **given).id

    def serve(self, person=None, now=NOW, size=10, **given):
        return self.service.serve(self.database, (person or self.ann).id, now, size, **given)

    def did(self, slate, article, *types, at=NOW + MINUTE):
        with self.database.write() as connection:
            batch = [Event(EventId(new_id()), t, article, at, at, slate.id, slate.employee_id) for t in types]
            events.append(connection, self.tenant, batch)

    def pin(self, article, until=NOW + 60 * MINUTE, **given):
        with self.database.write() as connection:
            desk = Desk(connection, self.tenant, NOW)
            pinning.pin(desk, article, Reviewer("Anne"), until=until, **given)

    def change(self, table, article, **values):
        """Change rows behind everybody's back: no version moves."""
        key = table.c.id if table is tables.articles else table.c.article_id
        with self.database.write() as connection:
            connection.execute(update(table).where(key == article).values(values))


@pytest.fixture
def world(sqlite_database, tenant):
    return World(sqlite_database, tenant)


def shown(slate):
    return {item.article_id for item in slate.items}


def feature(slate, article, name):
    return next(item.features[INDEX[name]] for item in slate.items if item.article_id == article)


def test_a_slate_is_logged_as_it_was_handed_out(database, tenant):
    world = World(database, tenant)
    slate = world.serve()
    with database.read() as connection:
        assert slates.latest(connection, tenant, slate.employee_id) == slate
        version = tenants.get(connection, tenant).content_version
    assert [item.position for item in slate.items] == list(range(1, 7))
    assert (slate.seq, slate.content_version, slate.created_at) == (0, version, NOW)
    assert (slate.ranker, slate.degraded, slate.axes) == ("heuristic-1", False, world.ann.axes)
    assert slate.feature_names == NAMES
    assert all(len(item.features) == len(NAMES) and item.reasons for item in slate.items)


def test_function_a_never_gets_what_is_for_function_b(database, tenant):
    world = World(database, tenant)
    assert shown(world.serve(world.ann)) == {*world.sales, *world.open}
    assert shown(world.serve(world.hana)) == {*world.hr, *world.open}
    assert world.service.violations == 0


def test_further_hard_axes_close_at_once(world):
    with world.database.write() as connection:
        tenants.set_hard_axes(connection, world.tenant, ("function", "region"))
    assert world.serve().items == ()


def test_only_opted_in_people_of_this_tenant_are_served(world):
    out = make.employee("sales", opted_in=False)
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [out])
    with pytest.raises(NotOptedIn) as refused:
        world.serve(out)
    assert refused.value.code == "not_opted_in"
    with pytest.raises(UnknownEmployee):
        world.service.serve(world.database, EmployeeId(new_id()), NOW, 10)


@pytest.mark.parametrize("size", [-1, 0, OPTIONS.max_size + 1])
def test_sizes_that_make_no_sense_are_refused(world, size):
    with pytest.raises(InvalidSize):
        world.serve(size=size)


def test_nothing_to_show_is_an_empty_slate_that_stands(sqlite_database, tenant):
    person = make.employee("sales")
    with sqlite_database.write() as connection:
        people.upsert(connection, tenant, [person])
    service = FeedService(tenant, lambda: HEURISTIC, OPTIONS)
    slate = service.serve(sqlite_database, person.id, NOW, 10)
    assert slate.items == ()
    assert service.serve(sqlite_database, person.id, NOW + MINUTE, 10) == slate


def test_a_slate_stands_for_a_while_for_any_process(world):
    slate = world.serve()
    world.service = FeedService(world.tenant, lambda: HEURISTIC, OPTIONS)
    assert world.serve(now=LATER - MINUTE) == slate
    assert world.serve(now=LATER).id != slate.id


@pytest.mark.parametrize("size", [3, 6, 10])
def test_a_slate_stands_whether_it_is_full_or_all_there_is(world, size):
    slate = world.serve(size=size)
    assert len(slate.items) == min(size, 6)
    assert world.serve(size=size) == slate
    assert world.serve(size=2).id != slate.id


@pytest.mark.parametrize(
    ("type_", "stands"),
    [(EventType.SEEN, True), (EventType.CLICK, True), (EventType.OPEN, False), (EventType.LIKE, False)],
)
def test_what_the_person_chose_to_do_ends_it_and_being_shown_it_does_not(world, type_, stands):
    slate = world.serve()
    world.did(slate, slate.items[0].article_id, type_)
    assert (world.serve(now=NOW + 2 * MINUTE) == slate) is stands


def test_what_others_do_does_not_end_it(world):
    slate, other = world.serve(), world.serve(world.bob)
    world.did(other, other.items[0].article_id, EventType.OPEN)
    assert world.serve(now=NOW + 2 * MINUTE) == slate


def test_new_content_and_another_job_end_it(world):
    first = world.serve()
    fresh = world.store("sales", seed=20)
    second = world.serve(now=NOW + MINUTE)
    assert fresh in shown(second) - shown(first)
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [replace(world.ann, axes=world.hana.axes)])
    third = world.serve(now=NOW + 2 * MINUTE)
    assert shown(third) == {*world.hr, *world.open}
    m = tables.memberships
    with world.database.write() as connection:  # with no version moved either
        connection.execute(update(m).where(m.c.employee_id == world.ann.id, m.c.axis == "language").values(value="nl"))
    assert world.serve(now=NOW + 3 * MINUTE).id != third.id


def test_what_expires_by_the_clock_is_gone_without_alarm(world):
    ends = world.store("sales", seed=20, expires_at=NOW + 5 * MINUTE)
    assert ends in shown(world.serve(size=7))
    assert ends not in shown(world.serve(size=7, now=NOW + 5 * MINUTE))
    assert world.service.violations == 0


def test_one_language_can_be_asked_for_and_does_not_stand_in_for_all(world):
    dutch = world.store("sales", seed=20, language="nl")
    slate = world.serve(language="nl", size=1)
    assert shown(slate) == {dutch}
    assert world.serve(language="nl", size=1, now=NOW + MINUTE) == slate
    assert world.serve(size=1, now=NOW + MINUTE).id != slate.id
    assert len(world.serve(now=NOW + MINUTE).items) == 6
    assert world.serve(language="de").items == ()


def test_what_changed_between_ranking_and_showing_is_left_out(world):
    slate = world.serve()
    gone, rewritten, *_ = world.sales
    with world.database.write() as connection:
        known = articles.many(connection, world.tenant, [gone, rewritten])
        articles.move(connection, world.tenant, known[gone], State.WITHDRAWN)
        assert articles.revise(connection, world.tenant, known[rewritten], make.article(title="Nobody approved this"))
    with world.database.read() as connection:
        left = {article.id for _, article in showable(connection, world.tenant, slate, NOW)}
    assert left == shown(slate) - {gone, rewritten}


def test_nobody_is_offered_what_they_cannot_read(world):
    dutch = world.store("sales", seed=20, language="nl")
    assert dutch not in shown(world.serve())
    both = replace(world.bob, axes=world.bob.axes | {"language": frozenset({"nl", "en"})})
    anything = replace(world.ann, axes={"function": frozenset({"sales"})})
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [both, anything])
    for person in (both, anything):
        assert dutch in shown(world.serve(person))


def test_what_somebody_did_counts_at_once(world):
    slate = world.serve()
    shared, dismissed, opened = (item.article_id for item in slate.items[:3])
    world.did(slate, shared, EventType.SHARE)
    world.did(slate, dismissed, EventType.DISMISS)
    world.did(slate, opened, EventType.OPEN)
    again = world.serve(now=NOW + 2 * MINUTE)
    assert again.seq == 3
    assert shown(again) == shown(slate) - {shared, dismissed}
    assert again.items[-1].article_id == opened
    assert feature(world.serve(world.bob, now=NOW + 2 * MINUTE), opened, "function_opens_7d") == pytest.approx(
        1, abs=0.01
    )


class Fond:
    """A ranker that likes best what was seen most."""

    name = "fond-1"
    features = ("times_seen",)

    def score(self, rows):
        return rows[:, 0].copy()


@pytest.mark.parametrize(("times", "place"), [(OPTIONS.sink_after - 1, 0), (OPTIONS.sink_after, -1)])
def test_what_was_seen_often_sinks_whatever_the_ranker_says(world, times, place):
    world.service = FeedService(world.tenant, Fond, replace(OPTIONS, epsilon=0.0))
    first = world.serve(size=1)
    world.did(first, first.items[0].article_id, *[EventType.SEEN] * times)
    assert world.serve(now=LATER).items[place].article_id == first.items[0].article_id


def test_what_the_mask_let_through_is_dropped_counted_and_told(world, caplog):
    before = world.serve()
    wrong = before.items[1].article_id
    world.change(tables.audiences, wrong, value="legal")
    with caplog.at_level(logging.CRITICAL):
        slate = world.serve(now=LATER)
    assert shown(slate) == shown(before) - {wrong}
    assert [item.position for item in slate.items] == list(range(1, 6))
    assert world.service.violations == 1
    (alarm,) = caplog.records
    assert wrong in alarm.getMessage()
    assert world.ann.email not in alarm.getMessage()
    with world.database.read() as connection:
        assert slates.latest(connection, world.tenant, slate.employee_id) == slate


def test_a_standing_slate_is_checked_again_too(world):
    slate = world.serve()
    wrong = slate.items[0].article_id
    world.change(tables.audiences, wrong, value="legal")
    again = world.serve(now=NOW + MINUTE)
    assert shown(again) == shown(slate) - {wrong}


class Meddling:
    """A ranker during whose work something else happens."""

    name = "meddling-1"
    features = ("log_age",)

    def __init__(self, meddle):
        self.meddle = meddle

    def score(self, rows):
        self.meddle()
        return -rows[:, 0]


def test_what_is_withdrawn_while_the_slate_is_made_is_dropped_without_alarm(world):
    gone = world.sales[0]

    def withdraw():
        with world.database.write() as connection:
            articles.move(connection, world.tenant, articles.get(connection, world.tenant, gone), State.WITHDRAWN)

    world.ranker = lambda: Meddling(withdraw)
    slate = world.serve()
    assert shown(slate) == {*world.sales[1:], *world.open}
    assert world.service.violations == 0


def test_who_leaves_while_the_slate_is_made_gets_none(world):
    def leave():
        with world.database.write() as connection:
            people.upsert(connection, world.tenant, [replace(world.ann, opted_in=False)])

    world.ranker = lambda: Meddling(leave)
    with pytest.raises(NotOptedIn):
        world.serve()
    with world.database.read() as connection:
        assert slates.latest(connection, world.tenant, world.ann.id) is None


def places(slate):
    return {item.article_id: item.position for item in slate.items}


def test_a_pin_shows_in_the_next_feed_of_its_audience_and_of_nobody_else(database, tenant):
    world = World(database, tenant)
    world.serve(), world.serve(world.hana)
    world.pin(world.sales[0], must_read=True)
    world.pin(world.hr[0])
    seller, officer = world.serve(now=NOW + MINUTE), world.serve(world.hana, now=NOW + MINUTE)
    assert seller.items[0].article_id == world.sales[0]
    assert (seller.items[0].propensity, seller.items[0].reasons[0].code) == (1.0, "must_read")
    assert places(officer)[world.hr[0]] == 2
    assert shown(seller) == {*world.sales, *world.open}
    assert shown(officer) == {*world.hr, *world.open}
    assert world.service.violations == 0


def test_a_must_read_stays_at_the_top_until_it_is_opened(world):
    must = world.sales[2]
    world.pin(must, NOW + timedelta(days=9), must_read=True)
    for hour in range(1, 6):
        slate = world.serve(now=NOW + hour * 60 * MINUTE)
        assert places(slate)[must] == 1
        world.did(slate, must, EventType.SEEN, at=slate.created_at)
    world.did(slate, must, EventType.OPEN, at=slate.created_at)
    assert places(world.serve(now=slate.created_at + MINUTE))[must] == 6
    assert places(world.serve(world.bob))[must] == 1


def test_a_pin_that_runs_out_by_the_clock_ends_a_standing_slate(world):
    world.pin(world.sales[0], NOW + 5 * MINUTE, must_read=True)
    slate = world.serve()
    assert world.serve(now=NOW + 4 * MINUTE) == slate
    after = world.serve(now=NOW + 5 * MINUTE)
    assert "must_read" not in {reason.code for item in after.items for reason in item.reasons}


def test_a_withdrawn_or_unpinned_article_has_no_place_of_its_own(world):
    gone, left = world.sales[:2]
    for article in (gone, left):
        world.pin(article, must_read=True)
    with world.database.write() as connection:
        desk = Desk(connection, world.tenant, NOW)
        desk.withdraw(gone, Reviewer("Anne"), reason="wrong")
        pinning.unpin(desk, left, Reviewer("Anne"))
    slate = world.serve()
    assert gone not in shown(slate)
    assert "must_read" not in {reason.code for item in slate.items for reason in item.reasons}


def test_a_narrower_audience_closes_a_pin_as_well(world):
    world.pin(world.sales[0], must_read=True)
    with world.database.write() as connection:
        desk = Desk(connection, world.tenant, NOW + MINUTE)
        desk.edit(world.sales[0], Reviewer("Anne"), audience=make.audience("hr"))
    assert world.sales[0] not in shown(world.serve(now=NOW + MINUTE))
    assert places(world.serve(world.hana, now=NOW + MINUTE))[world.sales[0]] == 1


class Broken:
    def __init__(self, *features):
        self.name, self.features = "broken-1", features

    def score(self, rows):
        return np.full(len(rows), np.nan)


def missing():
    raise Unavailable("the champion's folder is gone: run 'sluis ranker promote'")


@pytest.mark.parametrize("ranker", [missing, lambda: Broken("moon_phase"), lambda: Broken("log_age")])
def test_the_heuristic_steps_in_for_a_ranker_that_cannot_be_used(world, ranker):
    world.ranker = ranker
    slate = world.serve()
    assert (slate.ranker, slate.degraded, len(slate.items)) == ("heuristic-1", True, 6)


def test_a_promotion_needs_no_restart(world):
    assert world.serve().ranker == "heuristic-1"
    world.ranker = lambda: Meddling(lambda: None)
    assert world.serve(now=LATER).ranker == "meddling-1"


def test_an_erased_person_leaves_the_memory_as_well(world):
    slate = world.serve()
    article = world.open[0]
    world.did(slate, article, EventType.OPEN)
    assert feature(world.serve(world.bob, now=NOW + 2 * MINUTE), article, "function_opens_7d") > 0.9
    with world.database.write() as connection:
        people.erase(connection, world.tenant, world.ann.id)
    again = world.serve(world.bob, now=NOW + 3 * MINUTE)
    assert feature(again, article, "function_opens_7d") == 0.0
    assert feature(again, article, "opens_7d") > 0.9


def test_a_log_of_slates_can_be_made_again_bit_for_bit_from_what_came_before_each(world):
    served, now = [], NOW
    for round_ in range(4):
        for person in (world.ann, world.bob, world.hana):
            now += OPTIONS.standing
            slate = world.serve(person, now=now, size=4)
            served.append(slate)
            for item in slate.items[: round_ + 1]:
                world.did(slate, item.article_id, EventType.SEEN, EventType.OPEN, at=now + MINUTE)
        world.store("*", seed=50 + round_, live_from=now + OPTIONS.standing)
    with world.database.read() as connection:
        log = list(events.since(connection, world.tenant, 0))
        world_now = Snapshot.build(approved(connection, world.tenant, ENCODER), ("function",))
    for slate in served:
        state = Memory.replay(log[: slate.seq])
        person = profile.build(slate.employee_id, slate.axes, state, world_now, slate.created_at)
        moment = (slate.created_at, generator(slate.id), 4)
        assert rank(world_now, state, person, HEURISTIC, OPTIONS, *moment) == slate.items


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(days=400)])
def test_a_clock_that_goes_back_stops_no_feed(world, back):
    """What happened and what was served lies ahead of `now` then. A slate of the future does not stand."""
    world.pin(world.sales[0], NOW + timedelta(days=900), must_read=True)
    slate = world.serve()
    world.did(slate, slate.items[1].article_id, EventType.SEEN, EventType.OPEN, at=NOW + MINUTE)
    ahead = world.serve(now=LATER)
    earlier = world.serve(now=NOW - back)
    assert earlier.id not in (slate.id, ahead.id)
    assert np.isfinite([item.features for item in earlier.items]).all()
    assert shown(earlier) == (shown(slate) if back < timedelta(hours=20) else set())
    assert world.serve(now=LATER + MINUTE).seq == 2


def test_what_happened_ahead_of_the_clock_is_replayed_all_the_same(world):
    slate = world.serve()
    world.did(slate, slate.items[0].article_id, EventType.OPEN, at=NOW + MINUTE)
    world.serve(now=NOW - MINUTE)
    assert replay(world.database, world.tenant, OPTIONS) == []


def test_threads_that_come_at_once_share_one_memory(world):
    slate = world.serve(world.bob)
    article = slate.items[0].article_id
    world.did(slate, article, *[EventType.SEEN] * 300)
    crowd = [make.employee("sales") for _ in range(8)]
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, crowd)
    world.service = FeedService(world.tenant, lambda: HEURISTIC, OPTIONS)
    start, served = Barrier(len(crowd)), []

    def ask(person):
        start.wait()
        served.append(world.serve(person, now=NOW + 2 * MINUTE))

    threads = [Thread(target=ask, args=(person,)) for person in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(slate.employee_id for slate in served) == Counter(person.id for person in crowd)
    assert {slate.seq for slate in served} == {300}
    rates = [feature(slate, article, "open_rate") for slate in served]
    assert rates == pytest.approx([1 / 320] * len(crowd), rel=0.01)
