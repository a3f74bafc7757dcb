"""Run the HTTP edge over a house. This room loads neither torch nor anything that parses the web."""

import socket
from functools import cache, partial

import uvicorn
from threadpoolctl import threadpool_limits

from api.app import create_app
from api.dependencies import Services
from catalog.clock import utcnow
from catalog.errors import Unavailable
from ingest import remote
from models.remote import RemoteEncoder
from sluis.wiring import House


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


def run(house: House, host: str, port: int) -> None:
    """Serve until the process is told to stop; requests under way are answered first. Raises AddressTaken."""
    require_free(host, port)
    with threadpool_limits(1):  # requests share the cores; a matrix product of one that wants them all waits for it
        uvicorn.run(create_app(services(house)), host=host, port=port, log_level="warning", access_log=False)


def services(house: House) -> Services:
    """What the HTTP edge needs, from this house. What it keeps per tenant it keeps as long as the process runs."""
    exchange = house.exchange()
    return Services(
        database=house.database,
        taxonomy=house.vocabularies.taxonomy,
        clock=utcnow,
        feeds=cache(house.feeds),
        taggers=house.promoted_taggers,
        encoder=partial(RemoteEncoder, exchange),
        read=partial(remote.read, exchange),
        certificates=house.settings.certificate_options(),
        librarians=cache(house.librarian),
    )
