"""What is looked at of one article: its score, the values that are judged, and whether it is audited.

A hash of the article's random id draws: the same on every machine and at every time, and nothing that the tagger, a
curator or a publisher could choose.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from catalog.ids import ArticleId
from catalog.records import ALL, Axes

Proposal = Mapping[str, Mapping[str, float]]
"""What the machine would make an article's audience: per hard axis the values, each with its probability."""

_DRAWS: Final = 2**256
"""A draw is one of so many numbers."""


def score(proposal: Proposal, axes: Iterable[str]) -> float:
    """The least probability among the proposed values on all hard axes; 0 where an axis has none, or no real one.

    An article passes a threshold that its score reaches: then each of its values does. With 0 it waits for a person.
    """
    chances = [chance for axis in axes for chance in proposal.get(axis, {}).values() or (0.0,)]
    return min(chances) if all(0 <= chance <= 1 for chance in chances) else 0.0


def draw(article: ArticleId, axis: str, values: Collection[str]) -> str:
    """One of the values, each as likely, always the same for the same article, axis and values."""
    return sorted(values)[drawn(article, axis) % len(values)]


def is_wrong(article: ArticleId, proposed: Axes, decided: Axes | None, known: Axes) -> bool:
    """Whether one of the values drawn from `proposed`, one on each axis, is not in the audience that a person gave.

    `ALL` counts for each of the `known` values of its axis. `decided` is None for a rejected article: all is wrong.
    """
    if decided is None:
        return True
    for axis, values in proposed.items():
        value = draw(article, axis, (known.get(axis) if ALL in values else None) or values)
        if not {value, ALL} & decided.get(axis, frozenset()):
            return True
    return False


def is_audited(article: ArticleId, share: float) -> bool:
    """Whether an article is among the `share` of all that is audited. A larger share has all of a smaller one."""
    return drawn(article, "audit") < share * _DRAWS


def drawn(article: ArticleId, purpose: str) -> int:
    """A number below 2**256, each as likely, that two purposes do not share."""
    return int.from_bytes(hashlib.sha256(f"{purpose}\n{article}".encode()).digest())
