"""From a log to estimates: true where the truth is known, and nothing counts that no slate of ours served."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from catalog.records import EventType
from evaluation import counterfactual
from evaluation.benchmarks.learning import NOW
from evaluation.counterfactual import LogOptions, NothingToJudgeBy, gather
from evaluation.earnings import EarningOptions, NoSupport, judge
from evaluation.off_policy import ESTIMATORS, doubly_robust, ips, snips
from evaluation.trials import Trials
from tests.evaluation.tried import CHAMPION, HORIZON, OPTIONS, RECENCY, Wavering, lived

LAX = EarningOptions(people=5, slates=5, out_of_reach=0.5)


@pytest.fixture(scope="module")
def small():
    return lived(1, people=12, articles=30, days=4)


@pytest.fixture(scope="module")
def log(small):
    return small.log(Wavering(0.2), RECENCY)


def judged(records, known=lambda name: CHAMPION, since=timedelta(days=100), **options):
    """A log of the champion alone, with one draw: nothing here depends on how close exposures are."""
    return gather(records, (CHAMPION,), known, (NOW - since, NOW), OPTIONS, LogOptions(samples=1, **options))


def test_the_champion_earned_what_it_earned(small, log):
    trials = Trials(log, clip=1.0)
    champion = trials.trial(0)
    opened = np.mean([one.happened.sum() for one in log.rounds])
    assert champion.weight.tolist() == [1.0] * len(champion.weight)
    assert ips(champion).value == pytest.approx(opened)
    assert snips(champion).value == pytest.approx(opened, rel=0.02)  # owed and looked at differ by what exploring drew
    assert champion.effective_rounds() == pytest.approx(len(log.rounds), rel=0.02)
    assert trials.out_of_reach(0) == trials.spread(0, against=0).undrawn == 0
    assert not log.left_out


def test_each_place_is_looked_at_as_often_as_the_log_says(small, log):
    assert log.examination[0] == 1.0
    assert log.examination[:5].tolist() == sorted(log.examination[:5], reverse=True)
    assert log.examination[4] == pytest.approx(5**-0.7, abs=0.1)


def test_every_slate_that_is_over_takes_part_and_no_other(small, log):
    over = [slate for slate in small.records.slates if slate.created_at <= NOW - HORIZON]
    assert len(log.rounds) == len(over) < len(small.records.slates)
    assert [one.person for one in log.rounds] == [slate.employee_id for slate in over]
    newer = judged(small.records, since=timedelta(days=2))
    assert len(newer.rounds) == sum(slate.created_at >= NOW - timedelta(days=2) for slate in over)
    newest = judged(small.records, slates=7)
    assert [one.person for one in newest.rounds] == [slate.employee_id for slate in over[-7:]]
    assert newest.left_out == {counterfactual.TOO_OLD: len(over) - 7}


def test_estimates_hold_the_truth():
    """Two worlds, two challengers, three estimators, one chance in twenty each; `make soak` does a hundred worlds."""
    held = []
    for seed in (2, 3):
        world = lived(seed, people=12, articles=30, days=4)
        challengers = Wavering(0.5), RECENCY
        rows = judge(world.log(*challengers), ["champion", "0", "1"], LAX).rows
        for name, challenger in enumerate(challengers):
            truth = world.truth(challenger, seed)
            held += [row.earned.low <= truth <= row.earned.high for row in rows if row.ranker == str(name)]
    assert len(held) == 12
    assert sum(held) >= 11


def test_what_no_slate_of_ours_served_never_takes_part(small):
    """A history from elsewhere, and events of the slates that are judged, but of articles that were not in them."""
    before = judged(small.records)
    records, slate = small.records, small.records.slates[0]
    elsewhere = next(article.id for article in records.live if article.id not in {i.article_id for i in slate.items})
    strange = [
        replace(one, slate_id=None) if place % 2 else replace(one, slate_id=slate.id, article_id=elsewhere)
        for place, one in enumerate(records.events)
    ]
    later = [replace(one, seq=len(records.events) + seq) for seq, one in enumerate(strange, start=1)]
    after = judged(replace(records, events=[*records.events, *later]))
    assert after.examination.tolist() == before.examination.tolist()
    for one, other in zip(before.rounds, after.rounds, strict=True):
        assert one.happened.tolist() == other.happened.tolist()
        assert one.served.tolist() == other.served.tolist()


def test_a_slate_that_cannot_be_made_again_is_left_out(small):
    slates = list(small.records.slates)
    items = slates[0].items
    slates[0] = replace(slates[0], items=(replace(items[0], propensity=0.5), *items[1:]))
    slates[1] = replace(slates[1], ranker="long-gone")
    known = {CHAMPION.name: CHAMPION}.get
    left_out = judged(replace(small.records, slates=slates), known).left_out
    assert left_out == {counterfactual.UNLIKE: 1, counterfactual.NO_RANKER: 1}
    gone = slates[5].items[0].article_id
    live = [article for article in small.records.live if article.id != gone]
    showed_it = sum(gone in {item.article_id for item in slate.items} for slate in slates)
    assert judged(replace(small.records, live=live)).left_out[counterfactual.UNLIKE] >= showed_it // 2 > 0


def test_without_seen_events_nobody_knows_what_was_looked_at(small):
    events = [replace(one, type=EventType.OPEN) if one.type is EventType.SEEN else one for one in small.records.events]
    with pytest.raises(NothingToJudgeBy, match="send `seen` events"):
        judged(replace(small.records, events=events))


def test_other_events_can_be_the_reward(small):
    shares = judged(small.records, event=EventType.SHARE)
    opens = judged(small.records)
    assert 0 < sum(one.happened.sum() for one in shares.rounds) < sum(one.happened.sum() for one in opens.rounds)


def test_the_model_inside_doubly_robust_never_met_the_person(small, log):
    """It knows something of what people like, so it leaves less to chance than weighing alone."""
    wavering = Trials(log, 50.0).trial(1)
    assert wavering.predicted.std() > 0.01
    assert np.isfinite(wavering.expected).all()
    assert np.corrcoef(wavering.predicted, wavering.reward)[0, 1] > 0
    assert doubly_robust(wavering).value != pytest.approx(ips(wavering).value, abs=1e-6)


def test_weights_are_clipped_and_what_is_lost_by_that_is_known(log):
    free, tight = Trials(log, 1e9), Trials(log, 3.0)
    weight = free.trial(2).weight
    assert weight.max() > 3
    assert tight.trial(2).weight.tolist() == np.minimum(weight, 3.0).tolist()
    assert free.out_of_reach(2) == pytest.approx(0, abs=1e-6)
    assert 0 < tight.out_of_reach(2) < 0.5
    held = sum(float(np.minimum(one.tried[2], 3.0 * one.served).sum()) for one in log.rounds)
    assert tight.out_of_reach(2) == pytest.approx(1 - held / sum(float(one.tried[2].sum()) for one in log.rounds))


def test_items_that_weigh_heavily_and_were_not_drawn_are_missed(log):
    """Take the slates in which a heavy item turned up out of the log: what is left shows less than there was."""
    trials = Trials(log, 100.0)
    heavy = trials.trial(2).per_round((trials.trial(2).weight > 10).astype(float)) > 0
    assert 0 < heavy.sum() < len(log.rounds)
    lucky = replace(log, rounds=tuple(one for one, bad in zip(log.rounds, heavy, strict=True) if not bad))
    assert Trials(lucky, 100.0).spread(2).undrawn > trials.spread(2).undrawn
    assert 1 < trials.spread(2).clusters <= 12
    assert trials.spread(0).clusters > trials.spread(2).clusters


def test_a_report_has_a_row_per_ranker_and_estimator(log):
    report = judge(log, ["champion", "wavering", "recency"], LAX)
    assert [row.estimator for row in report.rows] == [name for name in ESTIMATORS for _ in range(3)]
    assert report.slates == len(log.rounds)
    assert report.people == 12
    for row in report.rows:
        assert row.earned.low < row.earned.value < row.earned.high
        assert (row.ahead is None) == (row.ranker == "champion")
    champion, wavering, _ = report.rows[:3]
    assert report.served.value == pytest.approx(champion.earned.value)
    assert wavering.ahead.value == pytest.approx(wavering.earned.value - champion.earned.value)
    assert set(report.to_dict()) == {"served", "slates", "people", "left_out", "rows"}


def test_a_log_that_says_too_little_is_refused_with_the_remedy(small, log):
    names = ["champion", "wavering", "recency"]
    with pytest.raises(NothingToJudgeBy, match=r"of 12 people to judge by, and it takes 50 of 13: wait"):
        judge(log, names, EarningOptions(people=13))
    with pytest.raises(NothingToJudgeBy, match=r"there are 0 slates .* left out: \d+, because the ranker .* is gone"):
        judge(judged(small.records, known=lambda name: None), ["champion"], LAX)
    with pytest.raises(NoSupport, match=r"% of what recency would .*next to never served, 1% may be: .*explore more"):
        judge(log, names, replace(LAX, clip=3.0, out_of_reach=0.01))
    with pytest.raises(NoSupport, match=r"to (wavering|recency) these \d+ slates are worth \d+ of its own"):
        judge(log, names, replace(LAX, slates=len(log.rounds) - 1))
