"""What speaks for an article besides what it is: its pace, who else reads it, who brought it, and this very visit.

Each function answers columns by feature name, one value per candidate. `codes` are the candidates as `State.codes`
tells them. What a column means is said once, in `ranking.features.FEATURES`.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from ranking.crowd import Openers
from ranking.profile import Person
from ranking.state import State
from ranking.tallies import DAY, HOUR, OVER_A_DAY, OVER_AN_HOUR, OVER_HOURS, OVER_MINUTES

Column = NDArray[np.float64]
Columns = dict[str, Column]
Codes = NDArray[np.intp]

LONGEST: Final = 365 * DAY
"""Seconds ago that "never" counts as."""

_SELDOM: Final = 0.5
"""Opens added to every list's sum, so that shares of next to nothing stay near nothing."""
_FEW: Final = 2.0
"""Articles that everybody counts as having brought besides their own."""


@dataclass(frozen=True, slots=True, eq=False)
class Readers:
    """The last people who opened each candidate, how many seconds `ago`, and how many opened each in all, (n,)."""

    openers: Openers
    ago: Column
    opens: Column

    @classmethod
    def of(cls, state: State, codes: Codes, now: float) -> Self:
        """Those of the articles with these codes."""
        openers = state.crowd.openers(codes)
        return cls(openers, np.maximum(now - openers.at, 0.0), state.crowd.opens(codes))

    def only(self, which: NDArray[np.bool_]) -> Self:
        """Some of the people."""
        return type(self)(self.openers.only(which), self.ago[which], self.opens)


def pace(readers: Readers, opens: Column, log_age: Column) -> Columns:
    """How it goes just now. `opens` (n, half-lives) are its decayed counts."""
    minutes, hour, hours, day = (opens[:, which] for which in (OVER_MINUTES, OVER_AN_HOUR, OVER_HOURS, OVER_A_DAY))
    last = LONGEST - readers.openers.most(np.maximum(LONGEST - readers.ago, 0.0))
    return {
        "opens_10m": minutes,
        "opens_1h": hour,
        "opens_3h": hours,
        "opens_per_hour": readers.opens / (np.expm1(log_age) + 1.0),
        "since_last_open": np.log1p(last / HOUR),
        "opens_1h_share": hour / (hour.sum() + _SELDOM),
        "opens_3h_share": hours / (hours.sum() + _SELDOM),
        "opens_1h_in_list": share_above(hour),
        "opens_3h_in_list": share_above(hours),
        "opens_1d_in_list": share_above(day),
    }


def company(readers: Readers, person: Person) -> Columns:
    """Who of those that read the same, or that this person follows, has opened it, and how lately."""
    near = person.visit.company
    alike = readers.only(near.like[readers.openers.people] > 0)  # few, and whom one follows are among them
    openers, day, hours = alike.openers, np.exp2(alike.ago / -DAY), np.exp2(alike.ago / (-3 * HOUR))
    like, led = near.like[openers.people], near.led[openers.people]
    total, lately, followed = openers.total(like), openers.total(like * hours), openers.total(led * day)
    mean = total / np.maximum(readers.openers.told, 1)
    return {
        "like_minded": total,
        "like_minded_mean": mean,
        "like_minded_most": openers.most(like),
        "like_minded_1d": openers.total(like * day),
        "like_minded_3h": lately,
        "followed": openers.total(led),
        "followed_most": openers.most(led),
        "followed_1d": followed,
        "like_minded_in_list": share_above(total),
        "like_minded_mean_in_list": share_above(mean),
        "like_minded_3h_in_list": share_above(lately),
        "followed_in_list": share_above(followed),
    }


def bringer(state: State, person: Person, codes: Codes) -> Columns:
    """Who brought it to the others, and what this person made of what they brought before."""
    who, near = state.crowd.bringers(codes), person.visit.company
    brought = state.crowd.brought_by(who)
    before = state.crowd.bringers(person.visit.opened)
    chosen = np.bincount(before, minlength=len(near.like)).astype(np.float64)
    chosen[0] = 0.0
    share = chosen[who] / (brought + _FEW)
    return {
        "bringer_chosen": chosen[who],
        "bringer_chosen_share": share,
        "bringer_chosen_in_list": share_above(share),
        "bringer_like": near.like[who],
        "bringer_led": near.led[who],
        "bringer_brought": np.where(who > 0, brought, 0.0),
        "bringer_reach": np.where(who > 0, state.crowd.reached_by(who) / (brought + 1.0), 0.0),
    }


def visit(person: Person, readers: Readers, together: Column, published: Column, now: float) -> Columns:
    """Where this person is: what is new to them, what they passed over, and how near it is to what they just opened.

    `together` (n,) counts how often each was read together with what they opened in this visit.
    """
    here, n = person.visit, len(published)
    alike = here.here_company.like[readers.openers.people]
    away, seen = (max(moment, now - LONGEST) for moment in (here.away_since, here.seen_at))
    places = np.searchsorted(np.sort(published), published)
    recent = here.published[~np.isnan(here.published)]
    of_visit = here.published[len(here.published) - here.here :]
    told = np.sqrt(np.maximum(readers.opens, 1.0))
    return {
        "visits_since": _after(here.began, published),
        "opened_since": _after(here.opened_at, published),
        "hours_before_visit": np.log1p(np.maximum(away - published, 0.0) / HOUR),
        "new_to_visit": (published > away).astype(np.float64),
        "visit_opens": np.full(n, float(here.here)),
        "since_seen": np.full(n, np.log1p(max(now - seen, 0.0) / HOUR)),
        "since_away": np.full(n, np.log1p(max(now - away, 0.0) / HOUR)),
        "here_alike": readers.openers.total(alike) / told,
        "here_together": together / told,
        "places_from_last": _places_from(recent[-1:], places, published, signed=True),
        "places_from_here": _places_from(of_visit[~np.isnan(of_visit)], places, published, signed=False),
        "hours_from_last": _hours_from(recent[-1:], published),
    }


def habits(person: Person, log_age: Column, now: float) -> Columns:
    """How this person reads, and when it is."""
    here, n = person.visit, len(log_age)
    return {
        "opened_before": np.full(n, float(len(here.opened))),
        "age_to_usual": log_age - here.usual_age,
        "usual_age": np.full(n, here.usual_age),
        "age_of_last": np.full(n, here.last_age),
        "hour": np.full(n, now // HOUR % 24),
        "weekday": np.full(n, (now // DAY + 3) % 7),
    }


def _after(moments: Column, published: Column) -> Column:
    """How many of `moments`, which are in order, came after each was published."""
    return (len(moments) - np.searchsorted(moments, published, side="right")).astype(np.float64)


def _places_from(moments: Column, places: Codes, published: Column, *, signed: bool) -> Column:
    """How many candidates lie between each and the nearest of `moments`; without any, 0 or the whole list."""
    if not len(moments):
        return np.zeros(len(places)) if signed else np.full(len(places), float(len(places)))
    between = places[:, None] - np.searchsorted(np.sort(published), moments)
    return (between[:, 0] if signed else np.abs(between).min(axis=1)).astype(np.float64)


def _hours_from(moments: Column, published: Column) -> Column:
    """Hours from the first of `moments` to the publication of each, as a logarithm with its sign."""
    if not len(moments):
        return np.zeros(len(published))
    hours = (published - moments[0]) / HOUR
    return np.asarray(np.sign(hours) * np.log1p(np.abs(hours)))


def share_above(values: Column) -> Column:
    """For each value which share of the list is greater. Equal values get the same share, whatever their order."""
    above = len(values) - np.searchsorted(np.sort(values), values, side="right")
    return above / max(len(values) - 1, 1)
