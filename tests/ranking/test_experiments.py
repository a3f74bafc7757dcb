"""Arms: who gets which is settled by a hash; what one may see is settled elsewhere, whatever is being tried."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import audiences, experiments, people, slates, tenants
from catalog.errors import ArtefactMismatch, Invalid
from catalog.records import FUNCTION, Arm, Experiment
from models.heuristic import HEURISTIC, HeuristicRanker
from ranking.config import RankingOptions
from ranking.experiments import CHANGEABLE, assign, options_of
from ranking.feed import FeedService
from ranking.slate import rank
from ranking.state import State
from tests import make
from tests.make import NOW
from tests.ranking import worlds

USUAL = RankingOptions()
PEOPLE = [f"person-{number}" for number in range(20_000)]


def experiment(*shares, name="wider", options=(), rankers=()):
    arms = [
        Arm(
            f"arm-{place}",
            share,
            dict(enumerate(rankers)).get(place, HEURISTIC),
            dict(enumerate(options)).get(place, {}),
        )
        for place, share in enumerate(shares)
    ]
    return Experiment(name, tuple(arms), NOW, "Dora")


def test_everybody_has_one_arm_for_good():
    """The hash is part of what was promised: a person must not move when the program is updated."""
    three = experiment(0.5, 0.3, 0.2)
    assert [assign(three, person).name for person in PEOPLE[:8]] == [
        "arm-1",
        "arm-1",
        "arm-2",
        "arm-2",
        "arm-1",
        "arm-0",
        "arm-0",
        "arm-0",
    ]
    assert [assign(three, person) for person in PEOPLE[:100]] == [assign(three, person) for person in PEOPLE[:100]]


def test_arms_get_their_shares():
    shares = (0.5, 0.3, 0.2)
    counts = Counter(assign(experiment(*shares), person).name for person in PEOPLE)
    for place, share in enumerate(shares):
        assert counts[f"arm-{place}"] / len(PEOPLE) == pytest.approx(share, abs=0.012)


def test_one_experiment_tells_nothing_of_the_next():
    pairs = Counter(
        (assign(experiment(0.5, 0.5), person).name, assign(experiment(0.5, 0.5, name="next"), person).name)
        for person in PEOPLE
    )
    assert all(count / len(PEOPLE) == pytest.approx(0.25, abs=0.012) for count in pairs.values())
    assert len(pairs) == 4


def test_shares_that_sum_to_one_but_for_a_rounding_leave_nobody_out():
    sevenths = experiment(*[1 / 7] * 7)
    assert {assign(sevenths, person).name for person in PEOPLE} == {f"arm-{place}" for place in range(7)}


def test_an_arm_changes_what_it_names_and_nothing_else():
    arm = Arm("new", 0.5, HEURISTIC, {"mmr_weight": 0.5, "per_source": 2.0})
    made = options_of(arm, USUAL)
    assert (made.mmr_weight, made.per_source) == (0.5, 2)
    assert isinstance(made.per_source, int)
    assert options_of(Arm("old", 0.5, HEURISTIC), USUAL) == USUAL
    assert {"minimum_group", "max_size"}.isdisjoint(CHANGEABLE)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"minimum_group": 2}, "minimum_group is no option that may differ"),
        ({"audience": 1}, "these may: fresh"),
        ({"per_source": 1.5}, "whole numbers"),
        ({"fresh": float("inf")}, "whole numbers"),
        ({"epsilon": float("nan")}, "takes numbers"),
        ({"epsilon": 2.0}, "within 0..1"),
        ({"fresh": 0, "relevant": 0, "popular": 0, "explore": 0}, "longest slate"),
    ],
)
def test_what_may_not_differ_is_refused(options, said):
    with pytest.raises(Invalid, match=said):
        options_of(Arm("new", 0.5, HEURISTIC, options), USUAL)


@given(
    st.lists(st.sampled_from(["sales", "hr", "*", "sales,hr"]), min_size=1, max_size=20),
    st.fixed_dictionaries(
        {},
        optional={
            "epsilon": st.sampled_from([0.0, 0.5, 1.0]),
            "mmr_weight": st.sampled_from([0.0, 1.0]),
            "own_share": st.sampled_from([0.0, 1.0]),
            "explore": st.integers(0, 200),
            "per_source": st.integers(1, 5),
            "sink_after": st.integers(1, 3),
        },
    ),
    st.sampled_from([{FUNCTION: frozenset({"sales"})}, {FUNCTION: frozenset({"hr"})}, {}]),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_no_configuration_shows_anybody_what_is_not_for_them(meant_for, options, axes, seed):
    live = [
        make.live_article(place, audience=make.audience(*functions.split(",")))
        for place, functions in enumerate(meant_for)
    ]
    world, state = worlds.snapshot(*live), State()
    person = worlds.person(state, world, axes=axes)
    made = options_of(Arm("new", 0.5, HEURISTIC, options), USUAL)
    items = rank(world, state, person, HeuristicRanker(), made, NOW, np.random.default_rng(seed), 10)
    mine = axes.get(FUNCTION, frozenset()) | {"*"}
    may_see = {article.id for article in live if article.audience.axes[FUNCTION] & mine}
    assert {item.article_id for item in items} <= may_see
    assert len(items) == min(10, len(may_see))


class Reversed(HeuristicRanker):
    """A ranker that can be told from the usual one by its name and its order."""

    name = "reversed"

    def score(self, rows):
        return -super().score(rows)


class House:
    """Articles for sales and for all, forty people in sales, and a service that knows a second ranker."""

    def __init__(self, database, tenant):
        self.database, self.tenant = database, tenant
        self.staff = [make.employee("sales") for _ in range(40)]
        self.service = FeedService(tenant, HeuristicRanker, USUAL, self.named)
        with database.write() as connection:
            tenants.set_encoder(connection, tenant, make.ENCODER)
            people.upsert(connection, tenant, self.staff)
            for seed in range(9):
                meant_for = make.audience(("sales", "*", "hr")[seed % 3])
                make.store_live(connection, tenant, meant_for, seed=seed)

    def named(self, name):
        if name == Reversed.name:
            return Reversed()
        raise ArtefactMismatch(f"there is no {name}")

    def start(self, made):
        with self.database.write() as connection:
            experiments.start(connection, self.tenant, made)

    def stop(self, made):
        with self.database.write() as connection:
            experiments.stop(connection, self.tenant, made.name, "Dora", NOW)

    def serve(self, person, now=NOW):
        return self.service.serve(self.database, person.id, now, 10)


@pytest.fixture
def house(database, tenant):
    return House(database, tenant)


def test_each_slate_is_logged_with_its_arm_and_made_by_it(house):
    trial = experiment(0.5, 0.5, rankers=(HEURISTIC, Reversed.name), options=({}, {"epsilon": 1.0}))
    house.named = lambda name: Reversed() if name == Reversed.name else HeuristicRanker()
    house.service = FeedService(house.tenant, HeuristicRanker, USUAL, house.named)
    house.start(trial)
    made = [house.serve(person) for person in house.staff]
    assert {slate.arm for slate in made} == {"arm-0", "arm-1"}
    for person, slate in zip(house.staff, made, strict=True):
        assert (slate.experiment, slate.arm) == (trial.name, assign(trial, person.id).name)
        assert slate.ranker == (HEURISTIC if slate.arm == "arm-0" else Reversed.name)
        assert not slate.degraded
        sure = max(item.propensity for item in slate.items[:3])
        assert (sure > 0.9) == (slate.arm == "arm-0")  # the other arm explores at every place
    with house.database.read() as connection:
        assert {slate.id: slate.arm for slate in slates.every(connection, house.tenant)} == {
            slate.id: slate.arm for slate in made
        }
        for slate in made:
            shown = [item.article_id for item in slate.items]
            assert not audiences.violations(connection, house.tenant, slate.employee_id, shown, (FUNCTION,), NOW)
            assert len(shown) == 6
    assert house.service.violations == 0


def test_a_slate_of_another_configuration_does_not_stand(house):
    ann, trial = house.staff[0], experiment(0.5, 0.5)
    before = house.serve(ann)
    house.start(trial)
    during = house.serve(ann, NOW + timedelta(minutes=1))
    assert (before.experiment, during.experiment) == (None, trial.name)
    assert house.serve(ann, NOW + timedelta(minutes=2)).id == during.id
    house.stop(trial)
    after = house.serve(ann, NOW + timedelta(minutes=3))
    assert after.id != during.id
    assert (after.experiment, after.arm) == (None, None)


def test_an_arm_whose_ranker_is_gone_gets_the_heuristic_and_says_so(house):
    house.start(experiment(0.5, 0.5, rankers=("ranker-gone", "ranker-gone")))
    slate = house.serve(house.staff[0])
    assert slate.degraded
    assert slate.ranker == HEURISTIC
    assert slate.arm
    nameless = FeedService(house.tenant, HeuristicRanker, USUAL)
    assert nameless.serve(house.database, house.staff[1].id, NOW, 10).degraded
