"""What speaks for an article besides what it is: its pace, who else reads it, who brought it, and this very visit.

Each function answers columns by feature name, one value per candidate. `codes` are the candidates as `State.codes`
tells them. What a column means is said once, in `ranking.features.FEATURES`.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled
from ranking.crowd import LONGEST, OPENERS, Readers
from ranking.profile import Person
from ranking.state import State
from ranking.tallies import DAY, HOUR, OVER_AN_HOUR, OVER_HOURS, OVER_MINUTES

Column = NDArray[np.float64]
Columns = dict[str, Column]
Codes = NDArray[np.intp]

_SELDOM: Final = 0.5
"""Opens added to every list's sum, so that shares of next to nothing stay near nothing."""
_FEW: Final = 2.0
"""Articles that everybody counts as having brought besides their own."""


def pace(readers: Readers, opens: Column, log_age: Column) -> Columns:
    """How it goes just now. `opens` (n, half-lives) are its decayed counts."""
    minutes, hour, hours = (opens[:, which] for which in (OVER_MINUTES, OVER_AN_HOUR, OVER_HOURS))
    return {
        "opens_10m": minutes,
        "opens_1h": hour,
        "opens_3h": hours,
        "opens_per_hour": readers.opens / (np.expm1(log_age) + 1.0),
        "since_last_open": np.log1p(readers.since / HOUR),
        "opens_1h_share": hour / (hour.sum() + _SELDOM),
        "opens_3h_share": hours / (hours.sum() + _SELDOM),
    }


def company(readers: Readers) -> Columns:
    """Who of those that read the same, or that this person follows, has opened it, and how lately."""
    return {
        "like_minded": readers.like,
        "like_minded_mean": readers.like / np.clip(readers.opens, 1, OPENERS),
        "like_minded_most": readers.like_most,
        "like_minded_1d": readers.like_1d,
        "like_minded_3h": readers.like_3h,
        "followed": readers.led,
        "followed_most": readers.led_most,
        "followed_1d": readers.led_1d,
    }


def bringer(state: State, person: Person, codes: Codes) -> Columns:
    """Who brought it to the others, and what this person made of what they brought before."""
    who, near = state.crowd.bringers(codes), person.visit.company
    brought = state.crowd.brought_by(who)
    before = state.crowd.bringers(person.visit.opened)
    chosen = np.bincount(before, minlength=len(near.like)).astype(np.float64)
    chosen[0] = 0.0
    return {
        "bringer_chosen": chosen[who],
        "bringer_chosen_share": chosen[who] / (brought + _FEW),
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
        "here_alike": readers.here / told,
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
    """For each value of each list which share of its list is greater, (lists, n). Equal ones get the same share."""
    above = np.empty_like(values)
    _count_above(values, values.argsort(axis=1), above)
    return np.asarray(above / max(values.shape[1] - 1, 1))


@compiled("void(float64[:, ::1], int64[:, ::1], float64[:, ::1])")
def _count_above(values: Column, order: Codes, above: Column) -> None:
    """Fills `above`, given the `order` in which each list rises."""
    for row in range(len(values)):
        greater, last = 0, np.nan
        for passed in range(values.shape[1]):
            place = order[row, -1 - passed]
            if values[row, place] != last:
                greater, last = passed, values[row, place]
            above[row, place] = greater
