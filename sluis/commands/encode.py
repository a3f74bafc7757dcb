"""`sluis encode`: the process that turns texts into vectors for those who must not load torch."""

import logging
from typing import Annotated

import typer

from catalog.database import Database
from catalog.errors import Invalid
from sluis.console import out, progress
from sluis.settings import read_settings
from sluis.wiring import House


def encode(
    host: Annotated[str, typer.Option(help="Listen on TCP at this address; default: on this machine's socket.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on, with --host.")] = 0,
) -> None:
    """Encode texts and read addresses for other processes, as 'sluis work' does beside its own work.

    On TCP it wants the token in SLUIS_ENCODER_TOKEN. SIGTERM or Ctrl-C drains: what is under way is answered first.
    """
    from sluis import doors, encoding

    if bool(host) != bool(port):
        raise Invalid("--host and --port go together: give both to listen on TCP, or neither")
    logging.getLogger().setLevel(logging.INFO)
    settings = read_settings()
    token = settings.encoder_token.get_secret_value() if host else ""
    with doors.tcp(host, port, token) if host else doors.unix(settings.socket) as listening:
        house = House(settings, Database(settings.database))  # which is never opened: nothing is stored
        with progress("Loading the encoder", None):
            encoder = house.encoder()
        out.print(f"encoding at {f'{host}:{port}' if host else settings.socket} (stop with Ctrl-C)", soft_wrap=True)
        encoding.run(house, encoder, listening, token)
