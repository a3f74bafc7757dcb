"""The slates that were served, made again: what other rankers would have exposed in each, beside what was.

Each slate is made again from the records: its candidates, their features, the ranker that served it. A slate of which
that does not give the logged propensities is left out. Then the exposure of every candidate is known, under the policy
that served and under each that is tried, with the same caps, diversity and exploration.

Only what followed a slate of ours takes part: an event without one never has a propensity.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Invalid
from catalog.ids import ArticleId, EmployeeId, SlateId
from catalog.records import EventType, Slate
from evaluation.exposure import exposure
from evaluation.off_policy import Array
from evaluation.replay import Records, Visit, visits
from evaluation.reward_model import Rows
from models.protocols import Progress, Ranker
from ranking.config import RankingOptions
from ranking.dataset import outcomes
from ranking.diversify import Policy
from ranking.scoring import score
from ranking.slate import pool_of

SHARED_OUT: Final = "picks are shared out and lists are chosen elsewhere: neither is drawn"
NOT_LOOKED_AT: Final = "nothing of it was seen"
NO_RANKER: Final = "the ranker that served it is gone"
UNLIKE: Final = "it cannot be made again as it was"
TOO_OLD: Final = "enough newer ones"

Outcomes = Mapping[ArticleId, set[EventType]]


class NothingToJudgeBy(Invalid):
    """The log cannot tell what another ranker would have earned."""

    code = "nothing_to_judge_by"


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which slates take part, what counts as reward, and how closely exposure is computed."""

    event: EventType = EventType.OPEN
    """A place earns 1 where this followed, and 0 where it did not."""
    horizon: timedelta = timedelta(days=1)
    slates: int = 5000
    """At most this many take part, the newest: each is ranked again, and its candidates are kept in memory."""
    samples: int = 4
    """Draws per place at which exploring may begin: see `evaluation.exposure`."""
    seed: int = 20


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One slate of the log, made again.

    Per candidate: `rows`, `served` (exposure under the policy that served) and `tried`, that under each ranker tried.
    Per place: `logged`, the candidate that stands there, `looked_at` and `happened`.
    """

    person: EmployeeId
    rows: Rows
    served: Array
    tried: tuple[Array, ...]
    logged: NDArray[np.intp]
    looked_at: NDArray[np.bool_]
    happened: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """The rounds that can be judged on, why others cannot, and how often each place is looked at."""

    rounds: tuple[Round, ...]
    left_out: Mapping[str, int]
    examination: Array


def gather(
    records: Records,
    rankers: Sequence[Ranker],
    known: Callable[[str], Ranker | None],
    between: tuple[datetime, datetime],
    ranking: RankingOptions,
    options: LogOptions,
    progress: Progress | None = None,
) -> Log:
    """The slates served `between` two moments, and what each of `rankers` would have made of them.

    `known` finds the ranker that a slate names; `ranking` must be the options that slates were served with. `progress`
    hears of each slate of the records. Raises NothingToJudgeBy where clients do not tell what was seen.
    """
    since, until = between
    ended = [one for one in records.slates if since <= one.created_at <= until - options.horizon]
    over = {one.id: one for one in ended if all(item.propensity > 0 for item in one.items)}
    happened = outcomes(over, records.events, until, options.horizon)
    looked_at = [one for one in over.values() if one.id in happened and one.items]
    wanted = {one.id: happened[one.id] for one in looked_at[-options.slates :]}
    left_out = Counter(
        {
            SHARED_OUT: len(ended) - len(over),
            NOT_LOOKED_AT: len(over) - len(looked_at),
            TOO_OLD: len(looked_at) - len(wanted),
        }
    )
    examination = _examination([over[slate] for slate in wanted], wanted)
    again = _Again(rankers, known, ranking, options, examination)
    rounds = []
    for visit in visits(records):
        if visit.slate.id in wanted:
            made = again.make(visit, wanted[visit.slate.id])
            if isinstance(made, Round):
                rounds.append(made)
            else:
                left_out[made] += 1
        if progress:
            progress(1)
    return Log(tuple(rounds), {why: count for why, count in left_out.items() if count}, examination)


def _examination(slates: Sequence[Slate], happened: Mapping[SlateId, Outcomes]) -> Array:
    """How often each place is looked at, where there is one. What somebody acted on they looked at."""
    places = max((len(slate.items) for slate in slates), default=0)
    there, seen = np.zeros(places), np.zeros(places)
    told = False
    for slate in slates:
        there[: len(slate.items)] += 1
        for place, item in enumerate(slate.items):
            seen[place] += item.article_id in happened[slate.id]
        told = told or any(EventType.SEEN in types for types in happened[slate.id].values())
    if slates and not told:
        raise NothingToJudgeBy(
            "no client tells what was seen, so nobody knows how often each place is looked at: send `seen` events"
        )
    return seen / np.maximum(there, 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Again:
    """Makes rounds of slates, one at a time."""

    rankers: Sequence[Ranker]
    known: Callable[[str], Ranker | None]
    ranking: RankingOptions
    options: LogOptions
    examination: Array

    def make(self, visit: Visit, happened: Outcomes) -> Round | str:
        """The round, or why there is none."""
        ranker = self.known(visit.slate.ranker)
        if ranker is None:
            return NO_RANKER
        chosen, rows = visit.prepare(self.ranking)

        def policy(one: Ranker, options: RankingOptions) -> Policy:
            world = (visit.snapshot, visit.state, visit.person)
            return Policy(pool_of(*world, chosen, score(one, rows), options, visit.slate.created_at), options)

        place_of = {visit.snapshot.ids[index]: row for row, index in enumerate(chosen)}
        items = visit.slate.items
        logged = [place_of[item.article_id] for item in items if item.article_id in place_of]
        served_with = visit.options(self.ranking)
        serving = policy(ranker, served_with)
        if not _as_logged(serving, visit.slate, logged):
            return UNLIKE
        served = self._exposure(serving, len(items))
        return Round(
            person=visit.slate.employee_id,
            rows=rows.astype(np.float32),
            served=served,
            tried=tuple(
                served
                if one.name == ranker.name and served_with == self.ranking
                else self._exposure(policy(one, self.ranking), len(items))
                for one in self.rankers
            ),
            logged=np.array(logged, dtype=np.intp),
            looked_at=np.array([item.article_id in happened for item in items]),
            happened=np.array([self.options.event in happened.get(item.article_id, ()) for item in items]),
        )

    def _exposure(self, policy: Policy, places: int) -> Array:
        """With the same random numbers for every policy: where two agree, their exposures do."""
        random = np.random.default_rng(self.options.seed)
        return exposure(policy, self.examination[:places], self.options.samples, random)


def _as_logged(policy: Policy, slate: Slate, rows: Sequence[int]) -> bool:
    """Whether the slate made again gives every item at its place the probability that was logged."""
    if len(rows) != len(slate.items):
        return False
    for place, item in enumerate(slate.items):
        here = policy.place(rows[:place])
        if rows[place] not in here.choices:
            return False
        if abs(here.propensity(rows[place], policy.options.epsilon) - item.propensity) > 1e-9:
            return False
    return True
