"""The benchmark of learning, in one small world: all rankers on the same slates, the same figures every time."""

from evaluation.benchmarks.learning import PEERS, LearningOptions, measure
from models.ranker import LambdaMartOptions
from ranking.training import TrainingOptions

TRAINING = TrainingOptions(train_slates=20, held_out_slates=10, trees=LambdaMartOptions(rounds=40, threads=1))
SMALL = LearningOptions(people=10, articles=60, days=14, seeds=(1,), training=TRAINING)


def test_every_ranker_is_measured_on_the_log_and_in_truth():
    heard = []
    found = measure(SMALL, heard.append)
    assert len(heard) == SMALL.steps
    assert [(figure.name, figure.peer) for figure in found] == [
        (name, peer.name) for name in ("on the log", "true interest") for peer in PEERS
    ]
    assert all(0 < figure.ours < 1 and 0 < figure.theirs < 1 for figure in found)
    assert len({figure.theirs for figure in found}) == len(found)
    assert found == measure(SMALL, heard.append)
