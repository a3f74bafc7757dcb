"""One slate as a pure function: from the snapshot, the state and a person to ranked, composed and explained items."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.ids import ArticleId, SlateId
from catalog.records import EventType, SlateItem
from catalog.stages import stage
from models.protocols import Features, Ranker
from ranking import candidates, features
from ranking.config import RankingOptions
from ranking.diversify import Pick, Pool, compose
from ranking.eligibility import allowed
from ranking.explain import Explainer
from ranking.pinned import pinned
from ranking.profile import Person
from ranking.scoring import score
from ranking.snapshot import Snapshot
from ranking.state import NOWHERE, State

UNKNOWN: Final = 0.0
"""The propensity of what was not drawn with any probability: off-policy estimates leave it out."""

LeftOut = Literal["not_live", "audience", "language", "done_with"]


def rank(
    snapshot: Snapshot,
    state: State,
    person: Person,
    ranker: Ranker,
    options: RankingOptions,
    now: datetime,
    rng: np.random.Generator,
    size: int,
    language: str | None = None,
    among: Collection[ArticleId] | None = None,
) -> tuple[SlateItem, ...]:
    """The slate of one person at one moment, up to `size` items, only in `language` where one is given.

    With `among`, all of these that the person may be shown, by score alone: nothing is mixed, pinned or left to chance.
    The same arguments give the same slate. Raises ArtefactMismatch where `ranker` cannot be used.
    """
    chosen, rows = prepare(snapshot, state, person, options, now, rng, language, among)
    scores = score(ranker, rows)
    if among is None:
        pool = pool_of(snapshot, state, person, chosen, scores, options, now)
        placed = [(pick, because(pool, pick)) for pick in compose(pool, options, size, rng)]
    else:
        placed = [(Pick(int(row), UNKNOWN, explored=False), None) for row in np.argsort(-scores, kind="stable")]
    explainer = Explainer(snapshot, state, person, options, now)
    items = []
    for position, (pick, why) in enumerate(placed, start=1):
        row = tuple(rows[pick.row].tolist())
        items.append(
            SlateItem(
                position=position,
                article_id=snapshot.ids[chosen[pick.row]],
                score=float(scores[pick.row]),
                propensity=pick.propensity,
                features=row,
                reasons=explainer.reasons(int(chosen[pick.row]), row, why),
            )
        )
    return tuple(items)


def because(pool: Pool, pick: Pick) -> str | None:
    """The code of what put an article at its place besides its worth; None where nothing else did."""
    if pick.row in pool.must_reads:
        return "must_read"
    if pick.row in pool.pins:
        return "pinned"
    return "explore" if pick.explored else None


def prepare(
    snapshot: Snapshot,
    state: State,
    person: Person,
    options: RankingOptions,
    now: datetime,
    rng: np.random.Generator,
    language: str | None = None,
    among: Collection[ArticleId] | None = None,
) -> tuple[NDArray[np.intp], Features]:
    """The candidates, as indices into the snapshot, and their features: what ranking and replay both start from."""
    offered = available(snapshot, state, person, now, language)
    if among is not None:
        listed = [snapshot.index_of[each] for each in among if each in snapshot.index_of]
        chosen = np.array(sorted(index for index in listed if offered[index]), dtype=np.intp)
        return chosen, features.build(state, snapshot, person, chosen, now)
    wanted = pinned(snapshot, state, person, snapshot.pins[offered[snapshot.pins]], options, now).all
    chosen = candidates.select(snapshot, state, person, offered, options, now, rng, wanted)
    return chosen, features.build(state, snapshot, person, chosen, now)


@stage("eligibility")
def available(
    snapshot: Snapshot, state: State, person: Person, now: datetime, language: str | None = None
) -> NDArray[np.bool_]:
    """For each article whether this person may be shown it now, can read it, and has neither shared nor dismissed it.

    Somebody of whom no language is known is shown all. `language` asks for one, whatever the person reads.
    """
    offered = allowed(snapshot, person.axes, snapshot.hard_axes) & snapshot.live(now)
    return offered & _readable(snapshot, person, language) & ~_done_with(snapshot, state, person)


def left_out(
    snapshot: Snapshot, state: State, person: Person, wanted: Iterable[ArticleId], now: datetime
) -> dict[ArticleId, LeftOut]:
    """Of the articles that `available` keeps back from this person, the first thing that does it."""
    rules: tuple[tuple[LeftOut, NDArray[np.bool_]], ...] = (
        ("not_live", snapshot.live(now)),
        ("audience", allowed(snapshot, person.axes, snapshot.hard_axes)),
        ("language", _readable(snapshot, person, None)),
        ("done_with", ~_done_with(snapshot, state, person)),
    )
    found: dict[ArticleId, LeftOut] = {}
    for each in wanted:
        index = snapshot.index_of.get(each)
        code = "not_live" if index is None else next((code for code, holds in rules if not holds[index]), None)
        if code is not None:
            found[each] = code
    return found


def _readable(snapshot: Snapshot, person: Person, language: str | None) -> NDArray[np.bool_]:
    readable = frozenset({language}) if language is not None else person.languages
    return snapshot.written_in(readable) if readable else np.ones(len(snapshot), dtype=np.bool_)


def _done_with(snapshot: Snapshot, state: State, person: Person) -> NDArray[np.bool_]:
    chosen = person.history.chosen(EventType.SHARE, EventType.DISMISS)
    return _marked(state.places_in(snapshot.ids, snapshot.index_of)[chosen], len(snapshot))


def _marked(places: NDArray[np.intp], length: int) -> NDArray[np.bool_]:
    """Which of `length` articles are at one of these places; `NOWHERE` is none."""
    marked = np.zeros(length, dtype=np.bool_)
    marked[places[places != NOWHERE]] = True
    return marked


def pool_of(
    snapshot: Snapshot,
    state: State,
    person: Person,
    chosen: NDArray[np.intp],
    scores: NDArray[np.float64],
    options: RankingOptions,
    now: datetime,
) -> Pool:
    """What the slate is made of, given the candidates `chosen`, in ascending order, and their `scores`."""
    history, kind = person.history, snapshot.facets["kind"]
    stale = np.concatenate([history.seen[history.times >= options.sink_after], history.chosen(EventType.OPEN)])
    sunk = _marked(state.places_in(snapshot.ids, snapshot.index_of)[stale], len(snapshot))
    wanted = pinned(snapshot, state, person, chosen, options, now)
    return Pool(
        scores=scores,
        vectors=snapshot.vectors(chosen),
        story=snapshot.story[chosen],
        source=snapshot.source[chosen],
        topic=snapshot.facets["topic"].surest[chosen],
        kind=kind.surest[chosen],
        own=snapshot.internal[chosen],
        sunk=sunk[chosen],
        must_reads=tuple(np.searchsorted(chosen, wanted.must_reads).tolist()),
        pins=tuple(np.searchsorted(chosen, wanted.pins).tolist()),
        kind_mix={kind.column[name]: share for name, share in options.kind_mix if name in kind.column},
    )


def generator(slate: SlateId) -> np.random.Generator:
    """The random numbers of one slate, the same whenever it is made again."""
    return np.random.default_rng(UUID(slate).int)
