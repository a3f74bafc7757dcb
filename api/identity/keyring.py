"""The keys of identity providers, kept in memory and read again when it is time, so that few requests wait for them.

A stranger can send any number of tokens under any names of keys. What makes us dial is only the issuer that an operator
configured, and that once in `AGAIN`; whoever waits for it takes one of a few places, and the others are told to come
back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import Final

from joserfc.jwk import KeySet

from api.identity.published import SECONDS, ProviderAway

FRESH: Final = timedelta(hours=1)
"""So old keys are read again: a key that the provider took back counts no longer than this."""

KEPT: Final = timedelta(hours=24)
"""So long keys are used while the provider is away; then no token of it is believed."""

AGAIN: Final = timedelta(seconds=30)
"""The provider is asked no more often, whatever happens."""

_PLACES: Final = 4


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one issuer: its keys, when they were read, when that was last tried, and what went wrong."""

    keys: KeySet | None = None
    read_at: datetime | None = None
    tried_at: datetime | None = None
    problem: str | None = None

    def usable(self, now: datetime) -> KeySet | None:
        """The keys, while they may be used."""
        return self.keys if self.read_at is not None and now - self.read_at < KEPT else None

    def has(self, kid: str, now: datetime) -> bool:
        """Whether the key of this name may still be used."""
        return any(key.kid == kid for key in self.usable(now) or ())

    def wants(self, kid: str, now: datetime) -> bool:
        """Whether it is time to ask the provider: something is missing or old, and it was not asked just now."""
        fresh = self.read_at is not None and now - self.read_at < FRESH
        rested = self.tried_at is None or now - self.tried_at >= AGAIN
        return rested and not (fresh and self.has(kid, now))


class Keyring:
    """The keys of all providers of this process. Threads share it."""

    def __init__(self, read: Callable[[str], KeySet]) -> None:
        """`read` gets an issuer's keys from the issuer, and raises ProviderAway."""
        self._read = read
        self._known: dict[str, Known] = {}
        self._locks: dict[str, Lock] = {}
        self._places = BoundedSemaphore(_PLACES)
        self._lock = Lock()

    def keys(self, issuer: str, kid: str, now: datetime) -> KeySet:
        """The issuer's keys; whether one of the name `kid` is among them, is for the caller to see.

        Raises ProviderAway where that cannot be known now. `issuer` is one that an operator configured.
        """
        known = self._known.get(issuer, Known())
        if known.wants(kid, now):
            with self._turn(issuer, wait=not known.has(kid, now)) as mine:
                known = self._known.get(issuer, Known())
                if mine and known.wants(kid, now):  # nobody has asked while we waited
                    known = self._known[issuer] = self._ask(issuer, known, now)
        found = known.usable(now)
        if found is None or (known.problem and not known.has(kid, now)):
            raise ProviderAway(known.problem or "its keys are being read")
        return found

    @contextmanager
    def _turn(self, issuer: str, *, wait: bool) -> Iterator[bool]:
        """Whether we are the one that asks. Who can go on without does not wait. Raises ProviderAway: too many do."""
        with self._lock:
            lock = self._locks.setdefault(issuer, Lock())
        if not self._places.acquire(blocking=False):
            if wait:
                raise ProviderAway("its keys are being read")
            yield False
            return
        try:
            mine = lock.acquire(timeout=2 * SECONDS) if wait else lock.acquire(blocking=False)
            try:
                yield mine
            finally:
                if mine:
                    lock.release()
        finally:
            self._places.release()

    def _ask(self, issuer: str, known: Known, now: datetime) -> Known:
        try:
            return Known(self._read(issuer), now, now)
        except ProviderAway as error:
            return Known(known.keys, known.read_at, now, error.why)
