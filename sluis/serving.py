"""Run the HTTP edge over a house. This room loads neither torch nor anything that parses the web."""

from functools import cache

import uvicorn
from threadpoolctl import threadpool_limits

from api.app import create_app
from api.dependencies import Services
from catalog.clock import utcnow
from catalog.ids import TenantId
from ranking.feed import FeedService
from sluis.wiring import House


def run(house: House, host: str, port: int) -> None:
    """Serve until the process is told to stop; requests under way are answered first."""
    with threadpool_limits(1):  # requests share the cores; a matrix product of one that wants them all waits for it
        uvicorn.run(create_app(services(house)), host=host, port=port, log_level="warning", access_log=False)


def services(house: House) -> Services:
    """What the HTTP edge needs, from this house. One feed service per tenant, kept as long as the process runs."""

    @cache
    def feeds(tenant: TenantId) -> FeedService:
        return FeedService(tenant, house.rankers, house.ranking_options)

    return Services(database=house.database, taxonomy=house.taxonomy, clock=utcnow, feeds=feeds)
