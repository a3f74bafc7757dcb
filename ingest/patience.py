"""Hosts that need patience, in one worker's memory; how busy the others are stands in the database."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

_STUMBLES: Final = 4
"""Visits in a row without an answer: as many as go on at once before one has failed, twice."""


class Patience:
    """Until when each host is left alone: it asked for time between two visits, or does not answer any more."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}
        self._stumbles: Counter[str] = Counter()

    def ask(self, host: str, until: datetime) -> None:
        """Leave a host alone until then."""
        self._until[host] = max(until, self._until.get(host, until))

    def take_slot(self, host: str, now: datetime, delay: timedelta) -> datetime:
        """When a visit may begin to a host that wants `delay` between two; from now on it is closed for the others.

        Those that had their turn already queue up behind each other.
        """
        slot = max(now, self._until.get(host, now))
        self._until[host] = slot + delay
        return slot

    def answered(self, host: str) -> None:
        """It is there."""
        self._stumbles.pop(host, None)

    def stumbled(self, host: str, until: datetime) -> None:
        """It did not answer, or not in time. After a few of these in a row it is left alone until then."""
        self._stumbles[host] += 1
        if self._stumbles[host] >= _STUMBLES:
            self.answered(host)
            self.ask(host, until)

    def closed(self, now: datetime) -> frozenset[str]:
        """The hosts to leave alone now."""
        self._until = {host: until for host, until in self._until.items() if until > now}
        return frozenset(self._until)

    def next_opening(self, now: datetime) -> timedelta | None:
        """How long until the first of them may be visited again; None where none is closed."""
        closed = [until - now for until in self._until.values() if until > now]
        return min(closed, default=None)
