"""One slate as a pure function: from the snapshot, the state and a person to ranked, composed and explained items."""

from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.ids import SlateId
from catalog.records import EventType, SlateItem
from models.protocols import Features, Ranker
from ranking import candidates, features
from ranking.config import RankingOptions
from ranking.diversify import Pick, Pool, compose
from ranking.eligibility import allowed
from ranking.explain import Explainer
from ranking.pinned import pinned
from ranking.profile import Person
from ranking.scoring import score
from ranking.snapshot import NONE, Facet, Snapshot
from ranking.state import NOWHERE, State


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
) -> tuple[SlateItem, ...]:
    """The slate of one person at one moment, up to `size` items, only in `language` where one is given.

    The same arguments give the same slate. Raises ArtefactMismatch where `ranker` cannot be used.
    """
    chosen, rows = prepare(snapshot, state, person, options, now, rng, language)
    scores = score(ranker, rows)
    pool = pool_of(snapshot, state, person, chosen, scores, options, now)
    picks = compose(pool, options, size, rng)
    explainer = Explainer(snapshot, state, person, options, now)
    items = []
    for position, pick in enumerate(picks, start=1):
        row = tuple(rows[pick.row].tolist())
        items.append(
            SlateItem(
                position=position,
                article_id=snapshot.ids[chosen[pick.row]],
                score=float(scores[pick.row]),
                propensity=pick.propensity,
                features=row,
                reasons=explainer.reasons(int(chosen[pick.row]), row, because(pool, pick)),
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
) -> tuple[NDArray[np.intp], Features]:
    """The candidates, as indices into the snapshot, and their features: what ranking and replay both start from."""
    offered = available(snapshot, state, person, now, language)
    wanted = pinned(snapshot, state, person, np.flatnonzero(offered), options, now).all
    chosen = candidates.select(snapshot, state, person, offered, options, now, rng, wanted)
    return chosen, features.build(state, snapshot, person, chosen, now)


def available(
    snapshot: Snapshot, state: State, person: Person, now: datetime, language: str | None = None
) -> NDArray[np.bool_]:
    """For each article whether this person may be shown it now, can read it, and has neither shared nor dismissed it.

    Somebody of whom no language is known is shown all. `language` asks for one, whatever the person reads.
    """
    offered = allowed(snapshot, person.axes, snapshot.hard_axes) & snapshot.live(now)
    readable = frozenset({language}) if language is not None else person.languages
    if readable:
        offered &= snapshot.written_in(readable)
    places = state.places_in(snapshot.ids, snapshot.index_of)
    done_with = places[state.history(person.id).chosen(EventType.SHARE, EventType.DISMISS)]
    offered[done_with[done_with != NOWHERE]] = False
    return offered


def pool_of(
    snapshot: Snapshot,
    state: State,
    person: Person,
    chosen: NDArray[np.intp],
    scores: NDArray[np.float64],
    options: RankingOptions,
    now: datetime,
) -> Pool:
    """What the slate is made of, given the candidates `chosen` and their `scores`."""
    history = state.history(person.id)
    stale = np.concatenate([history.seen[history.times >= options.sink_after], history.chosen(EventType.OPEN)])
    codes = state.codes_in(snapshot.ids, snapshot.index_of)[chosen]
    row_of = {index: row for row, index in enumerate(chosen.tolist())}
    wanted = pinned(snapshot, state, person, chosen, options, now)
    column = snapshot.facets["kind"].column
    return Pool(
        scores=scores,
        vectors=snapshot.matrix[chosen],
        story=snapshot.story[chosen],
        source=snapshot.source[chosen],
        topic=_surest(snapshot.facets["topic"], chosen),
        kind=_surest(snapshot.facets["kind"], chosen),
        own=snapshot.internal[chosen],
        sunk=np.isin(codes, stale),
        must_reads=tuple(row_of[index] for index in wanted.must_reads),
        pins=tuple(row_of[index] for index in wanted.pins),
        kind_mix={column[kind]: share for kind, share in options.kind_mix if kind in column},
    )


def _surest(facet: Facet, chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    """The column of each candidate's surest concept, `NONE` where it has none of this facet."""
    tags = facet.probability[chosen]
    if not tags.size:
        return np.full(len(chosen), NONE)
    return np.where(tags.any(axis=1), tags.argmax(axis=1), NONE)


def generator(slate: SlateId) -> np.random.Generator:
    """The random numbers of one slate, the same whenever it is made again."""
    return np.random.default_rng(UUID(slate).int)
