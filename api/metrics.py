"""What Prometheus may know: how long requests take, what feeds look like, and whether isolation held.

Counts and times only, no person and no text. Several worker processes add up through files, as the client library wants
it; what is read from the database is read when it is asked for.
"""

import os
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from catalog import articles, certificates, tenants
from catalog.database import Database
from catalog.errors import ArtefactMismatch
from catalog.ids import TenantId
from catalog.records import Event, Slate
from models.certificate import Certificate

_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_ITEMS: Final = (0, 1, 2, 3, 5, 10, 20, 50)
_LATE: Final = (1, 10, 60, 600, 3600, 86_400)


class Metrics:
    """The figures of one process. It is what `ranking.feed.Observer` asks for, too."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.tenants: set[TenantId] = set()
        """The organisations that this process has made slates for."""
        here = self.registry
        self.requests = Histogram(
            "sluis_request_seconds",
            "Time to an answer.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=here,
        )
        self.under_way = Gauge(
            "sluis_requests_under_way", "Requests being answered.", multiprocess_mode="livesum", registry=here
        )
        self.shed = Counter("sluis_requests_shed", "Requests sent away because too many were under way.", registry=here)
        self._slates = Counter("sluis_slates", "Slates made.", ["degraded"], registry=here)
        self._items = Histogram("sluis_slate_items", "Places of a slate.", buckets=_ITEMS, registry=here)
        self._raced = Counter(
            "sluis_eligibility_drops", "Items dropped because the catalogue changed under a slate.", registry=here
        )
        self._violations = Counter(
            "sluis_isolation_violations", "Items that ranking offered to the wrong person; dropped.", registry=here
        )
        self._events = Counter("sluis_events", "Events accepted.", ["type"], registry=here)
        self._late = Histogram(
            "sluis_event_delay_seconds", "From what happened to when we heard of it.", buckets=_LATE, registry=here
        )

    def offered(self, tenant: TenantId, slate: Slate) -> None:
        """A slate was made and handed out."""
        self.tenants.add(tenant)
        self._slates.labels("yes" if slate.degraded else "no").inc()
        self._items.observe(len(slate.items))

    def dropped(self, count: int, *, raced: bool) -> None:
        """The second check took items out of a slate: `raced` where the catalogue had changed meanwhile."""
        (self._raced if raced else self._violations).inc(count)

    def heard(self, event: Event) -> None:
        """An event came in."""
        self._events.labels(event.type.value).inc()
        self._late.observe(max(0.0, (event.received_at - event.at).total_seconds()))

    def page(self, standing: Collector) -> bytes:
        """All of it in Prometheus' text format, of all worker processes, with what `standing` reads now."""
        shown = CollectorRegistry()
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
        else:
            shown.register(self.registry)
        shown.register(standing)
        return generate_latest(shown)


class Standing(Collector):
    """How the organisations stand that this process serves, read at the moment of asking."""

    def __init__(
        self,
        database: Callable[[TenantId], Database],
        seen: Collection[TenantId],
        state_at: Callable[[TenantId], int],
        now: datetime,
    ) -> None:
        """`state_at` tells up to which event ranking knows the log."""
        self._database = database
        self._seen = seen
        self._state_at = state_at
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """The figures, per organisation."""
        waiting = GaugeMetricFamily("sluis_articles", "Articles by state.", labels=["tenant", "state"])
        oldest = GaugeMetricFamily("sluis_queue_age_seconds", "Age of what waits longest.", labels=["tenant"])
        behind = GaugeMetricFamily("sluis_events_behind", "Events that ranking has not taken in.", labels=["tenant"])
        bound = GaugeMetricFamily(
            "sluis_certificate_bound", "What the error rate is under, by certificate.", labels=["tenant", "language"]
        )
        for tenant in sorted(self._seen):
            with self._database(tenant).read() as connection:
                for state, count in articles.count_by_state(connection, tenant).items():
                    waiting.add_metric([tenant, state.value], count)
                since = articles.waits_since(connection, tenant)
                oldest.add_metric([tenant], (self._now - since).total_seconds() if since else 0.0)
                behind.add_metric([tenant], tenants.get(connection, tenant).seq - self._state_at(tenant))
                for language, most in _bounds(connection, tenant):
                    bound.add_metric([tenant, language], most)
        yield from (waiting, oldest, behind, bound)


def _bounds(connection: Connection, tenant: TenantId) -> list[tuple[str, float]]:
    """Of the certificate that is in force, if one is."""
    newest = next(iter(certificates.every(connection, tenant)), None)
    if newest is None or newest.lapsed_at is not None:
        return []
    try:
        return [(part.language, part.bound) for part in Certificate.from_bytes(newest.content.encode()).parts]
    except ArtefactMismatch:
        return []
