"""Run the HTTP edge over a house. This room loads neither torch nor anything that parses the web."""

import os
import socket
from functools import cache, partial
from tempfile import TemporaryDirectory
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from threadpoolctl import threadpool_limits

from api.app import create_app
from api.dependencies import Services
from api.identity import published
from api.identity.keyring import Keyring
from api.metrics import Metrics
from api.rates import Rates
from catalog.clock import utcnow
from catalog.errors import Unavailable
from catalog.ids import TenantId
from ingest import remote
from models.remote import RemoteEncoder
from ranking.feed import FeedService
from sluis import logs, tracing
from sluis.wiring import Exports, House, home_key, open_house

DRAIN_SECONDS: Final = 30
"""That requests under way have to end once the process was told to stop."""


class AddressTaken(Unavailable):
    """Another program listens there, or the address is not this machine's."""

    code = "address_taken"


def require_free(host: str, port: int) -> None:
    """Raise AddressTaken, which names the remedy, where nothing can listen at this address."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise AddressTaken(
                f"cannot listen on {host}:{port} ({error.strerror}): set SLUIS_PORT to a free port"
            ) from error


def run(house: House, host: str, port: int, workers: int) -> None:
    """Serve until the process is told to stop; requests under way are answered first. Raises AddressTaken."""
    require_free(host, port)
    how: dict[str, Any] = {
        "host": host,
        "port": port,
        "log_config": None,  # as `sluis.logs` says
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": DRAIN_SECONDS,
    }
    if workers == 1:
        with threadpool_limits(1):  # requests share the cores; a matrix product of one that wants all waits for it
            uvicorn.run(application(house), **how)
        return
    house.database.close()
    with TemporaryDirectory(prefix="sluis-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # where the workers' figures add up
        uvicorn.run("sluis.serving:worker", factory=True, workers=workers, **how)


def worker() -> FastAPI:
    """The application of one of several processes, each with a house of its own."""
    house = open_house()
    logs.begin(house.settings.log_format)
    threadpool_limits(1)
    return application(house)


def application(house: House) -> FastAPI:
    """The HTTP edge over this house, followed where the environment asks for it."""
    app, traces = create_app(services(house)), tracing.begin(house.database)
    if traces is not None:
        traces.requests_of(app)
    return app


def services(house: House) -> Services:
    """What the HTTP edge needs, from this house. What it keeps per tenant it keeps as long as the process runs."""
    exchange, asked, metrics = house.exchange(), house.settings, Metrics()

    @cache
    def feeds(tenant: TenantId) -> FeedService:
        return house.feeds(tenant, metrics)

    return Services(
        database=house.database,
        taxonomy=house.vocabularies.taxonomy,
        clock=utcnow,
        feeds=feeds,
        taggers=house.promoted_taggers,
        encoder=partial(RemoteEncoder, exchange),
        read=partial(remote.read, exchange),
        certificates=house.settings.certificate_options(),
        librarians=cache(house.librarian),
        exporter=Exports(partial(home_key, house)),
        registry=house.registry,
        is_alone=house.is_alone,
        ranked_by=house.rankers.of_slates,
        metrics=metrics,
        metrics_token=asked.metrics_token.get_secret_value(),
        rates=Rates(asked.rate_per_key, asked.rate_per_tenant),
        most_at_once=asked.requests_at_once,
        keyring=Keyring(partial(published.keys, allow=asked.trusted_hosts)),
    )
