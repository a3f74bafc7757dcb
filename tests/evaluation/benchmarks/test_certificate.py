"""The benchmark of certificates, with few of them: the truth is known, and everybody is measured."""

import numpy as np
import pytest
from scipy import special

from evaluation.benchmarks import certificate
from evaluation.benchmarks.certificate import WORLDS, Decided, Trials, World, looks_right, mapie, measure, ours
from models.certificate import CertificateOptions

OPTIONS = CertificateOptions()
FEW = Trials(calibrations=12, decisions=(600, 5000), attempts=3, audits=40, audited=500, factors=(5,))


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_the_true_error_rate_is_that_of_many_decisions(world):
    decided = world.decide(400_000, np.random.default_rng(3))
    for threshold in (0.99, 0.8, 0.5):
        passing = decided.scores >= threshold
        share, risk = world.passing(threshold)
        assert share == pytest.approx(passing.mean(), abs=0.005)
        assert risk == pytest.approx(decided.wrong[passing].mean(), abs=0.003)
    assert set(decided.pairs.tolist()) == set(range(1, world.most_pairs + 1))


def test_a_threshold_that_nobody_passes_has_no_share():
    assert WORLDS[0].passing(1.1)[0] == 0.0
    assert WORLDS[0].passing(0.0)[0] == 1.0


def test_everything_is_measured_the_same_way_each_time():
    heard: list[int] = []
    found = measure(FEW, OPTIONS, heard.append)
    assert sum(heard) == FEW.steps
    assert found == measure(FEW, OPTIONS, heard.append)
    assert len({(figure.name, figure.peer) for figure in found}) == len(found)
    naive = {figure.name: figure for figure in found if figure.peer == "the least that looks right"}
    assert naive["600 decisions: has a certificate"].theirs == 1.0
    assert naive["just too bad: promise kept"].theirs < 0.5 < naive["just too bad: promise kept"].ours
    assert naive["5000 decisions: approved without a person"].ours > 0.3
    assert {figure.peer for figure in found} == {
        "",
        *certificate.PEERS,
        "the same test each time",
        "a binomial test each time",
    }


def test_without_errors_everybody_passes_and_with_many_only_the_careless_choose():
    scores = np.linspace(0.5, 1.0, 2000)
    right = Decided(scores, np.zeros(2000, bool), np.ones(2000, np.int64))
    assert ours(right, OPTIONS) == looks_right(right, OPTIONS) == 0.5
    assert mapie(right, OPTIONS) == 0.0
    wrong = Decided(scores, np.ones(2000, bool), np.ones(2000, np.int64))
    assert ours(wrong, OPTIONS) is looks_right(wrong, OPTIONS) is mapie(wrong, OPTIONS) is None


def test_a_world_is_what_it_is_told_to_be():
    world = World("even", lambda odds: special.expit(-odds), centre=0.0, spread=1.0)
    assert world.passing(0.5)[0] == pytest.approx(0.5, abs=1e-4)
    assert world.passing(0.0)[1] == pytest.approx(0.5, abs=1e-4)
