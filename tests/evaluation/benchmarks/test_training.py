"""The benchmark of training, small: ours and the bare fit on one log. What they take is nobody's business here."""

from evaluation.benchmarks.training import TrainOptions, measure
from models.ranker import LambdaMartOptions
from ranking.training import TrainingOptions
from tests.make import NOW

TRAINING = TrainingOptions(train_slates=20, held_out_slates=3, trees=LambdaMartOptions(rounds=5, patience=2, threads=1))
SMALL = TrainOptions(slates=200, people=4, articles=12, rounds=1, training=TRAINING)


def test_both_learn_from_the_same_log(tmp_path):
    heard = []
    (figure,) = measure(tmp_path, SMALL, NOW, heard.append)
    assert sum(heard) == SMALL.steps
    assert (figure.name, figure.unit, figure.peer) == (
        "train on 200 slates",
        "s",
        "lightgbm.train on the same matrices",
    )
    assert min(figure.ours, figure.theirs) > 0
    assert len(list((tmp_path / "0" / "artefacts" / "ranker").glob("ranker-*"))) == 1
