"""What to do with what was found: pure decisions, so that each can be read, and tested, as a table."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from catalog.records import Article, FeedItem, Source, State
from ingest.items import Item

PLENTY: Final = 10
"""Revisions after which an item is left alone: some pages embed the clock."""

_FINAL: Final = (State.REJECTED, State.WITHDRAWN)


class Step(Enum):
    """What one item of a feed needs."""

    NEW = auto()
    REVISED = auto()
    SKIP = auto()


class Fate(Enum):
    """What becomes of one page that was read."""

    STORE = auto()
    REVISE = auto()
    KEEP = auto()
    DUPLICATE = auto()


def step(item: Item, known: FeedItem | None) -> Step:
    """Whether the page of an item must be read (again), given what we remember of the item."""
    if known is None:
        return Step.NEW
    if item.digest == known.digest or known.revisions >= PLENTY:
        return Step.SKIP
    return Step.REVISED


def fate(own: Article | None, same_text: Article | None, same_address: Article | None, *, retold: bool = False) -> Fate:
    """What a text becomes: `own` is the article this item made before, the others are found by digest and by address.

    `retold`: its sender handed it in again, so something was said anew even where the text is the same, perhaps for
    whom it is or until when. A rejected or withdrawn article stays as it was decided: a new wording does not bring it
    back.
    """
    if same_text is not None and (own is None or own.id != same_text.id):
        return Fate.DUPLICATE
    if same_text is not None and not retold:
        return Fate.KEEP
    if own is not None:
        return Fate.KEEP if own.state in _FINAL else Fate.REVISE
    return Fate.STORE if same_address is None else Fate.DUPLICATE


def says_enough(summary: str, own: Article | None, min_words: int) -> bool:
    """Whether the feed's own words can stand in for a page that cannot be read.

    Not where a page that could be read once said more than twice as much: that text is better than what is left.
    """
    words = len(summary.split())
    return words >= min_words and (own is None or len(own.text.split()) <= 2 * words)


def published(announced: datetime, on_page: datetime | None) -> datetime:
    """When an article appeared: the feed's word, unless the page says it is more than a day older.

    Feeds without dates announce everything as new, and some put the date of the last change.
    """
    if on_page is not None and announced - on_page > timedelta(days=1):
        return on_page
    return announced


@dataclass(frozen=True, slots=True)
class Chosen:
    """New items by what becomes of them: taken, over the source's daily cap, or too old to be news."""

    taken: tuple[FeedItem, ...]
    over: tuple[FeedItem, ...]
    old: tuple[FeedItem, ...]


def within(new: Collection[FeedItem], room: int | None, since: datetime) -> Chosen:
    """Which new items to take: those published from `since` on, the newest first while there is `room` (None: all)."""
    recent = sorted((item for item in new if item.published_at >= since), key=lambda item: item.published_at)[::-1]
    most = len(recent) if room is None else max(0, room)
    old = tuple(item for item in new if item.published_at < since)
    return Chosen(tuple(recent[:most]), tuple(recent[most:]), old)


def oldest(source: Source, usual: timedelta) -> timedelta:
    """How old an item may be when it is found: no older than its article would be kept."""
    return usual if source.archive_days is None else min(usual, timedelta(days=source.archive_days))


def expires(source: Source, given: datetime | None, published_at: datetime) -> datetime | None:
    """When an article is put away: as its sender said, else after the days that its source's articles live."""
    if given is not None or source.archive_days is None:
        return given
    return published_at + timedelta(days=source.archive_days)
