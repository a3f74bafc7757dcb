"""What ranking knows of one person now: who they are, and what they liked, read off their own deeds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.ids import EmployeeId
from catalog.records import FUNCTION, TOPIC, Axes, EventType
from ranking.crowd import Company
from ranking.histories import History
from ranking.snapshot import NONE, Facet, Snapshot
from ranking.state import NOWHERE, State
from ranking.tallies import DAY

RECENT: Final = 7 * DAY
LONG_TERM: Final = 60 * DAY
"""Half-lives of interest, in seconds. They are part of what the features mean, so they are no options."""

LAST: Final = 10
"""How many of the articles that a person chose last are compared with one by one."""

COMPARED: Final = 100
"""By how many of the articles that a person opened last they are compared with other people."""

_WEIGHTS: Final = {EventType.OPEN: 1.0, EventType.LIKE: 2.0, EventType.SAVE: 2.0, EventType.SHARE: 3.0}
_PRIOR: Final = 3.0
"""Weight of the assumption that somebody prefers nothing but the topics that they chose: else one opened article would
be a passion."""


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """Where somebody is in what they are doing: this visit, the ones before it, and who reads the same.

    `company` goes by all they opened last, `here_company` by what they opened in this visit. `opened` are the codes of
    those articles, oldest first, with the POSIX seconds `opened_at` and of when they were `published`, not-a-number for
    one that left the catalogue; `here` is how many of them, from the end, were in this visit. `began` are the POSIX
    seconds at which visits began, `away_since` when they last left and `seen_at` when there was the last sign of them:
    minus infinity for somebody new. `usual_age` and `last_age` are how old articles were when they opened them, as
    log(1 + hours).
    """

    company: Company
    here_company: Company
    opened: NDArray[np.intp]
    opened_at: NDArray[np.float64]
    published: NDArray[np.float64]
    here: int
    began: NDArray[np.float64]
    away_since: float
    seen_at: float
    usual_age: float
    last_age: float


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One person, seen against one snapshot.

    `history` is what they did, in order. `recent` and `long_term` (dimensions,) are unit vectors, or zeros where
    nothing is known; `last` are the articles chosen last, by their places in the snapshot, oldest first, and
    `last_vectors` (last, dimensions) their rows. `together` is, by the state's code of an article, how often it was
    opened right before or after one of the `last`. `topics`, `kinds` and `sources` are the shares, from 0 to under 1,
    of what this person chose: by column of the facet, and by source code with one more place at the end, always 0,
    which is what `NONE` points at. `taste` is what kind of reader they are by what they opened alone, as
    `ranking.factors` has it.
    """

    id: EmployeeId
    axes: Axes
    history: History
    recent: NDArray[np.float32]
    long_term: NDArray[np.float32]
    last: NDArray[np.intp]
    last_vectors: NDArray[np.float32]
    together: NDArray[np.float64]
    topics: NDArray[np.float64]
    kinds: NDArray[np.float64]
    sources: NDArray[np.float64]
    visit: Visit
    taste: NDArray[np.float64]

    @property
    def functions(self) -> tuple[str, ...]:
        """The person's job functions, sorted."""
        return tuple(sorted(self.axes.get(FUNCTION, ())))

    @property
    def languages(self) -> frozenset[str]:
        """The languages they read; empty where that is not known."""
        return self.axes.get("language", frozenset())


def build(employee: EmployeeId, axes: Axes, state: State, snapshot: Snapshot, now: datetime) -> Person:
    """Read a person's interests off their deeds. Articles that left the catalogue no longer count."""
    history = state.history(employee).in_order()
    place = state.places_in(snapshot.ids, snapshot.index_of)[history.articles]
    weights = history.weighed(_WEIGHTS)
    counts = (weights > 0) & (place != NOWHERE)
    weights, chosen = weights[counts], place[counts]
    ages = np.maximum(now.timestamp() - history.at[counts], 0.0)
    lasting = weights * np.exp2(-ages / LONG_TERM)
    last = _last_distinct(chosen)
    return Person(
        id=employee,
        axes=axes,
        history=history,
        recent=_direction(snapshot, chosen, weights * np.exp2(-ages / RECENT)),
        long_term=_direction(snapshot, chosen, lasting),
        last=last,
        last_vectors=snapshot.matrix[last],
        together=state.together(state.codes_in(snapshot.ids, snapshot.index_of)[last]),
        topics=_shares(snapshot.facets["topic"].probability[chosen], lasting)
        + _chosen_topics(snapshot.facets["topic"], axes.get(TOPIC, frozenset()), lasting),
        kinds=_shares(snapshot.facets["kind"].probability[chosen], lasting),
        sources=_source_shares(snapshot, chosen, lasting),
        visit=_visit(employee, history, state, snapshot, now),
        taste=state.taste(history.chosen(EventType.OPEN)),
    )


def _visit(employee: EmployeeId, history: History, state: State, snapshot: Snapshot, now: datetime) -> Visit:
    """`history` is in order."""
    away_since = history.away_since(now.timestamp())
    opens = np.flatnonzero(history.of_type(EventType.OPEN))
    first = np.sort(np.unique(history.articles[opens], return_index=True)[1])[-COMPARED:]
    opened, opened_at = history.articles[opens[first]], history.at[opens[first]]
    here = (opened_at > away_since) & (away_since < history.here_at)
    published = _published(state.places_in(snapshot.ids, snapshot.index_of)[opened], snapshot)
    ages = np.log1p(np.maximum(opened_at - published, 0.0) / 3600)
    ages = ages[~np.isnan(ages)]
    return Visit(
        company=state.company(employee, opened, opened_at),
        here_company=state.company(employee, opened[here], opened_at[here]),
        opened=opened,
        opened_at=opened_at,
        published=published,
        here=int(here.sum()),
        began=history.visits,
        away_since=away_since,
        seen_at=history.here_at,
        usual_age=float(ages.mean()) if len(ages) else 0.0,
        last_age=float(ages[-1]) if len(ages) else 0.0,
    )


def _published(places: NDArray[np.intp], snapshot: Snapshot) -> NDArray[np.float64]:
    published, there = np.full(len(places), np.nan), places != NOWHERE
    published[there] = snapshot.published[places[there]]
    return published


def _direction(snapshot: Snapshot, chosen: NDArray[np.intp], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    total = weights @ snapshot.matrix[chosen]
    length = float(np.linalg.norm(total))
    return np.asarray(total / length if length else total, dtype=np.float32)


def _last_distinct(articles: NDArray[np.intp]) -> NDArray[np.intp]:
    newest_first = dict.fromkeys(articles[::-1].tolist())
    return np.array(list(newest_first)[:LAST][::-1], dtype=np.intp)


def _shares(tags: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Summed tag by tag, in order: a matrix product would round otherwise in a catalogue with more concepts."""
    rows, columns = tags.nonzero()
    sums = np.bincount(columns, weights=tags[rows, columns] * weights[rows], minlength=tags.shape[1])
    return np.asarray(sums / (weights.sum() + _PRIOR))


def _chosen_topics(facet: Facet, topics: frozenset[str], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of what somebody says they like: they have the whole of the prior, and so fade as deeds add up."""
    known = [facet.column[topic] for topic in sorted(topics) if topic in facet.column]
    shares = np.zeros(len(facet.column))
    shares[known] = _PRIOR / max(len(topics), 1) / (weights.sum() + _PRIOR)
    return shares


def _source_shares(snapshot: Snapshot, chosen: NDArray[np.intp], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    known = int(snapshot.source.max(initial=NONE)) + 1
    source = snapshot.source[chosen]
    sums = np.bincount(source[source != NONE], weights=weights[source != NONE], minlength=known + 1)
    return np.asarray(sums / (weights.sum() + _PRIOR))
