"""The report of an experiment: one person is one witness, whose time is over or not, and who answers its own slates."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from catalog import experiments
from catalog.records import Arm, EventType, Experiment
from evaluation import counterfactual
from evaluation.experiment import AHEAD, BEHIND, UNEVEN, UNSURE, WAIT, ReportOptions, report
from evaluation.replay import Records, read, replay, visits
from evaluation.synthetic import simulate
from models.heuristic import HEURISTIC, HeuristicRanker
from ranking.config import RankingOptions
from ranking.experiments import assign
from ranking.feed import FeedService
from tests import make
from tests.evaluation.conftest import TENANT
from tests.make import NOW

DAY = timedelta(days=1)
OPTIONS = ReportOptions()
TWO = Experiment("wider", (Arm("old", 0.5, HEURISTIC), Arm("new", 0.5, HEURISTIC)), NOW, "Dora")


def lived(opens, experiment=TWO, people=200, seed=1):
    """One slate per person, a minute apart, and some opens of it: `opens` is the mean of each arm."""
    random = np.random.default_rng(seed)
    offered, happened = [], []
    for number in range(people):
        person = f"person-{number}"
        arm = assign(experiment, person).name
        slate = make.slate(
            person, ["a"], experiment=experiment.name, arm=arm, created_at=NOW + timedelta(minutes=number)
        )
        offered.append(slate)
        happened += [make.event(slate) for _ in range(random.poisson(opens[arm]))]
    return offered, happened


def told(offered, happened, experiment=TWO, now=NOW + 30 * DAY, **given):
    return report(experiment, offered, happened, now, replace(OPTIONS, **given))


def test_a_better_arm_is_found_to_be_ahead_and_a_worse_one_behind():
    found = told(*lived({"old": 1.0, "new": 2.5}))
    old, new = found.arms
    assert (old.verdict, new.verdict) == ("", AHEAD)
    assert old.low is None
    assert 0 < new.low < new.mean - old.mean < new.high
    assert old.people + new.people == old.watched + new.watched == 200
    assert not found.uneven
    assert told(*lived({"old": 2.5, "new": 1.0})).arms[1].verdict == BEHIND
    assert told(*lived({"old": 1.0, "new": 1.0})).arms[1].verdict == UNSURE
    assert set(found.to_dict()) == {"experiment", "until", "people_p", "uneven", "arms"}


def test_few_people_and_people_whose_time_is_not_over_say_nothing():
    offered, happened = lived({"old": 1.0, "new": 3.0})
    assert told(offered[:40], happened).arms[1].verdict == WAIT
    early = told(offered, happened, now=NOW + 7 * DAY + timedelta(minutes=39, seconds=30))
    assert sum(arm.watched for arm in early.arms) == 40
    assert sum(arm.people for arm in early.arms) == 200
    assert early.arms[1].verdict == WAIT
    assert told([], []).arms[0].mean is None


def test_only_answers_to_its_own_slates_in_time_count():
    offered, _ = lived({"old": 0.0, "new": 0.0}, people=100)
    slate = offered[0]
    again = make.slate(slate.employee_id, ["b"], experiment=TWO.name, arm=slate.arm, created_at=slate.created_at + DAY)
    elsewhere = make.slate(slate.employee_id, ["c"], created_at=slate.created_at)
    late = slate.created_at + OPTIONS.days + timedelta(seconds=1)
    events = [
        make.event(slate),
        make.event(again),
        make.event(slate, type=EventType.SEEN),
        make.event(elsewhere),
        make.event(again, at=late, received_at=late),
        make.event(slate, slate_id=None),
    ]
    found = told([*offered, again, elsewhere], events)
    assert sum((arm.mean or 0) * arm.watched for arm in found.arms) == pytest.approx(2)
    assert sum(arm.slates for arm in found.arms) == 101
    assert sum(arm.people for arm in found.arms) == 100


def test_after_the_end_nothing_changes_any_more():
    stopped = replace(TWO, stopped_at=NOW + 8 * DAY, stopped_by="Dora")
    offered, happened = lived({"old": 1.0, "new": 2.0})
    assert told(offered, happened, stopped, now=NOW + 9 * DAY) == told(offered, happened, stopped, now=NOW + 99 * DAY)
    assert told(offered, happened, stopped).until == stopped.stopped_at


def test_an_arm_that_lost_its_people_is_not_judged():
    offered, happened = lived({"old": 1.0, "new": 3.0}, people=800)
    kept = [slate for number, slate in enumerate(offered) if slate.arm == "old" or number % 3]
    assert not told(offered, happened).uneven
    found = told(kept, happened)
    assert found.uneven
    assert {arm.verdict for arm in found.arms} == {UNEVEN}
    assert all(arm.low is None for arm in found.arms)


def test_more_arms_are_each_held_against_the_first_and_must_be_surer():
    arms = tuple(Arm(name, 1 / 4, HEURISTIC) for name in ("old", "new", "same", "worse"))
    four = Experiment("four", arms, NOW, "Dora")
    found = told(*lived({"old": 1.0, "new": 4.0, "same": 1.0, "worse": 0.1}, four, people=800), four)
    assert [arm.verdict for arm in found.arms] == ["", AHEAD, UNSURE, BEHIND]
    pair = told(*lived({"old": 1.0, "new": 4.0, "same": 1.0, "worse": 0.1}, four, people=800), four, confidence=0.8)
    assert pair.arms[1].high - pair.arms[1].low < found.arms[1].high - found.arms[1].low


def test_slates_of_the_heuristic_in_place_of_an_arms_ranker_are_counted():
    offered, happened = lived({"old": 1.0, "new": 1.0}, people=10)
    found = told([replace(slate, degraded=True) for slate in offered], happened)
    assert [arm.degraded for arm in found.arms] == [arm.slates for arm in found.arms]


def test_people_are_watched_for_some_time():
    with pytest.raises(ValueError, match="some time"):
        ReportOptions(days=timedelta(0))


def test_slates_of_every_arm_can_be_made_again_and_judged(afterwards, simulated):
    """An experiment on the simulated organisation: replay and off-policy estimates know how each slate was made."""
    options, usual = {"epsilon": 0.5, "per_source": 1, "sink_after": 1}, RankingOptions()
    trial = Experiment("bold", (Arm("old", 0.5, HEURISTIC), Arm("bold", 0.5, HEURISTIC, options)), NOW, "Dora")
    with afterwards.write() as connection:
        experiments.start(connection, TENANT, trial)
    service = FeedService(TENANT, HeuristicRanker, usual, lambda name: HeuristicRanker())
    simulate(afterwards, TENANT, service, simulated.people, 2, NOW + 2 * DAY, seed=3)
    with afterwards.read() as connection:
        records = read(connection, TENANT)
    arms = {visit.slate.arm: visit.options(usual) for visit in visits(records)}
    assert arms["bold"].epsilon == 0.5
    assert arms["old"] == arms[None] == usual
    assert replay(afterwards, TENANT, usual) == []
    assert _judged(records, usual).left_out.get(counterfactual.UNLIKE, 0) == 0
    forgotten = replace(records, experiments=())
    assert _judged(forgotten, usual).left_out[counterfactual.UNLIKE] > 0


def _judged(records: Records, usual: RankingOptions) -> counterfactual.Log:
    ranker = HeuristicRanker()
    between = NOW, NOW + 4 * DAY
    return counterfactual.gather(
        records, (ranker,), lambda name: ranker, between, usual, counterfactual.LogOptions(samples=1)
    )
