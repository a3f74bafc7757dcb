"""LensKit as a peer: its child is told no more than each refit may know, and answers in the order of the questions.

A stand-in of a few lines takes the place of LensKit, which is not installed for tests: it scores an article by how
often it was touched and knows nothing of the others.
"""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.benchmarks import lenskit_peer, ranking
from evaluation.benchmarks.serving import ServingOptions
from tests import make
from tests.evaluation.benchmarks.test_ranking import PROTOCOL, engagement, log

STAND_IN = {
    "__init__": """
import numpy as np
class Answer:
    def __init__(self, values): self.values = values
    def scores(self): return np.array(self.values)
    def __len__(self): return len(self.values)
def score(pipeline, person, articles):
    return Answer([pipeline.counts.get(article, np.nan) * pipeline.sign for article in articles])
def recommend(pipeline, person, n): return Answer(sorted(pipeline.counts.values())[:n])
""",
    "als": "class ImplicitMFScorer:\n    sign = 1",
    "knn": "class ItemKNNScorer:\n    sign = -1\n    def __init__(self, feedback): assert feedback == 'implicit'",
    "pipeline": """
class Pipeline:
    def __init__(self, sign): self.sign = sign
    def train(self, touched): self.counts = touched["item_id"].value_counts().to_dict()
def topn_pipeline(scorer, n): return Pipeline(scorer.sign)
""",
    "data": "def from_interactions_df(frame): return frame",
}


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    folder = tmp_path / "installed" / "lenskit"
    folder.mkdir(parents=True)
    for name, text in STAND_IN.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.setenv("PYTHONPATH", str(folder.parent), prepend=":")


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(lenskit_peer, "installed", lambda: False)


def test_each_refit_knows_what_came_before_it_and_no_more(stand_in):
    touches = (np.array([0, 1, 2, 0, 1]), np.array([7, 7, 8, 8, 8]))
    asked = [np.array([8, 7]), np.array([7]), np.array([7, 8, 9])]
    told = lenskit_peer.scores(touches, known=[3, 5], refits=[0, 0, 1], who=[0, 1, 2], candidates=asked)
    assert [each.tolist() for each in told["ALS"]] == [[1, 2], [2], [2, 3, -np.inf]]
    assert [each.tolist() for each in told["item-kNN"]] == [[-1, -2], [-2], [-2, -3, -np.inf]]


def test_the_better_of_its_two_ways_stands_beside_ours(stand_in):
    found = ranking.measure(engagement(log(300)), PROTOCOL, lambda _: None, ablation=False)
    (theirs,) = {figure.peer for figure in found if figure.peer.startswith("LensKit")}
    assert theirs in ("LensKit, best: ALS", "LensKit, best: item-kNN")
    assert all(0 <= figure.theirs <= 1 for figure in found if figure.peer == theirs)


def test_its_lists_are_timed_beside_our_feeds(stand_in, tmp_path):
    small, heard = ServingOptions(articles=30, dimensions=8, people=3, trees=5), []
    found = lenskit_peer.latency(tmp_path, small, make.NOW, heard.append, sizes=(20, 30))
    assert [figure.name for figure in found] == [
        f"fresh slate, {size} articles {name}" for size in (20, 30) for name in ("p50", "p99")
    ]
    assert all(figure.ours > 0 and figure.theirs > 0 for figure in found)
    assert sum(heard) == lenskit_peer.steps(small, (20, 30))


def test_its_failure_is_told_and_no_figure_made(stand_in):
    with pytest.raises(lenskit_peer.PeerFailed, match="LensKit failed"):
        lenskit_peer.scores((np.array([0]), np.array([1])), known=[1], refits=[0], who=[], candidates=[np.array([1])])


def test_without_it_that_is_said(nothing_installed, tmp_path):
    small = replace(ServingOptions(), articles=30)
    (figure,) = lenskit_peer.latency(tmp_path, small, make.NOW, lambda _: None)
    assert figure.peer.endswith("(not installed)")
    assert np.isnan(figure.ours)
    assert lenskit_peer.steps(small) == 0
