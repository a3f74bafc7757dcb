"""The benchmark of position bias, in one small world."""

from evaluation.benchmarks.position_bias import PEERS, BiasOptions, measure
from models.ranker import LambdaMartOptions
from ranking.training import TrainingOptions

TRAINING = TrainingOptions(train_slates=20, held_out_slates=10, trees=LambdaMartOptions(rounds=20, threads=1))
SMALL = BiasOptions(people=12, articles=60, days=14, seeds=(1,), training=TRAINING)


def test_what_is_learned_with_correction_stands_beside_what_is_learned_without_and_without_bias():
    heard = []
    found = measure(SMALL, heard.append)
    assert len(heard) == SMALL.steps
    assert tuple(figure.peer for figure in found) == PEERS
    assert all(0 < figure.ours < 1 and 0 < figure.theirs < 1 for figure in found)
    assert len({found[0].ours, *(figure.theirs for figure in found)}) == 3
    assert found == measure(SMALL, heard.append)
