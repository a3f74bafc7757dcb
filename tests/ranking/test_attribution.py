"""What a ranker goes by: sums that fit, a planted signal that is found, and nothing for what all have alike."""

import numpy as np
import pytest

from models.heuristic import HeuristicRanker
from models.ranker import Examples, LambdaMart, LambdaMartOptions
from ranking.attribution import explain, importance
from ranking.features import FEATURES, GROUPS, INDEX, NAMES
from tests.graded import SIGNAL, graded


@pytest.fixture(scope="module")
def ranker() -> LambdaMart:
    parts = (
        Examples(each.rows, each.labels, each.positions, each.groups) for each in (graded(120), graded(40, seed=1))
    )
    return LambdaMart.fit(NAMES, *parts, LambdaMartOptions(rounds=40, patience=10, threads=1))


def test_the_signal_is_found_and_groups_add_up(ranker: LambdaMart) -> None:
    by_feature, by_group = importance(ranker, graded(40, seed=2), ranker.importance())
    assert by_feature[0].name == SIGNAL
    assert by_group[0].name == by_feature[0].group == FEATURES[INDEX[SIGNAL]].group
    assert {one.name for one in by_group} == set(GROUPS)
    assert sum(one.gain for one in by_feature) == pytest.approx(1.0)
    assert sum(one.gain for one in by_group) == pytest.approx(1.0)
    assert all(one.within <= 2 * one.mean_abs + 1e-12 for one in by_feature)


def test_what_a_slate_has_alike_moves_nothing_within_it() -> None:
    dataset = graded(40)
    fresh = NAMES.index("log_age")
    dataset.rows[:, fresh] = np.repeat(np.linspace(0, 3, 40), dataset.groups)
    (age,) = (one for one in importance(HeuristicRanker(), dataset, None)[0] if one.name == "log_age")
    assert age.within == pytest.approx(0.0, abs=1e-12)
    assert age.mean_abs > 0.5
    assert age.gain is None


@pytest.mark.parametrize("learned", [True, False])
def test_one_pick_adds_up_to_its_score(ranker: LambdaMart, learned: bool) -> None:
    used = ranker if learned else HeuristicRanker()
    row = graded(1).rows[3].copy()
    row[INDEX["function_tag"]] = np.nan
    why = explain(used, row)
    assert why.base + sum(part.added for part in why.parts) == pytest.approx(why.score)
    assert why.base + sum(why.by_group().values()) == pytest.approx(why.score)
    assert why.score == pytest.approx(used.score(row[[INDEX[name] for name in used.features]][np.newaxis])[0])
    sizes = [abs(part.added) for part in why.parts]
    assert sizes == sorted(sizes, reverse=True)
    told = {part.feature.name: part.value for part in why.parts}
    assert set(told) == set(used.features)
    assert np.isnan(told.pop("function_tag"))
    assert told == {name: row[INDEX[name]] for name in told}
