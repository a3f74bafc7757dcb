"""The benchmark of a feed's stages, on a handful of articles: it times what it says it times."""

from evaluation.benchmarks.stages import FAISS, PREDICT, StageOptions, measure
from tests import make

SMALL = StageOptions(articles=(700, 800), dimensions=8, people=6, asked=3, trees=5)


def test_every_stage_stands_beside_its_peer_for_each_catalogue():
    heard = []
    found = measure(SMALL, make.NOW, heard.append)
    assert sum(heard) == SMALL.steps
    assert SMALL.ranking.candidates == SMALL.candidates
    assert [(figure.name.split(", ")[-1], figure.peer) for figure in found] == [
        (f"{count} articles", peer) for count in SMALL.articles for peer in (FAISS, PREDICT, PREDICT)
    ]
    assert all(figure.ours > 0 and figure.theirs > 0 for figure in found)
