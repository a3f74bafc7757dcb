"""What a curator should look at first: the expected value of a look, and a patience that lets nothing starve."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.records import State


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is known of one candidate, or of the article that stands for a story.

    `since` is when the first of its story came in. `sure` is the probability of its likeliest function, 0 where none
    was found. `engagement` (0 to 1) is how much colleagues will probably do with it, None where nobody can tell. `told`
    counts the articles that tell the story.
    """

    state: State
    since: datetime
    published_at: datetime
    expires_at: datetime | None
    sure: float
    engagement: float | None
    told: int


@dataclass(frozen=True, slots=True)
class PriorityOptions:
    """How much each side weighs, and after how long a wait outweighs all of them together.

    News halves in value within `half_life`; what expires within `closing` presses.
    """

    urgency: float = 0.35
    engagement: float = 0.3
    doubt: float = 0.25
    story: float = 0.1
    half_life: timedelta = timedelta(days=2)
    closing: timedelta = timedelta(days=3)
    patience: timedelta = timedelta(days=3)


_NOBODY_KNOWS = 0.5
_WIDELY_TOLD = 5
"""A story that so many tell could not be bigger."""


def priority(candidate: Waiting, now: datetime, options: PriorityOptions) -> float:
    """The higher, the sooner. Each side lies within 0 and 1, and so does their weighted mean.

    To that comes the time waited, in units of `patience`: what came that much earlier always goes first, whatever the
    rest says, so nothing waits for good.
    """
    likely = _NOBODY_KNOWS if candidate.engagement is None else candidate.engagement
    sides = (
        (options.urgency, _urgency(candidate, now, options)),
        (options.engagement, likely),
        (options.doubt, min(2.0 * (1.0 - candidate.sure), 1.0)),  # what is unlikely is as open as what is undecided
        (options.story, (min(candidate.told, _WIDELY_TOLD) - 1) / (_WIDELY_TOLD - 1)),
    )
    worth = sum(weight * side for weight, side in sides) / sum(weight for weight, _ in sides)
    return worth + max(now - candidate.since, timedelta()) / options.patience


def _urgency(candidate: Waiting, now: datetime, options: PriorityOptions) -> float:
    if candidate.state is State.LEGAL_REVIEW:
        return 1.0  # a colleague has let it through and waits for the answer
    age = max(now - candidate.published_at, timedelta())
    fresh = float(0.5 ** (age / options.half_life))
    if candidate.expires_at is None:
        return fresh
    left = max(candidate.expires_at - now, timedelta())
    return max(fresh, 1.0 - min(left / options.closing, 1.0))
