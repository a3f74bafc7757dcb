"""The process that encodes, played in a thread: real sockets and the real server around whatever encoder a test has."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import NoReturn

from aiohttp import web

from ingest.extract import Page
from ingest.fetch import FetchFailed
from models.hashing import HashingEncoder
from models.protocols import Encoder, Progress, Vectors
from sluis.doors import answering, unix
from sluis.encoding import Read, application

PATIENCE = 60.0


async def nowhere(url: str) -> NoReturn:
    """Reads no address at all."""
    raise FetchFailed(f"{url}: no such page", permanent=True)


def page(title: str, text: str, language: str | None = None) -> Page:
    """What a page says."""
    return Page(title, "", text, "", "", None, language, None, "https://news.example/1")


class Held(HashingEncoder):
    """Keeps whoever asks waiting until it is let go, and remembers what each batch was."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.asked, self.free = threading.Event(), threading.Event()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.batches.append(list(texts))
        self.asked.set()
        assert self.free.wait(PATIENCE)
        return super().encode(texts, progress)


def fresh_socket() -> Path:
    """A path for a socket: short, since a socket's path has at most some hundred characters."""
    return Path(mkdtemp(prefix="sluis-")) / "encoder.sock"


@contextmanager
def answers(
    encoder: Encoder, read: Read = nowhere, *, path: Path | None = None, token: str = "", body_seconds: float = 10.0
) -> Iterator[Path]:
    """Answer on a socket of this machine while the block runs; says which one."""
    with running(application(encoder, read, token, body_seconds), path) as found:
        yield found


@contextmanager
def running(app: web.Application, path: Path | None = None) -> Iterator[Path]:
    """Any server on a socket of this machine."""
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve(listening: socket.socket) -> None:
        async with answering(app, listening):
            ready.set()
            await stop.wait()

    with unix(path or fresh_socket()) as listening:
        thread = threading.Thread(target=loop.run_until_complete, args=(serve(listening),))
        thread.start()
        try:
            assert ready.wait(PATIENCE)
            yield Path(listening.getsockname())
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()
