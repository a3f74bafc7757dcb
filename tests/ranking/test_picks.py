"""The picks of a day: shared out fairly, once a day, to who wants them, and to nobody else."""

from collections import Counter, defaultdict
from datetime import timedelta
from threading import Thread
from time import sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import articles, people, picks, slates, tenants
from catalog.records import State
from curation.pinning import pin
from curation.review import Desk, Reviewer
from models.heuristic import HeuristicRanker
from ranking.config import RankingOptions
from ranking.feed import FeedService
from ranking.picks import Picker, PickOptions, allot
from tests import make
from tests.make import ENCODER, NOW

MONDAY = NOW.date()
OPTIONS = PickOptions(size=3, depth=12, share=0.5, least=2)

lists_of_things = st.lists(st.lists(st.integers(0, 11), unique=True, max_size=8), min_size=1, max_size=12)


def nothing(_):
    """Nobody watches."""


@given(lists_of_things, st.integers(1, 4), st.integers(1, 4), st.dictionaries(st.integers(0, 11), st.integers(0, 4)))
def test_what_is_scarce_is_shared_out(wanted, size, cap, used):
    people_ = dict(enumerate(wanted))
    got = allot(people_, size, cap, lambda person: person, used)
    given_ = Counter(used)
    for things in got.values():
        given_.update(things)
    for person, things in got.items():
        assert len(things) == len(set(things)) <= size
        assert things == [thing for thing in people_[person] if thing in things]  # best first, and nothing else
        assert bool(things) == bool(people_[person])  # the cap yields before somebody gets nothing
        if len(things) < min(size, len(people_[person])):
            assert all(given_[thing] >= cap for thing in people_[person] if thing not in things)
    yielded = [thing for thing, count in given_.items() if count > max(cap, used.get(thing, 0))]
    for thing in yielded:  # only to people who have nothing else
        assert any(got[person] == [thing] for person in got)


def test_nobody_has_a_second_while_somebody_could_have_a_first():
    wanted = {person: ["a", "b"] for person in range(6)}
    got = allot(wanted, 2, 3, lambda person: person, {})
    assert sorted(map(len, got.values())) == [1] * 6
    assert Counter(thing for things in got.values() for thing in things) == {"a": 3, "b": 3}


def test_who_comes_last_in_one_round_comes_first_in_the_next():
    wanted = {person: ["a", "b", "c", "d"] for person in (1, 2)}
    assert allot(wanted, 2, 1, lambda person: person, {}) == {1: ["a", "d"], 2: ["b", "c"]}


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"size": 13}, {"share": 0.0}, {"share": 1.1}, {"share": float("nan")}, {"least": 0}]
)
def test_options_that_give_nobody_anything_are_refused(wrong):
    with pytest.raises(ValueError, match="at least|above"):
        PickOptions(**wrong)


class World:
    """Some colleagues, articles for them, and who makes their picks."""

    def __init__(self, database, tenant):
        self.database, self.tenant = database, tenant
        self.sellers = [make.employee("sales") for _ in range(6)]
        self.lawyer = make.employee("legal")
        self.left = make.employee("sales", opted_in=False)
        with database.write() as connection:
            tenants.set_encoder(connection, tenant, ENCODER)
            people.upsert(connection, tenant, [*self.sellers, self.lawyer, self.left])
            sales = make.audience("sales")
            self.of_sales = [make.store_live(connection, tenant, sales, seed=seed).id for seed in range(8)]
            self.only = make.store_live(connection, tenant, make.audience("legal"), seed=9).id

    def make(self, day=MONDAY, now=NOW, options=OPTIONS):
        feeds = FeedService(self.tenant, HeuristicRanker, RankingOptions())
        return Picker(self.tenant, feeds, options).make(self.database, day, lambda: now, nothing)

    def of_day(self, day=MONDAY):
        with self.database.read() as connection:
            return dict(picks.of_days(connection, self.tenant, day, day))


@pytest.fixture
def world(database, tenant):
    return World(database, tenant)


def test_everybody_who_takes_part_gets_their_own(world):
    report = world.make()
    assert (report.made, report.without, report.standing) == (7, 0, 0)
    found = world.of_day()
    assert set(found) == {person.id for person in [*world.sellers, world.lawyer]}
    assert found[world.lawyer.id] == [world.only]
    assert all(len(found[person.id]) == 3 and world.only not in found[person.id] for person in world.sellers)
    times = Counter(article for articles_ in found.values() for article in articles_)
    assert max(times.values()) <= OPTIONS.cap(7) == 4
    assert len({frozenset(articles_) for articles_ in found.values()}) > 2


def test_what_is_pinned_goes_to_all_it_is_for_every_day_until_they_opened_it(world):
    pinned = next(iter(world.of_sales))
    with world.database.write() as connection:
        desk = Desk(connection, world.tenant, NOW)
        pin(desk, pinned, Reviewer("Anne"), until=NOW + timedelta(days=30), must_read=True)
    for day in range(3):
        world.make(MONDAY + timedelta(days=day), NOW + timedelta(days=day))
        found = world.of_day(MONDAY + timedelta(days=day))
        assert all(found[person.id][0] == pinned for person in world.sellers)
        assert found[world.lawyer.id] == [world.only]


def test_who_is_being_erased_is_waited_for_and_left_out(postgres_database, waits, tenant):
    """Their row is still there for whoever looks without waiting; a slate for them could not be stored."""
    world = World(postgres_database, tenant)
    leaving, reports = world.sellers[0].id, []
    with world.database.write() as connection:
        people.erase(connection, tenant, leaving)
        making = Thread(target=lambda: reports.append(world.make()))
        making.start()
        while making.is_alive() and not waits():
            sleep(0.01)
        assert making.is_alive()
    making.join()
    assert [(report.made, report.without) for report in reports] == [(6, 1)]
    assert leaving not in world.of_day()


def test_nobody_is_erased_between_the_check_and_the_record(postgres_database, tenant):
    world = World(postgres_database, tenant)
    seller, erased = world.sellers[0], []

    def erase():
        with world.database.write() as connection:
            erased.append(people.erase(connection, tenant, seller.id))

    def record(connection, of, slate):
        Thread(target=erase).start()
        slates.save(connection, of, slate)

    feeds = FeedService(tenant, HeuristicRanker, RankingOptions())
    assert feeds.hand_out(world.database, feeds.draft(world.database, seller, NOW, 3), record).items
    while not erased:
        sleep(0.01)
    with world.database.read() as connection:
        assert slates.count(connection, tenant) == 0


def test_made_again_nobodys_change_and_who_came_late_gets_some(world):
    world.make()
    before = world.of_day()
    late = make.employee("sales")
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [late])
    report = world.make(now=NOW + timedelta(hours=1))
    assert (report.made, report.standing) == (1, 7)
    after = world.of_day()
    assert after.pop(late.id)
    assert after == before


def test_only_on_the_days_they_want(world):
    with world.database.write() as connection:
        people.set_pick_days(connection, world.tenant, world.lawyer.id, "6")
        people.set_pick_days(connection, world.tenant, world.sellers[0].id, "")
    world.make()
    assert {world.lawyer.id, world.sellers[0].id}.isdisjoint(world.of_day())
    saturday = MONDAY + timedelta(days=5)
    world.make(saturday, NOW + timedelta(days=5))
    assert set(world.of_day(saturday)) == {world.lawyer.id}


def test_who_can_be_shown_nothing_has_no_picks_and_is_counted(world):
    with world.database.write() as connection:
        articles.move(connection, world.tenant, articles.get(connection, world.tenant, world.only), State.WITHDRAWN)
    report = world.make()
    assert (report.made, report.without) == (6, 1)
    assert world.lawyer.id not in world.of_day()


def test_a_pick_is_an_offer_that_takes_no_part_in_off_policy_estimates(world):
    world.make()
    with world.database.read() as connection:
        slate = picks.get(connection, world.tenant, world.sellers[0].id, MONDAY)
        assert slate in list(slates.every(connection, world.tenant))
    assert [item.position for item in slate.items] == [1, 2, 3]
    assert {item.propensity for item in slate.items} == {0.0}


def test_they_go_with_their_person(world):
    world.make()
    person = world.sellers[0].id
    with world.database.write() as connection:
        assert len(people.export(connection, world.tenant, person)["picks"]) == 1
        people.erase(connection, world.tenant, person)
    assert person not in world.of_day()


def test_what_somebody_had_lately_comes_again_only_where_there_is_nothing_else(world):
    world.make()
    tuesday = MONDAY + timedelta(days=1)
    world.make(tuesday, NOW + timedelta(days=1))
    first, second = world.of_day(), world.of_day(tuesday)
    assert all(set(first[person.id]).isdisjoint(second[person.id]) for person in world.sellers)
    assert second[world.lawyer.id] == first[world.lawyer.id] == [world.only]


def test_picks_are_no_feed(world):
    world.make()
    feeds = FeedService(world.tenant, HeuristicRanker, RankingOptions())
    person = world.sellers[0].id
    slate = feeds.serve(world.database, person, NOW + timedelta(minutes=1), 3)
    with world.database.read() as connection:
        assert slate.id != picks.get(connection, world.tenant, person, MONDAY).id
    assert {item.propensity > 0 for item in slate.items} == {True}
    world.make(now=NOW + timedelta(minutes=2))
    assert feeds.serve(world.database, person, NOW + timedelta(minutes=3), 3).id == slate.id


def test_of_two_runs_at_once_the_first_word_stands(world, monkeypatch):
    world.make()
    before = world.of_day()
    monkeypatch.setattr(picks, "of_days", lambda *_: defaultdict(list))  # it looked before the other one wrote
    report = world.make(now=NOW + timedelta(minutes=1))
    monkeypatch.undo()
    assert (report.made, world.of_day()) == (0, before)
    with world.database.read() as connection:
        assert slates.count(connection, world.tenant) == len(before)
