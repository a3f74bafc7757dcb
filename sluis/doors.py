"""Where the process that encodes listens: on a socket that only its own user can reach, or on TCP with a token."""

import fcntl
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from catalog.errors import Conflict, Invalid, Unavailable

_DRAIN_SECONDS: Final = 30.0
_IDLE_SECONDS: Final = 30.0
_LEAST_TOKEN: Final = 32
_BACKLOG: Final = 128

_silent: Final = logging.getLogger(f"{__name__}.http")
_silent.setLevel(logging.CRITICAL + 1)
"""The server's own notices quote what was sent."""


class AlreadyAnswered(Conflict):
    """Another process answers on this socket."""

    code = "already_answered"


class CannotListen(Unavailable):
    """Nothing can listen there."""

    code = "cannot_listen"


@contextmanager
def unix(path: Path) -> Iterator[socket.socket]:
    """A socket file that only this user may open, taken away at the end; one that a dead process left is replaced.

    A lock beside it, which a dying process cannot keep, says whether it is in use. Raises AlreadyAnswered or
    CannotListen.
    """
    with ExitStack() as opened:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = opened.enter_context(path.with_name(f"{path.name}.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            listening = opened.enter_context(socket.socket(socket.AF_UNIX))
            listening.bind(str(path))
            path.chmod(0o600)  # before anybody can connect: it does not listen yet
        except BlockingIOError:
            raise AlreadyAnswered(f"another process answers on {path}: one is enough on a machine") from None
        except OSError as error:
            raise CannotListen(f"cannot listen on {path} ({error}): set SLUIS_ENCODER_SOCKET") from error
        opened.callback(path.unlink, missing_ok=True)
        yield listening


@contextmanager
def tcp(host: str, port: int, token: str) -> Iterator[socket.socket]:
    """A socket on the network. Raises Invalid without a token that cannot be guessed; CannotListen."""
    if len(token) < _LEAST_TOKEN:
        raise Invalid(
            f"listening on {host}:{port} needs SLUIS_ENCODER_TOKEN, at least {_LEAST_TOKEN} characters that nobody "
            "can guess: 'openssl rand -hex 32' makes one"
        )
    try:
        listening = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=_BACKLOG
        )
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}:{port} ({error.strerror}): choose another --port") from error
    with listening:
        yield listening


@asynccontextmanager
async def answering(app: web.Application, listening: socket.socket) -> AsyncIterator[None]:
    """Answer on this socket while the block runs. At its end, what is under way is answered first."""
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_silent,
        keepalive_timeout=_IDLE_SECONDS,
        shutdown_timeout=_DRAIN_SECONDS,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()
