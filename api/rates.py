"""How often a caller may ask: per key or application and per organisation, counted in this process."""

from dataclasses import dataclass
from math import ceil
from time import time
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from catalog.errors import SluisError
from catalog.keys import Caller

STRANGERS: Final = 60
"""Requests without a valid key or token that one address may make in a minute: who tries out keys is slowed down."""


class TooMany(SluisError):
    """The caller asks more often than it may."""

    code = "too_many_requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a minute: requests in all, requests left, and the seconds until they are given anew."""

    limit: int
    left: int
    reset: int

    def headers(self) -> dict[str, str]:
        """As a caller reads it."""
        told = {"Limit": self.limit, "Remaining": self.left, "Reset": self.reset}
        return {f"RateLimit-{name}": str(value) for name, value in told.items()}


class Rates:
    """Counts per minute. Threads may share it; each worker process counts for itself."""

    def __init__(self, per_key: int, per_tenant: int) -> None:
        """Requests a minute; 0 for as many as they like."""
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._per_key = RateLimitItemPerMinute(per_key) if per_key else None
        self._per_tenant = RateLimitItemPerMinute(per_tenant) if per_tenant else None
        self._strangers = RateLimitItemPerMinute(STRANGERS)

    def take(self, caller: Caller) -> Allowance | None:
        """Count one request; what is left to this caller, or None where nothing is limited. Raises TooMany."""
        left = [
            self._hit(limit, *who)
            for limit, who in ((self._per_key, ("key", caller.id)), (self._per_tenant, ("tenant", caller.tenant)))
            if limit is not None
        ]
        return min(left, key=lambda each: each.left, default=None)

    def stranger(self, address: str) -> None:
        """Count a request with a key or token that is none. Raises TooMany."""
        self._hit(self._strangers, "stranger", address)

    def _hit(self, limit: RateLimitItemPerMinute, *who: str) -> Allowance:
        allowed = self._limiter.hit(limit, *who)
        window = self._limiter.get_window_stats(limit, *who)
        reset = max(1, ceil(window.reset_time - time()))
        if not allowed:
            raise TooMany(f"more than {limit.amount} requests a minute: wait {reset} s, then go on", reset)
        return Allowance(limit.amount, window.remaining, reset)
