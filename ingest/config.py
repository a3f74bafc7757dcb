"""What this package can be told. The roof fills these from the environment; the defaults suit a small organisation."""

import ipaddress
import os
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from catalog.errors import Invalid

_MOST_CHILDREN: Final = 8
_LEAST_URGENT: Final = 19
_PATIENCE_FACTOR: Final = 5
"""A least urgent child gets about a twentieth of a processor that others keep busy."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much of a stranger's server we put up with in one visit, redirects included.

    `contact` is an address or page for publishers who wonder who we are. `allow` holds addresses with their port that
    are trusted although they are not public, such as the demo's server on loopback: `{("127.0.0.1", 8123)}`. They are
    no names, because a name can point elsewhere tomorrow.
    """

    max_bytes: int = 10_000_000
    seconds: float = 20.0
    redirects: int = 5
    contact: str = ""
    allow: frozenset[tuple[str, int]] = frozenset()

    def __post_init__(self) -> None:
        for host, port in self.allow:
            try:
                ipaddress.ip_address(host)
            except ValueError:
                raise Invalid(
                    f"{host}:{port} cannot be trusted by name: give its address, as in 10.0.0.5:8080"
                ) from None

    @property
    def user_agent(self) -> str:
        """Who we say we are."""
        return f"Sluis (reads feeds for employee advocacy{self.contact and f'; contact: {self.contact}'})"


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one piece of a stranger's data may cost to read: processor time, memory, and time on the clock.

    `children` read at once, by default one per processor; each is replaced after `most_tasks` and gives way to others
    by its `niceness`. What takes more than `common_seconds` of processor time gets the rest aside of the others.
    """

    cpu_seconds: float = 5.0
    memory_bytes: int = 1_500_000_000
    seconds: float = 30.0
    children: int = field(default_factory=lambda: min(os.cpu_count() or 1, _MOST_CHILDREN))
    most_tasks: int = 500
    niceness: int = 5
    common_seconds: float = 1.0

    def common(self) -> "SandboxLimits":
        """The limits of the line in which everything waits first."""
        return replace(self, cpu_seconds=min(self.cpu_seconds, self.common_seconds))

    def aside(self) -> "SandboxLimits":
        """The limits of the line behind it: half as many children, so patient that they need more time on the clock."""
        return replace(
            self, niceness=_LEAST_URGENT, children=-(-self.children // 2), seconds=_PATIENCE_FACTOR * self.seconds
        )


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How sources are visited and their pages read.

    `concurrency` visits go on at once, at most `per_host` of them to one host. A source is visited between
    `shortest_interval` and `longest_interval`, as often as it publishes; `interval` holds while its rhythm is not
    known. One that fails is left alone for twice as long each time, up to `longest_pause`. A page tried
    `len(retry_delays) + 1` times in vain has failed. A server's Retry-After is kept up to `most_patience`. Items
    published longer than `oldest` ago are history, not news.
    """

    limits: FetchLimits = field(default_factory=FetchLimits)
    sandbox: SandboxLimits = field(default_factory=SandboxLimits)
    concurrency: int = 64
    per_host: int = 2
    lease: timedelta = timedelta(minutes=10)
    interval: timedelta = timedelta(hours=1)
    shortest_interval: timedelta = timedelta(minutes=15)
    longest_interval: timedelta = timedelta(days=1)
    longest_pause: timedelta = timedelta(days=1)
    most_patience: timedelta = timedelta(days=7)
    retry_delays: tuple[timedelta, ...] = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
    oldest: timedelta = timedelta(days=365)
    min_page_words: int = 50
    min_feed_words: int = 30


@dataclass(frozen=True, slots=True)
class EnrichOptions:
    """How articles are enriched: up to `batch` at a time, so that texts of one length are encoded together.

    Two articles published within `story_window` of one another tell the same story from `story_cosine` on, or from
    `story_cosine_across` on in two languages, which the encoder keeps further apart; or when they share
    `story_jaccard` of their runs of words and their cosine falls short by `story_slack` at most. By no more than that
    may an article fall short of the story's first one, too.

    Chosen with the default encoder on one half of `sluis bench stories` (621 texts: real articles and what the web
    makes of them, translated briefs, the demo's), where they reach F1 .993; the other half: precision 1.00, recall .88,
    F1 .94. A `story_cosine` of .92 finds more (F1 1.00 and .96), but among 322 articles about one trade two that tell
    different things reach .927, and a false story hides an article. Unrelated translations reach .88; pages that share
    their site's frame share .47 of their runs.
    """

    batch: int = 128
    lease: timedelta = timedelta(minutes=10)
    story_window: timedelta = timedelta(days=14)
    story_cosine: float = 0.93
    story_cosine_across: float = 0.885
    story_jaccard: float = 0.5
    story_slack: float = 0.06
