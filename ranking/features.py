"""The one builder of features: the server, replay and training all see what is built here, and nothing else.

An artefact names the features it uses, so adding one to `FEATURES` breaks no model; changing what one means does, so a
changed feature gets a new name.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.errors import ArtefactMismatch
from catalog.records import FUNCTION, EventType
from catalog.stages import stage
from models.protocols import Features
from ranking import signals
from ranking.profile import Person
from ranking.signals import share_above
from ranking.snapshot import Facet, Snapshot
from ranking.state import State
from ranking.tallies import OVER_A_DAY, OVER_A_MONTH, OVER_A_WEEK

Column = NDArray[np.float64]
Candidates = NDArray[np.intp]
Count = Callable[[NDArray[np.intp], EventType, datetime, str | None], Column]

WORDS_PER_MINUTE: Final = 238
"""Silent reading of non-fiction: Brysbaert, "How many words do we read per minute?" (J. Memory and Language, 2019)."""

_RATE_PRIOR: Final = (1.0, 20.0)
"""Opens and impressions that every article starts with: a rate of 5 % until its own impressions outweigh it."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column: what it counts in, why it should help, and in which group an ablation leaves it out."""

    name: str
    unit: str
    why: str
    group: str


FEATURES: Final = (
    Feature("opens_1d", "count, half-life 1 day", "what is being read today", "popularity"),
    Feature("opens_7d", "count, half-life 7 days", "what was read this week", "popularity"),
    Feature("shares_7d", "count, half-life 7 days", "colleagues put their name to it", "popularity"),
    Feature("clicks_7d", "count, half-life 7 days", "the networks it was shared in wanted it", "popularity"),
    Feature("dismissals_7d", "count, half-life 7 days", "shown and not wanted", "popularity"),
    Feature(
        "open_rate", "opens per impression, smoothed, half-life 30 days", "popularity without exposure", "popularity"
    ),
    Feature("function_opens_7d", "count, half-life 7 days", "read by people with the same job", "function"),
    Feature("function_shares_7d", "count, half-life 7 days", "shared by people with the same job", "function"),
    Feature(
        "function_open_rate",
        "opens per impression, smoothed, half-life 30 days",
        "popularity among the same job",
        "function",
    ),
    Feature("log_age", "log(1 + hours since publication)", "news grows old", "age"),
    Feature("story_size", "articles", "many outlets carry what matters", "content"),
    Feature("reading_minutes", "minutes", "some have little time", "content"),
    Feature("internal", "0 or 1", "own content and outside content are used differently", "content"),
    Feature("audience_focus", "1 / functions named, 0 for everybody", "meant for few means meant for you", "content"),
    Feature("function_tag", "probability", "the tagger finds it relevant to the person's own function", "function"),
    Feature("topic_affinity", "share of the person's choices", "the topics this person chooses", "taste"),
    Feature("kind_affinity", "share of the person's choices", "the kinds this person chooses", "taste"),
    Feature("source_affinity", "share of the person's choices", "the sources this person chooses", "taste"),
    Feature("cosine_recent", "cosine", "like what was chosen in the last days", "taste"),
    Feature("cosine_long_term", "cosine", "like what was chosen in the last months", "taste"),
    Feature(
        "cosine_nearest", "cosine", "like one of the last ten articles chosen; several interests stay apart", "taste"
    ),
    Feature(
        "nearest_lift",
        "0 as the list on average, 1 identical",
        "cosines of one encoder crowd in a narrow band",
        "taste",
    ),
    Feature("read_together", "log(1 + count)", "people who opened the last ten also opened this", "together"),
    Feature("times_seen", "count", "shown before and not chosen", "visit"),
    Feature("newer_in_list", "share of the list", "age against what else could be shown", "age"),
    Feature("more_popular_in_list", "share of the list", "popularity against what else could be shown", "popularity"),
    Feature("list_length", "articles", "how much the two ranks in the list mean", "age"),
    Feature("newer", "articles", "how far down it is, newest first", "age"),
    Feature("age_to_newest", "log(1 + hours), less that of the newest", "on a Monday all is old", "age"),
    Feature("opens_since", "log(1 + opens of anything)", "nights and weekends make nothing old", "age"),
    Feature("opens_10m", "count, half-life 10 minutes", "a message with a link has just gone out", "pace"),
    Feature("opens_1h", "count, half-life 1 hour", "what is being read at this moment", "pace"),
    Feature("opens_3h", "count, half-life 3 hours", "a link that goes round is opened by many within hours", "pace"),
    Feature("opens_per_hour", "people per hour since publication", "young and popular is not old and popular", "pace"),
    Feature("since_last_open", "log(1 + hours)", "what nobody opens any more is over", "pace"),
    Feature("opens_1h_share", "share of the list's", "a quiet hour and a busy one compare", "pace"),
    Feature("opens_3h_share", "share of the list's", "a quiet morning and a busy one compare", "pace"),
    Feature("opens_1h_in_list", "share of the list", "the pace of this hour against what else could be shown", "pace"),
    Feature("opens_3h_in_list", "share of the list", "the pace of hours against what else could be shown", "pace"),
    Feature("opens_1d_in_list", "share of the list", "the pace of a day against what else could be shown", "pace"),
    Feature("like_minded", "sum of likeness", "people who read the same opened it", "company"),
    Feature("like_minded_mean", "likeness per opener", "it is read by one's own kind, not by everybody", "company"),
    Feature("like_minded_most", "likeness", "the one nearest colleague opened it", "company"),
    Feature("like_minded_1d", "sum of likeness, half-life 1 day", "people who read the same open it today", "company"),
    Feature("like_minded_3h", "sum of likeness, half-life 3 hours", "they open it just now", "company"),
    Feature("followed", "sum of shares", "people after whom this person often opens opened it", "company"),
    Feature("followed_most", "share", "the one most followed opened it", "company"),
    Feature("followed_1d", "sum of shares, half-life 1 day", "those most followed open it today", "company"),
    Feature("like_minded_in_list", "share of the list", "likeness against what else could be shown", "company"),
    Feature("like_minded_mean_in_list", "share of the list", "the same per opener", "company"),
    Feature("like_minded_3h_in_list", "share of the list", "the same for the last hours", "company"),
    Feature("followed_in_list", "share of the list", "being followed against what else could be shown", "company"),
    Feature("readers_taste", "cosine", "those who read it are of one kind with this person", "readers"),
    Feature("readers_taste_mean", "cosine per reader, smoothed", "and there are some of them", "readers"),
    Feature("readers_taste_in_list", "share of the list", "that against what else could be shown", "readers"),
    Feature("readers_taste_mean_in_list", "share of the list", "the same per reader", "readers"),
    Feature("bringer_chosen", "articles", "this person opened what the same colleague brought before", "bringer"),
    Feature("bringer_chosen_share", "share of what was brought, smoothed", "and seldom left one out", "bringer"),
    Feature("bringer_chosen_in_list", "share of the list", "that against what else could be shown", "bringer"),
    Feature("bringer_like", "likeness", "who brought it reads the same", "bringer"),
    Feature("bringer_led", "share", "this person often opens after them", "bringer"),
    Feature("bringer_brought", "articles", "some bring much, some seldom and with care", "bringer"),
    Feature("bringer_reach", "opens per article brought", "what they bring is read", "bringer"),
    Feature("visits_since", "visits, at most 20", "they were here while it was there, and passed it over", "visit"),
    Feature("opened_since", "articles", "they preferred this many others to it", "visit"),
    Feature("hours_before_visit", "log(1 + hours)", "how long before their last visit it was there", "visit"),
    Feature("new_to_visit", "0 or 1", "it came after they left: they cannot have seen it", "visit"),
    Feature("visit_opens", "articles", "the first of a visit is chosen otherwise than the fifth", "visit"),
    Feature("since_seen", "log(1 + hours)", "in the midst of reading, or back after days", "visit"),
    Feature("since_away", "log(1 + hours)", "how much there is to catch up with", "visit"),
    Feature("here_alike", "likeness / √people", "whoever opens what they opened just now opens this", "visit"),
    Feature("here_together", "count / √people", "it is often read right before or after it", "visit"),
    Feature("places_from_last", "candidates, newer above 0", "lists are read on from where one was", "visit"),
    Feature("places_from_here", "candidates", "near one of the articles opened in this visit", "visit"),
    Feature("hours_from_last", "± log(1 + hours)", "as old as what was opened last", "visit"),
    Feature("opened_before", "articles, at most 100", "some open much, some little", "habits"),
    Feature("age_to_usual", "log(1 + hours), less the usual", "some read news, some catch up", "habits"),
    Feature("usual_age", "log(1 + hours)", "how old what they open is", "habits"),
    Feature("age_of_last", "log(1 + hours)", "in this mood they just opened something old", "habits"),
    Feature("hour", "0 to 23, UTC", "mornings are read otherwise than evenings", "habits"),
    Feature("weekday", "0 Monday to 6 Sunday, UTC", "so are weekends", "habits"),
)

_IN_LIST: Final = {
    "more_popular_in_list": "opens_7d",
    "opens_1h_in_list": "opens_1h",
    "opens_3h_in_list": "opens_3h",
    "opens_1d_in_list": "opens_1d",
    "like_minded_in_list": "like_minded",
    "like_minded_mean_in_list": "like_minded_mean",
    "like_minded_3h_in_list": "like_minded_3h",
    "followed_in_list": "followed_1d",
    "readers_taste_in_list": "readers_taste",
    "readers_taste_mean_in_list": "readers_taste_mean",
    "bringer_chosen_in_list": "bringer_chosen_share",
}
"""Features that say which share of the list has more of another."""

NAMES: Final = tuple(feature.name for feature in FEATURES)
GROUPS: Final = tuple(dict.fromkeys(feature.group for feature in FEATURES))
INDEX: Final = {name: place for place, name in enumerate(NAMES)}
VERSION: Final = hashlib.sha256("\n".join(NAMES).encode()).hexdigest()[:12]
"""Names this list of features where rows leave the house."""


class FeaturesMissing(ArtefactMismatch):
    """A ranker was learned from features that this program does not build."""

    code = "features_missing"


def columns(wanted: Sequence[str]) -> list[int]:
    """Where the features `wanted` are in a row. Raises FeaturesMissing for one that is not built."""
    missing = [name for name in wanted if name not in INDEX]
    if missing:
        raise FeaturesMissing(f"ranker wants {missing}, which this version no longer builds: retrain")
    return [INDEX[name] for name in wanted]


@stage("features")
def build(state: State, snapshot: Snapshot, person: Person, candidates: Candidates, now: datetime) -> Features:
    """The rows of `candidates` (indices into the snapshot) for this person at `now`: (n, features), always finite."""
    at, published, here = now.timestamp(), snapshot.published[candidates], person.visit
    codes = state.codes_in(snapshot.ids, snapshot.index_of)[candidates]
    readers = state.crowd.readers(codes, here.company, here.here_company, at)
    opens = state.counts(codes, EventType.OPEN, now)
    built = _popularity(state, person, codes, opens, now)
    built |= _content(snapshot, person, candidates, now)
    built |= _affinity(snapshot, person, candidates, codes)
    built |= signals.pace(readers, opens, built["log_age"])
    built |= signals.company(readers)
    built |= signals.bringer(state, person, codes)
    built["readers_taste"], built["readers_taste_mean"] = state.factors.suits(codes, person.taste)
    of_visit = here.opened[len(here.opened) - here.here :]
    built |= signals.visit(person, readers, state.together(of_visit)[codes], published, at)
    built |= signals.habits(person, built["log_age"], at)
    built["age_to_newest"] = built["log_age"] - built["log_age"].min(initial=np.inf)
    built["opens_since"] = np.log1p(state.crowd.opens_since(codes))
    built["list_length"] = np.full(len(candidates), float(len(candidates)))
    newer, *shares = share_above(np.stack([published, *(built[of] for of in _IN_LIST.values())]))
    built |= {"newer_in_list": newer, "newer": newer * max(len(candidates) - 1, 0)}
    built |= dict(zip(_IN_LIST, shares, strict=True))
    rows: Features = np.stack([built[name] for name in NAMES]).T
    return rows


def _popularity(state: State, person: Person, codes: Candidates, opens: Column, now: datetime) -> dict[str, Column]:
    def everybody(event: EventType) -> Column:
        return state.counts(codes, event, now)

    def colleagues(event: EventType, count: Count = state.counts) -> Column:
        counts = [count(codes, event, now, own) for own in person.functions]
        return np.asarray(np.maximum.reduce(counts)) if counts else np.zeros_like(opens)

    own_opens = own_served = colleagues(EventType.OPEN)
    served = opens
    if state.knows_history:
        served, own_served = state.served(codes, EventType.OPEN, now), colleagues(EventType.OPEN, state.served)
    return {
        "opens_1d": opens[:, OVER_A_DAY],
        "opens_7d": opens[:, OVER_A_WEEK],
        "shares_7d": everybody(EventType.SHARE)[:, OVER_A_WEEK],
        "clicks_7d": everybody(EventType.CLICK)[:, OVER_A_WEEK],
        "dismissals_7d": everybody(EventType.DISMISS)[:, OVER_A_WEEK],
        "open_rate": _rate(served[:, OVER_A_MONTH], everybody(EventType.SEEN)[:, OVER_A_MONTH]),
        "function_opens_7d": own_opens[:, OVER_A_WEEK],
        "function_shares_7d": colleagues(EventType.SHARE)[:, OVER_A_WEEK],
        "function_open_rate": _rate(own_served[:, OVER_A_MONTH], colleagues(EventType.SEEN)[:, OVER_A_MONTH]),
    }


def _content(snapshot: Snapshot, person: Person, candidates: Candidates, now: datetime) -> dict[str, Column]:
    hours = np.maximum(now.timestamp() - snapshot.published[candidates], 0.0) / 3600
    named = snapshot.audiences[FUNCTION].named[candidates]
    return {
        "log_age": np.log1p(hours),
        "story_size": snapshot.told(candidates, now).astype(np.float64),
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


def _affinity(snapshot: Snapshot, person: Person, candidates: Candidates, codes: Candidates) -> dict[str, Column]:
    interests = np.concatenate([person.last_vectors, [person.recent, person.long_term]])
    *last, recent, long_term = (snapshot.vectors(candidates) @ interests.T).T.astype(np.float64)
    nearest = np.maximum.reduce(last) if last else np.zeros(len(candidates))
    return {
        "topic_affinity": _chosen_share(snapshot.facets["topic"], person.topics, candidates),
        "kind_affinity": _chosen_share(snapshot.facets["kind"], person.kinds, candidates),
        "source_affinity": person.sources[snapshot.source[candidates]],
        "cosine_recent": recent,
        "cosine_long_term": long_term,
        "cosine_nearest": nearest,
        "nearest_lift": _lift(nearest),
        "read_together": np.log1p(person.together[codes]),
        "times_seen": _times(person.history.seen, person.history.times, codes),
    }


def _times(seen: Candidates, times: NDArray[np.int64], codes: Candidates) -> Column:
    """How often each of `codes` was `seen`."""
    by_code = np.zeros(max(codes.max(initial=0), seen.max(initial=0)) + 1)
    by_code[seen] = times
    return by_code[codes]


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
