"""How good an order is, slate by slate. Every function takes the rows of all slates, one slate after the other.

`labels` (n,) are grades from 0, `scores` (n,) any numbers of which only the order counts, `groups` (slates,) the number
of rows of each slate. Each answers one figure within 0..1 per slate, and not-a-number for a slate without any grade
above 0, where every order is as good as another; `mean` leaves those out. "Relevant" is a grade above 0.

Ties: of rows with the same score the least relevant counts as ranked first. That favours no order of input, needs no
random numbers, and never rewards a ranker for being unable to tell two items apart. A score that is not a number is
ranked last.
"""

import numpy as np
from numpy.typing import NDArray

Grades = NDArray[np.int32]
Scores = NDArray[np.float64]
Groups = NDArray[np.int32]
PerSlate = NDArray[np.float64]


def ndcg(labels: Grades, scores: Scores, groups: Groups, k: int) -> PerSlate:
    """Normalised discounted cumulative gain at `k`: DCG@k of this order / DCG@k of the best possible one.

    DCG@k = Σ over ranks r = 1..k of (2^label − 1) / log2(r + 1): the exponential gain of Burges et al., "Learning to
    Rank using Gradient Descent" (ICML 2005), on the measure of Järvelin and Kekäläinen, "Cumulated gain-based
    evaluation of IR techniques" (ACM TOIS 20(4), 2002). LightGBM's `ndcg` has the same gain.
    """
    ideal = _dcg(labels, labels.astype(np.float64), groups, k)
    return _ratio(_dcg(labels, scores, groups, k), ideal)


def mrr(labels: Grades, scores: Scores, groups: Groups) -> PerSlate:
    """Reciprocal rank, 1 / (rank of the first row with a label above 0); its mean is the MRR.

    Voorhees, "The TREC-8 Question Answering Track Report" (1999).
    """
    slate, rank, ordered = _ranked(labels, scores, groups)
    best = np.full(len(groups), np.nan)
    hits = ordered > 0
    np.fmax.at(best, slate[hits], 1.0 / rank[hits])
    return best


def mrr_of_all(labels: Grades, scores: Scores, groups: Groups) -> PerSlate:
    """The mean of 1 / rank over all rows with a label above 0, as the MIND challenge has it under the name of MRR.

    Wu et al., "MIND: A Large-scale Dataset for News Recommendation" (ACL 2020) and its evaluation program.
    """
    slate, rank, ordered = _ranked(labels, scores, groups)
    hits = ordered > 0
    return _ratio(_sums(slate, np.where(hits, 1.0 / rank, 0.0), groups), _sums(slate, hits, groups))


def recall(labels: Grades, scores: Scores, groups: Groups, k: int) -> PerSlate:
    """The share of a slate's rows with a label above 0 that are among its first `k`."""
    slate, rank, ordered = _ranked(labels, scores, groups)
    hits = ordered > 0
    return _ratio(_sums(slate, hits & (rank <= k), groups), _sums(slate, hits, groups))


def average_precision(labels: Grades, scores: Scores, groups: Groups) -> PerSlate:
    """Average precision: over a slate's relevant rows, the mean of the precision at the rank of each; its mean is MAP.

    Precision at r is the share of the first r rows that are relevant. Buckley and Voorhees, "Evaluating evaluation
    measure stability" (SIGIR 2000).
    """
    slate, rank, ordered = _ranked(labels, scores, groups)
    hits = ordered > 0
    precision = _within(hits, groups) / rank
    return _ratio(_sums(slate, np.where(hits, precision, 0.0), groups), _sums(slate, hits, groups))


def auc(labels: Grades, scores: Scores, groups: Groups) -> PerSlate:
    """Of all pairs of a relevant and an irrelevant row of one slate, the share in which the relevant one ranks higher.

    The area under the slate's ROC curve: Hanley and McNeil, "The meaning and use of the area under a receiver operating
    characteristic curve" (Radiology 143, 1982). A tie counts half, as the measure is defined, so it is not on the safe
    side as elsewhere here. Not-a-number as well where all rows are relevant.
    """
    told = np.where(np.isnan(scores), -np.inf, scores)
    return np.asarray((_pairs_won(labels, told, groups) + 1 - _pairs_won(labels, -told, groups)) / 2)


def mean(values: PerSlate) -> float:
    """The mean over the slates that have a figure; not-a-number where none has."""
    counted = values[~np.isnan(values)]
    return float(counted.mean()) if len(counted) else float("nan")


def _pairs_won(labels: Grades, scores: Scores, groups: Groups) -> PerSlate:
    """The share of a slate's pairs in which the relevant row ranks higher; a tie is lost."""
    slate, _, ordered = _ranked(labels, scores, groups)
    hits = ordered > 0
    lost = _sums(slate, np.where(hits, _within(~hits, groups), 0.0), groups)
    pairs = _sums(slate, hits, groups) * _sums(slate, ~hits, groups)
    return np.asarray(1.0 - _ratio(lost, pairs))


def _ranked(labels: Grades, scores: Scores, groups: Groups) -> tuple[NDArray[np.intp], NDArray[np.intp], Grades]:
    """Per row in ranked order: the number of its slate, its rank from 1, and its label."""
    slate = np.repeat(np.arange(len(groups)), groups)
    order = np.lexsort((labels, -scores, slate))
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(groups) - groups, groups) + 1
    return slate, rank, labels[order]


def _within(which: NDArray[np.bool_], groups: Groups) -> NDArray[np.float64]:
    """Per row in ranked order, how many of its slate's rows up to and with it are among `which`."""
    counted = np.concatenate([[0.0], np.cumsum(which, dtype=np.float64)])
    return np.asarray(counted[1:] - np.repeat(counted[np.cumsum(groups) - groups], groups))


def _dcg(labels: Grades, scores: Scores, groups: Groups, k: int) -> PerSlate:
    slate, rank, ordered = _ranked(labels, scores, groups)
    gains = np.where(rank <= k, (np.exp2(ordered) - 1) / np.log2(rank + 1), 0.0)
    return _sums(slate, gains, groups)


def _sums(slate: NDArray[np.intp], values: NDArray[np.bool_] | Scores, groups: Groups) -> PerSlate:
    return np.bincount(slate, weights=values, minlength=len(groups)).astype(np.float64)


def _ratio(part: PerSlate, whole: PerSlate) -> PerSlate:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0))
