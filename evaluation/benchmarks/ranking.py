"""The ranker beside its peers on a log of real reading: learned again every week, asked before it is told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Invalid
from evaluation.benchmarks import ranking_peers
from evaluation.benchmarks.figures import NAN, Figure
from evaluation.benchmarks.prequential import Protocol, Question, ask, figures, fit, rank_of
from evaluation.loaders.engagement import Engagement
from models.protocols import Progress
from models.ranker import LambdaMart
from ranking.features import FEATURES, GROUPS, INDEX

Ranks = NDArray[np.float64]

_BY_COLUMN: Final[Mapping[str, tuple[str, float]]] = {
    "recency": ("log_age", -1.0),
    "popularity, 1 day": ("opens_1d", 1.0),
    "popularity, 7 days": ("opens_7d", 1.0),
}
"""Peers that are one feature: which, and whether more of it is better."""


def measure(engagement: Engagement, protocol: Protocol, progress: Progress, *, ablation: bool) -> list[Figure]:
    """Figures over the test window, then per month, then with `ablation` what each group of features is good for.

    Raises Invalid where nothing can be asked in the test window.
    """
    asked = list(ask(engagement, protocol, progress))
    test = [question for question in asked if question.at >= protocol.test_from]
    if not test:
        raise Invalid(f"nothing happened after {protocol.test_from:%Y-%m-%d} that could be predicted")
    ours = _refitted(asked, test, protocol)
    peers: dict[str, Ranks | None] = {
        name: _ranks(test, _by_column(column, sign)) for name, (column, sign) in _BY_COLUMN.items()
    }
    peers |= ranking_peers.ranks(engagement, test, protocol)
    found = _against("", ours, peers)
    months = np.array([question.at.strftime("%Y-%m") for question in test])
    for month in np.unique(months):
        of_month = months == month
        found += _against(
            f" {month}", ours[of_month], _best({k: v[of_month] for k, v in peers.items() if v is not None})
        )
    return found + (_gains(asked, test, protocol) if ablation else [])


def _refitted(asked: Sequence[Question], test: Sequence[Question], protocol: Protocol) -> Ranks:
    """The answers' ranks, each by a ranker that was learned no longer than `protocol.refit` before."""
    ranks, begun = list[Ranks](), protocol.test_from
    while begun <= test[-1].at:
        due = [question for question in test if begun <= question.at < begun + protocol.refit]
        if due:
            ranks.append(_ranks(due, _scorer(fit(asked, protocol, begun))))
        begun += protocol.refit
    return np.concatenate(ranks)


def _gains(asked: Sequence[Question], test: Sequence[Question], protocol: Protocol) -> list[Figure]:
    """What is left without each group of features, of one ranker learned at the beginning of the test window."""

    def reached(left_out: str) -> dict[str, float]:
        names = [feature.name for feature in FEATURES if feature.group != left_out]
        return figures(_ranks(test, _scorer(fit(asked, protocol, protocol.test_from, names))))

    whole = reached("")
    return [
        Figure(f"{figure} without {group}, one fit", "", value, "all features, one fit", whole[figure])
        for group in GROUPS
        for figure, value in reached(group).items()
    ]


def _by_column(name: str, sign: float) -> Callable[[Question], NDArray[np.floating]]:
    column = INDEX[name]
    return lambda question: sign * question.rows[:, column]


def _scorer(ranker: LambdaMart) -> Callable[[Question], NDArray[np.floating]]:
    columns = [INDEX[name] for name in ranker.features]
    return lambda question: ranker.score(question.rows[:, columns].astype(np.float64))


def _ranks(test: Sequence[Question], scores: Callable[[Question], NDArray[np.floating]]) -> Ranks:
    return np.array([rank_of(scores(question), question.answer) for question in test])


def _against(which: str, ours: Ranks, peers: Mapping[str, Ranks | None]) -> list[Figure]:
    """A line per figure and peer; a peer that is not installed says so, and has none."""
    found = []
    for figure, value in figures(ours).items():
        for peer, ranks in peers.items():
            told = peer if ranks is not None else f"{peer} (not installed)"
            found.append(Figure(figure + which, "", value, told, NAN if ranks is None else figures(ranks)[figure]))
    return found


def _best(peers: Mapping[str, Ranks]) -> dict[str, Ranks | None]:
    best = max(peers, key=lambda name: next(iter(figures(peers[name]).values())))
    return {best: peers[best]}
