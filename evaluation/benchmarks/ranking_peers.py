"""Peers that know only who touched what: item-kNN, EASE and, where they are installed, implicit ALS and LensKit.

They are learned again as often as our ranker is, from all touches before. What nobody had touched by then they cannot
tell apart, which is why they are poor at news.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from catalog.ids import ArticleId, EmployeeId
from evaluation.benchmarks import lenskit_peer
from evaluation.benchmarks.prequential import Protocol, Question, figures, rank_of
from evaluation.loaders.engagement import Engagement

Scorer = Callable[[int, NDArray[np.intp]], NDArray[np.floating]]
"""From a person and candidates, both by code, to a score per candidate."""

_EASE_L2: Final = 100.0
_ALS: Final = {"factors": 64, "regularization": 0.05, "iterations": 15, "random_state": 1}


def ranks(
    engagement: Engagement, test: Sequence[Question], protocol: Protocol
) -> dict[str, NDArray[np.float64] | None]:
    """By peer the ranks of the answers of `test`, which is in order of time; None for one that is not installed."""
    touches = _Touches(engagement)
    theirs = _lenskit(touches, test, protocol) if lenskit_peer.installed() else {"LensKit": None}
    found: dict[str, list[float] | None] = {name: [] if _installed(name) else None for name in _PEERS}
    for period, questions in groupby(test, key=partial(_period, protocol)):
        known = touches.before(_begun(period, protocol))
        due = list(questions)
        for name, learn in _PEERS.items():
            answers = found[name]
            if answers is not None:
                score = learn(known)
                answers += [rank_of(score(touches.people[q.person], q.candidates), q.answer) for q in due]
    return {name: None if answers is None else np.array(answers) for name, answers in found.items()} | theirs


def _period(protocol: Protocol, question: Question) -> int:
    return (question.at - protocol.test_from) // protocol.refit


def _begun(period: int, protocol: Protocol) -> datetime:
    return protocol.test_from + period * protocol.refit


def _lenskit(
    touches: "_Touches", test: Sequence[Question], protocol: Protocol
) -> dict[str, NDArray[np.float64] | None]:
    """The ranks of LensKit's ALS or item-kNN, whichever does better in this run, under its name."""
    of_question = [_period(protocol, question) for question in test]
    periods = sorted(set(of_question))
    scored = lenskit_peer.scores(
        (touches.rows, touches.columns),
        known=[touches.count(_begun(period, protocol)) for period in periods],
        refits=[periods.index(period) for period in of_question],
        who=[touches.people[question.person] for question in test],
        candidates=[question.candidates for question in test],
    )
    ranked = {
        name: np.array([rank_of(each, question.answer) for each, question in zip(answers, test, strict=True)])
        for name, answers in scored.items()
    }
    best = max(ranked, key=lambda name: next(iter(figures(ranked[name]).values())))
    return {f"LensKit, best: {best}": ranked[best]}


class _Touches:
    """First touches in order of time, and the codes of people; articles are in the order of the engagement."""

    def __init__(self, engagement: Engagement) -> None:
        place = {article.id: index for index, article in enumerate(engagement.articles)}
        first = dict[tuple[EmployeeId, ArticleId], datetime]()
        for event in engagement.events:
            if event.employee_id is not None:
                first.setdefault((event.employee_id, event.article_id), event.at)
        self.people = {person: code for code, person in enumerate(dict.fromkeys(person for person, _ in first))}
        self.rows = np.array([self.people[person] for person, _ in first])
        self.columns = np.array([place[article] for _, article in first])
        self._at = np.array([at.timestamp() for at in first.values()])
        self._shape = (len(self.people), len(place))

    def count(self, moment: datetime) -> int:
        """How many there were before a moment."""
        return int(np.searchsorted(self._at, moment.timestamp(), side="left"))

    def before(self, moment: datetime) -> sparse.csr_array:
        """Who had touched what: (people, articles), 1 or 0."""
        known = self.count(moment)
        rows, columns = self.rows[:known], self.columns[:known]
        return sparse.csr_array((np.ones(known, dtype=np.float32), (rows, columns)), shape=self._shape)


def item_knn(touched: sparse.csr_array) -> Scorer:
    """Cosine between articles, summed over what the person touched (Sarwar et al., WWW 2001)."""
    together = (touched.T @ touched).toarray()
    length = np.sqrt(np.maximum(together.diagonal(), 1.0))
    return _over_touched(touched, together / np.outer(length, length))


def ease(touched: sparse.csr_array) -> Scorer:
    """Embarrassingly shallow autoencoder in closed form (Steck, WWW 2019)."""
    gram = (touched.T @ touched).toarray()
    gram[np.diag_indices_from(gram)] += _EASE_L2
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return _over_touched(touched, weights)


def implicit_als(touched: sparse.csr_array) -> Scorer:
    """Implicit ALS (Hu, Koren and Volinsky, ICDM 2008) by the package `implicit`, extra `peers`."""
    model = importlib.import_module("implicit.cpu.als").AlternatingLeastSquares(**_ALS, num_threads=1)
    model.fit(sparse.csr_matrix(touched), show_progress=False)
    return lambda person, candidates: model.item_factors[candidates] @ model.user_factors[person]


_PEERS: Final[Mapping[str, Callable[[sparse.csr_array], Scorer]]] = {
    "item-kNN": item_knn,
    "EASE": ease,
    "implicit ALS": implicit_als,
}


def _installed(peer: str) -> bool:
    return peer != "implicit ALS" or importlib.util.find_spec("implicit") is not None


def _over_touched(touched: sparse.csr_array, weights: NDArray[np.floating]) -> Scorer:
    def score(person: int, candidates: NDArray[np.intp]) -> NDArray[np.floating]:
        own = touched.indices[touched.indptr[person] : touched.indptr[person + 1]]
        return np.asarray(weights[np.ix_(own, candidates)].sum(axis=0))

    return score
