"""What curators pinned, for one person: which articles have a place of their own in the slate, and in which order.

A pin widens nothing. It is looked for only among what the person may be shown; and a person who opened an article, or
put it aside, is done with it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.records import EventType
from ranking.config import RankingOptions
from ranking.profile import Person
from ranking.snapshot import Snapshot
from ranking.state import State

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Pinned:
    """Indices into the snapshot, in the order in which they get their places: must-reads first, then other pins."""

    must_reads: tuple[int, ...] = ()
    pins: tuple[int, ...] = ()

    @property
    def all(self) -> tuple[int, ...]:
        """Both."""
        return self.must_reads + self.pins


NOTHING: Final = Pinned()


def pinned(
    snapshot: Snapshot, state: State, person: Person, offered: Indices, options: RankingOptions, now: datetime
) -> Pinned:
    """Of the articles `offered` to this person at most `options.pinned`, must-reads first, one per story.

    Of several the one whose pin runs out first comes first: the others have time left.
    """
    holds = offered[snapshot.pinned_until[offered] > now.timestamp()]
    if not len(holds) or not options.pinned:
        return NOTHING
    opened = state.places_in(snapshot.ids, snapshot.index_of)[person.history.chosen(EventType.OPEN)]
    waiting = holds[~np.isin(holds, opened)].tolist()
    waiting.sort(key=lambda index: (not snapshot.must_read[index], snapshot.pinned_until[index], snapshot.ids[index]))
    by_story: dict[int, int] = {}
    for index in waiting:
        by_story.setdefault(int(snapshot.story[index]), index)
    placed = list(by_story.values())[: options.pinned]
    return Pinned(
        tuple(index for index in placed if snapshot.must_read[index]),
        tuple(index for index in placed if not snapshot.must_read[index]),
    )
