"""When to come back: by a source's own rhythm, later after each failure, never before a server asked us to."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ingest.config import IngestOptions

_REMEMBERED: Final = timedelta(days=30)
"""How far back a feed's dates still say something about its rhythm."""

_GAPS: Final = 20
_UNCHANGED_GROWS: Final = 1.5


def rhythm(published: Sequence[datetime], hint: timedelta | None, now: datetime, options: IngestOptions) -> timedelta:
    """How long until the next visit to a source that published at these moments.

    Half the usual gap between its items, so that one rarely waits longer than that gap; half the time since the newest
    where that is more, so that a source that fell silent is asked ever less. `hint` is what the feed asks for itself.
    Items without a date are taken to appear now, and say nothing.
    """
    asked = min(hint or timedelta(), options.longest_interval)
    dated = sorted((moment for moment in published if moment < now), reverse=True)
    if not dated:
        return max(options.interval, asked)
    recent = [moment for moment in dated if now - moment <= _REMEMBERED][:_GAPS]
    gaps = sorted(newer - older for newer, older in pairwise(recent))
    usual = gaps[len(gaps) // 2] if gaps else timedelta()
    return max(_within(max(usual, now - dated[0]) / 2, options), asked)


def unchanged(before: timedelta, options: IngestOptions) -> timedelta:
    """How long until the next visit to a source that had nothing new after `before`."""
    return _within(before * _UNCHANGED_GROWS, options)


def after_failures(failures: int, asked: timedelta | None, who: str, options: IngestOptions) -> timedelta:
    """How long to leave a source alone after so many failures in a row: twice as long each time, up to a day or so.

    `asked` is the server's own Retry-After, which is kept whatever we would do. `who` is the source's id.
    """
    backoff = min(options.interval * (1 << min(failures, 16)), options.longest_pause)
    return max(_spread(backoff, who, failures), min(asked or timedelta(), options.most_patience))


def next_try(attempts: int, asked: timedelta | None, who: str, options: IngestOptions) -> timedelta | None:
    """How long to wait before a page is tried again after so many attempts; None where it is enough."""
    if attempts > len(options.retry_delays):
        return None
    delay = _spread(options.retry_delays[attempts - 1], who, attempts)
    return max(delay, min(asked or timedelta(), options.most_patience))


def _within(wait: timedelta, options: IngestOptions) -> timedelta:
    return max(options.shortest_interval, min(wait, options.longest_interval))


def _spread(pause: timedelta, who: str, attempt: int) -> timedelta:
    """Up to a quarter longer, differently for each, so that what failed together does not come back together."""
    return pause * (1 + zlib.crc32(f"{who} {attempt}".encode()) / 2**34)
