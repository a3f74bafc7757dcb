"""`sluis serve`: the HTTP edge."""

from typing import Annotated

import typer

from sluis.console import out
from sluis.wiring import open_house


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on; default: SLUIS_HOST.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; default: SLUIS_PORT.")] = 0,
    workers: Annotated[int, typer.Option(min=0, max=64, help="Processes to answer with; default: SLUIS_WORKERS.")] = 0,
) -> None:
    """Serve the recommendation API, with its documentation at /docs."""
    from sluis import logs, serving

    house = open_house()
    logs.begin(house.settings.log_format)
    address, number = host or house.settings.host, port or house.settings.port
    out.print(f"API and documentation: http://{address}:{number}/docs (stop with Ctrl-C)")
    serving.run(house, address, number, workers or house.settings.workers)
