"""What this package can be told. The roof fills these from the environment; the defaults suit a small organisation."""

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta

from catalog.errors import Invalid


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
class IngestOptions:
    """How sources are visited and their pages read. A page tried `len(retry_delays) + 1` times in vain has failed."""

    limits: FetchLimits = field(default_factory=FetchLimits)
    concurrency: int = 32
    per_host: int = 4
    lease: timedelta = timedelta(minutes=10)
    interval: timedelta = timedelta(hours=1)
    longest_interval: timedelta = timedelta(days=1)
    retry_delays: tuple[timedelta, ...] = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
    min_page_words: int = 50
    min_feed_words: int = 30


@dataclass(frozen=True, slots=True)
class EnrichOptions:
    """How articles are enriched.

    From `story_cosine` on, two articles of one language tell the same story; `story_cosine_across` holds for two
    languages, which the encoder keeps further apart. Chosen with the default encoder on the demo's 104 articles, where
    they find 6 of 6 rewritten stories, 2 of 4 told in the other language, and nothing else: articles that merely
    resemble each other reach .90 within a language and .88 across.
    """

    batch: int = 32
    lease: timedelta = timedelta(minutes=10)
    story_window: timedelta = timedelta(days=14)
    story_cosine: float = 0.94
    story_cosine_across: float = 0.9
