"""A log as trials of its rankers, and what such a log could have held but happens not to.

Of every candidate it is known how much it was exposed, not only of those that were drawn. So it is also known how much
rides on items that are rarely served and would weigh heavily: a log in which none of them turned up, or none was
liked, looks surer than it is.
"""

import numpy as np

from evaluation.counterfactual import Log
from evaluation.off_policy import Array, Spread, Trial
from evaluation.reward_model import cross_fitted


class Trials:
    """The rankers of one log, by their place in it, with no weight above `clip`. Fits the reward model once."""

    def __init__(self, log: Log, clip: float) -> None:
        rounds = log.rounds
        self._examination = log.examination
        self._clip = clip
        self.people, self._person = np.unique([one.person for one in rounds], return_inverse=True)
        self._sizes = np.array([len(one.logged) for one in rounds])
        self._candidates = np.array([len(one.rows) for one in rounds])
        self._first = np.cumsum(self._candidates) - self._candidates
        self._logged = np.concatenate([one.logged + start for one, start in zip(rounds, self._first, strict=True)])
        self._happened = np.concatenate([one.happened for one in rounds])
        self._served = np.concatenate([one.served for one in rounds])
        self._tried = [np.concatenate([one.tried[place] for one in rounds]) for place in range(len(rounds[0].tried))]
        self._liked = self._likings(log)

    def trial(self, place: int) -> Trial:
        """The ranker at this place of the log, tried on its rounds."""
        tried = self._tried[place]
        return Trial(
            rounds=np.repeat(np.arange(len(self._sizes)), self._sizes),
            reward=self._happened.astype(np.float64),
            exposure=np.concatenate([self._examination[:size] for size in self._sizes]),
            weight=self._weights(place)[self._logged],
            predicted=self._liked[self._logged],
            owed=np.add.reduceat(tried, self._first),
            expected=np.add.reduceat(tried * self._liked, self._first),
            cluster=self._person,
        )

    def out_of_reach(self, place: int) -> float:
        """The share of a ranker's exposure that the log, with clipped weights, says nothing of."""
        tried = self._tried[place]
        lost = np.maximum(tried - self._clip * self._served, 0.0)
        return float(lost.sum() / tried.sum()) if tried.any() else 0.0

    def spread(self, place: int, against: int | None = None) -> Spread:
        """How far estimates of a ranker may lie apart, or those of its difference with `against`.

        The variance that weighting brings is at most Σ served · weight² · liking over all candidates. What happened
        with the items that were drawn is an unbiased sample of that sum, and too small a one where luck was bad.
        """
        weights = self._weights(place) - (0.0 if against is None else self._weights(against))
        brought = np.square(weights) * self._liked
        missing = float(self._served @ brought - np.square(weights[self._logged]) @ self._happened)
        shares = np.bincount(np.repeat(self._person, self._candidates), weights=self._served * brought)
        squares = float(np.square(shares).sum())
        return Spread(
            undrawn=max(missing, 0.0) / len(self._sizes) ** 2,
            clusters=float(shares.sum() ** 2 / squares) if squares else float(len(shares)),
        )

    def _weights(self, place: int) -> Array:
        tried, served = self._tried[place], self._served
        ratio = np.divide(tried, served, out=np.zeros(len(served)), where=served > 0)
        return np.asarray(np.minimum(ratio, self._clip))

    def _likings(self, log: Log) -> Array:
        """For each candidate of each round, how probable the event is once it is looked at."""
        rows = np.concatenate([one.rows for one in log.rounds])
        looked_at = np.concatenate([one.looked_at for one in log.rounds])
        if len(self.people) < 2:
            return np.full(len(rows), self._happened[looked_at].mean())
        met, who = self._logged[looked_at], np.repeat(self._person, self._sizes)[looked_at]
        asked = np.repeat(self._person, self._candidates)
        return cross_fitted(rows[met], self._happened[looked_at], who, rows, asked)
