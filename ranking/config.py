"""How slates are made. What a feature means is no option: that is fixed with the feature."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

PEOPLE_COUNTED: Final = 64
"""Up to how many different people the state tells apart per article and function: enough to know it was a group."""


@dataclass(frozen=True, slots=True)
class RankingOptions:
    """How slates are made. Every cap yields before a slate runs short; eligibility is no option and never yields."""

    max_size: int = 50
    standing: timedelta = timedelta(minutes=30)
    """How long a slate is handed out again, so that polling makes no new offers."""

    fresh: int = 120
    similar: int = 80
    co_visited: int = 40
    relevant: int = 80
    popular: int = 60
    explore: int = 20
    """How many candidates each way of retrieval brings, where there are more articles than all of these together."""

    mmr_weight: float = 0.3
    """The weight of being unlike what is in the slate already, against being relevant."""
    pinned: int = 3
    """At most so many places of a slate go to what curators pinned, must-reads first."""
    per_source: int = 3
    per_topic: int = 4
    per_kind: int = 5
    own_share: float = 0.3
    """The organisation's own content as a share of every beginning of a slate, rounded up; the rest is from outside."""
    kind_mix: tuple[tuple[str, float], ...] = ()
    """Kinds, each with its share of every beginning of a slate, rounded down or up; kinds not named share the rest."""
    sink_after: int = 2
    """An article that was seen this often, or opened, comes after those that were not."""
    epsilon: float = 0.05
    """The probability with which a place goes to a candidate drawn at random, so that the log can teach."""

    minimum_group: int = 5
    """A reason may speak of colleagues when at least this many of them did it: fewer would point at persons."""
    fresh_for: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        if not 0.0 <= self.epsilon <= 1.0 or not 0.0 <= self.mmr_weight <= 1.0 or not 0.0 <= self.own_share <= 1.0:
            raise ValueError("epsilon, mmr_weight and own_share are shares within 0..1")
        if not 2 <= self.minimum_group < PEOPLE_COUNTED:
            raise ValueError(f"minimum_group {self.minimum_group} is not within 2..{PEOPLE_COUNTED - 1}")
        if min(self.fresh, self.similar, self.co_visited, self.relevant, self.popular, self.explore) < 0:
            raise ValueError("no way of retrieval brings fewer than 0 candidates")
        if self.pinned < 0:
            raise ValueError("no fewer than 0 places go to what is pinned")
        shares = [share for _, share in self.kind_mix]
        if len(dict(self.kind_mix)) < len(shares) or not all(share >= 0 for share in shares) or sum(shares) > 1 + 1e-9:
            raise ValueError("kind_mix names each kind once, with shares that are together at most 1")
        if self._certain < self.max_size:
            raise ValueError("fresh, relevant, popular and explore together must be enough to fill the longest slate")

    @property
    def _certain(self) -> int:
        """Candidates there are for everybody; `similar` and `co_visited` need a history."""
        return self.fresh + self.relevant + self.popular + self.explore

    @property
    def candidates(self) -> int:
        """The most candidates that are scored; where no more than this may be shown, all of them are."""
        return self._certain + self.similar + self.co_visited
