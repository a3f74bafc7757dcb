"""`sluis serve`: the HTTP edge. This process loads neither torch nor anything that parses the web."""

from functools import cache

import typer
import uvicorn

from api.app import create_app
from api.dependencies import Services
from catalog.clock import utcnow
from catalog.ids import TenantId
from ranking.feed import FeedService
from sluis.console import out
from sluis.wiring import House, open_house


def serve(
    host: str = typer.Option("", help="The address to listen on; default: SLUIS_HOST."),
    port: int = typer.Option(0, min=0, max=65535, help="The port to listen on; default: SLUIS_PORT."),
) -> None:
    """Serve the recommendation API, with its documentation at /docs."""
    house = open_house()
    address, number = host or house.settings.host, port or house.settings.port
    out.print(f"API and documentation: http://{address}:{number}/docs (stop with Ctrl-C)")
    uvicorn.run(create_app(services(house)), host=address, port=number, log_level="warning", access_log=False)


def services(house: House) -> Services:
    """What the HTTP edge needs, from this house. One feed service per tenant, kept as long as the process runs."""

    @cache
    def feeds(tenant: TenantId) -> FeedService:
        return FeedService(tenant, house.rankers, house.ranking_options)

    return Services(database=house.database, taxonomy=house.taxonomy, clock=utcnow, feeds=feeds)
