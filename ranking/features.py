"""The one builder of features: the server, replay and training all see what is built here, and nothing else.

An artefact names the features it uses, so adding one to `FEATURES` breaks no model; changing what one means does, so a
changed feature gets a new name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.errors import ArtefactMismatch
from catalog.records import FUNCTION, EventType
from models.protocols import Features
from ranking.profile import Person
from ranking.snapshot import Facet, Snapshot
from ranking.state import HALF_LIVES, OVER_A_DAY, OVER_A_MONTH, OVER_A_WEEK, State

Column = NDArray[np.float64]
Candidates = NDArray[np.intp]

WORDS_PER_MINUTE: Final = 238
"""Silent reading of non-fiction: Brysbaert, "How many words do we read per minute?" (J. Memory and Language, 2019)."""

_RATE_PRIOR: Final = (1.0, 20.0)
"""Opens and impressions that every article starts with: a rate of 5 % until its own impressions outweigh it."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column: what it counts in, and why it should help."""

    name: str
    unit: str
    why: str


FEATURES: Final = (
    Feature("opens_1d", "count, half-life 1 day", "what is being read today"),
    Feature("opens_7d", "count, half-life 7 days", "what was read this week"),
    Feature("shares_7d", "count, half-life 7 days", "colleagues put their name to it"),
    Feature("clicks_7d", "count, half-life 7 days", "the networks it was shared in wanted it"),
    Feature("dismissals_7d", "count, half-life 7 days", "shown and not wanted"),
    Feature("open_rate", "opens per impression, smoothed, half-life 30 days", "popularity without exposure"),
    Feature("function_opens_7d", "count, half-life 7 days", "read by people with the same job"),
    Feature("function_shares_7d", "count, half-life 7 days", "shared by people with the same job"),
    Feature("function_open_rate", "opens per impression, smoothed, half-life 30 days", "popularity among the same job"),
    Feature("log_age", "log(1 + hours since publication)", "news grows old"),
    Feature("story_size", "articles", "many outlets carry what matters"),
    Feature("reading_minutes", "minutes", "some have little time"),
    Feature("internal", "0 or 1", "own content and outside content are used differently"),
    Feature("audience_focus", "1 / functions named, 0 for everybody", "meant for few means meant for you"),
    Feature("function_tag", "probability", "the tagger finds it relevant to the person's own function"),
    Feature("topic_affinity", "share of the person's choices", "the topics this person chooses"),
    Feature("kind_affinity", "share of the person's choices", "the kinds this person chooses"),
    Feature("source_affinity", "share of the person's choices", "the sources this person chooses"),
    Feature("cosine_recent", "cosine", "like what was chosen in the last days"),
    Feature("cosine_long_term", "cosine", "like what was chosen in the last months"),
    Feature("cosine_nearest", "cosine", "like one of the last ten articles chosen; several interests stay apart"),
    Feature("nearest_lift", "0 as the list on average, 1 identical", "cosines of one encoder crowd in a narrow band"),
    Feature("read_together", "log(1 + count)", "people who opened the last ten also opened this"),
    Feature("times_seen", "count", "shown before and not chosen"),
    Feature("newer_in_list", "share of the list", "age against what else could be shown"),
    Feature("more_popular_in_list", "share of the list", "popularity against what else could be shown"),
    Feature("list_length", "articles", "how much the two ranks in the list mean"),
)

NAMES: Final = tuple(feature.name for feature in FEATURES)
INDEX: Final = {name: place for place, name in enumerate(NAMES)}


def columns(wanted: Sequence[str]) -> list[int]:
    """Where the features `wanted` are in a row. Raises ArtefactMismatch for one that is not built."""
    missing = [name for name in wanted if name not in INDEX]
    if missing:
        raise ArtefactMismatch(f"ranker wants {missing}, which this version no longer builds: retrain")
    return [INDEX[name] for name in wanted]


def build(state: State, snapshot: Snapshot, person: Person, candidates: Candidates, now: datetime) -> Features:
    """The rows of `candidates` (indices into the snapshot) for this person at `now`: (n, features), always finite."""
    built = _popularity(state, snapshot, person, candidates, now)
    built |= _content(snapshot, person, candidates, now)
    built |= _affinity(state, snapshot, person, candidates)
    built["newer_in_list"] = _share_above(snapshot.published[candidates])
    built["more_popular_in_list"] = _share_above(built["opens_7d"])
    built["list_length"] = np.full(len(candidates), float(len(candidates)))
    rows: Features = np.stack([built[name] for name in NAMES], axis=1)
    return rows


def _popularity(
    state: State, snapshot: Snapshot, person: Person, candidates: Candidates, now: datetime
) -> dict[str, Column]:
    articles = [snapshot.ids[index] for index in candidates]
    nothing = np.zeros((len(articles), len(HALF_LIVES)))

    def everybody(event: EventType) -> Column:
        return state.counts(articles, event, now)

    def colleagues(event: EventType) -> Column:
        counts = [nothing, *(state.counts(articles, event, now, own) for own in person.functions)]
        return np.asarray(np.maximum.reduce(counts))

    opens, own_opens = everybody(EventType.OPEN), colleagues(EventType.OPEN)
    return {
        "opens_1d": opens[:, OVER_A_DAY],
        "opens_7d": opens[:, OVER_A_WEEK],
        "shares_7d": everybody(EventType.SHARE)[:, OVER_A_WEEK],
        "clicks_7d": everybody(EventType.CLICK)[:, OVER_A_WEEK],
        "dismissals_7d": everybody(EventType.DISMISS)[:, OVER_A_WEEK],
        "open_rate": _rate(opens[:, OVER_A_MONTH], everybody(EventType.SEEN)[:, OVER_A_MONTH]),
        "function_opens_7d": own_opens[:, OVER_A_WEEK],
        "function_shares_7d": colleagues(EventType.SHARE)[:, OVER_A_WEEK],
        "function_open_rate": _rate(own_opens[:, OVER_A_MONTH], colleagues(EventType.SEEN)[:, OVER_A_MONTH]),
    }


def _content(snapshot: Snapshot, person: Person, candidates: Candidates, now: datetime) -> dict[str, Column]:
    hours = np.maximum(now.timestamp() - snapshot.published[candidates], 0.0) / 3600
    story = snapshot.story[candidates]
    told = np.bincount(snapshot.story[snapshot.live(now)], minlength=int(story.max(initial=0)) + 1)
    named = snapshot.audiences[FUNCTION].named[candidates]
    return {
        "log_age": np.log1p(hours),
        "story_size": told[story].astype(np.float64),
        "reading_minutes": snapshot.words[candidates] / WORDS_PER_MINUTE,
        "internal": snapshot.internal[candidates].astype(np.float64),
        "audience_focus": np.where(named > 0, 1.0 / np.maximum(named, 1), 0.0),
        "function_tag": function_tag(snapshot, person, candidates),
    }


def function_tag(snapshot: Snapshot, person: Person, candidates: Candidates) -> Column:
    """How surely each candidate was tagged as relevant to one of the person's functions, 0 where it was not."""
    facet = snapshot.facets["function"]
    own_columns = [facet.column[function] for function in person.functions if function in facet.column]
    own = np.array(own_columns, dtype=np.intp)
    return np.asarray(facet.probability[np.ix_(candidates, own)].max(axis=1, initial=0.0), dtype=np.float64)


def _affinity(state: State, snapshot: Snapshot, person: Person, candidates: Candidates) -> dict[str, Column]:
    vectors = snapshot.matrix[candidates]
    nearest = (vectors @ person.last_vectors.T).max(axis=1, initial=-1.0) if person.last else np.zeros(len(candidates))
    companions = state.together(person.last)
    seen = state.history(person.id).seen
    articles = [snapshot.ids[index] for index in candidates]
    return {
        "topic_affinity": _chosen_share(snapshot.facets["topic"], person.topics, candidates),
        "kind_affinity": _chosen_share(snapshot.facets["kind"], person.kinds, candidates),
        "source_affinity": person.sources[snapshot.source[candidates]],
        "cosine_recent": (vectors @ person.recent).astype(np.float64),
        "cosine_long_term": (vectors @ person.long_term).astype(np.float64),
        "cosine_nearest": nearest.astype(np.float64),
        "nearest_lift": _lift(nearest.astype(np.float64)),
        "read_together": np.log1p(np.array([companions[article] for article in articles], dtype=np.float64)),
        "times_seen": np.array([seen.get(article, 0) for article in articles], dtype=np.float64),
    }


def _chosen_share(facet: Facet, shares: Column, candidates: Candidates) -> Column:
    """Over the concepts that the person chose only: then a concept that is new to the catalogue changes no bit."""
    chosen = np.flatnonzero(shares)
    return np.asarray(facet.probability[np.ix_(candidates, chosen)] @ shares[chosen])


def _rate(opens: Column, seen: Column) -> Column:
    return (opens + _RATE_PRIOR[0]) / (seen + _RATE_PRIOR[1])


def _lift(cosines: Column) -> Column:
    """Cosines on a scale from 0, the mean of the list, to 1, identical; below 0 is less alike than most."""
    mean = float(cosines.mean()) if len(cosines) else 0.0
    return (cosines - mean) / max(1.0 - mean, 1e-6)


def _share_above(values: Column) -> Column:
    """For each value which share of the list is greater. Equal values get the same share, whatever their order."""
    above = len(values) - np.searchsorted(np.sort(values), values, side="right")
    return above / max(len(values) - 1, 1)
