"""Answer other processes of the house: encode their texts, and read addresses for them.

Who serves loads neither torch nor a parser, so it asks here, through `models.remote` and `ingest.remote`. What is asked
is never logged: it may be a text that nobody was meant to see yet.
"""

import asyncio
import hmac
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.clock import utcnow
from catalog.errors import Invalid, SluisError, Unauthorised
from ingest import pages, urls
from ingest.extract import Page
from ingest.fetch import FetchFailed
from ingest.worker import Worker
from models.protocols import Encoder, Vectors
from models.remote import DIGEST_HEADER, DIMENSIONS_HEADER, MOST_CHARACTERS, MOST_TEXTS
from sluis.doors import answering
from sluis.stopping import drain_on_signal
from sluis.wiring import House

Read = Callable[[str], Awaitable[Page]]
"""What the page at an address says. Raises FetchFailed, or Invalid where it holds no article."""

_MOST_BYTES: Final = 4 * MOST_CHARACTERS + 100_000
_READ_AT_ONCE: Final = 4
_READ_SECONDS: Final = 45.0
_BODY_SECONDS: Final = 10.0
_TOGETHER: Final = 64
"""Texts that are encoded in one go, if they are not of one request: who comes next waits no longer than that."""

log = logging.getLogger(__name__)


class Texts(BaseModel):
    """What to encode."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    texts: Annotated[tuple[str, ...], Field(max_length=MOST_TEXTS)]


class Where(BaseModel):
    """What to read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    url: Annotated[str, Field(min_length=1, max_length=urls.LONGEST)]


Question = TypeVar("Question", bound=BaseModel)


class Turns:
    """Encodes off the event loop, one batch at a time. What comes in meanwhile makes up the next batch together."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoder")
        self._waiting: list[tuple[Sequence[str], asyncio.Future[Vectors]]] = []
        self._turn = asyncio.Lock()

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, in the order of `texts`. Raises what the encoder raises."""
        loop = asyncio.get_running_loop()
        promise: asyncio.Future[Vectors] = loop.create_future()
        self._waiting.append((texts, promise))
        async with self._turn:
            if not promise.done():  # so it is the first that waits
                await self._encode(loop, self._batch())
        return promise.result()

    def _batch(self) -> list[tuple[Sequence[str], asyncio.Future[Vectors]]]:
        count, places = 0, 0
        for texts, _ in self._waiting:
            count += len(texts)
            if places and count > _TOGETHER:
                break
            places += 1
        batch, self._waiting = self._waiting[:places], self._waiting[places:]
        return batch

    async def _encode(
        self, loop: asyncio.AbstractEventLoop, batch: list[tuple[Sequence[str], asyncio.Future[Vectors]]]
    ) -> None:
        every = [text for texts, _ in batch for text in texts]
        try:
            vectors = await loop.run_in_executor(self._thread, self._encoder.encode, every)
        except Exception as error:  # noqa: BLE001 - it is each asker's to handle
            for _, promise in batch:
                promise.set_exception(error)
            return
        start = 0
        for texts, promise in batch:
            promise.set_result(vectors[start : start + len(texts)])
            start += len(texts)


def application(encoder: Encoder, read: Read, token: str = "", body_seconds: float = _BODY_SECONDS) -> web.Application:
    """The routes: `GET /` says which encoder this is, `POST /encode` and `POST /read` do what they say.

    With a `token`, who does not send it is refused before anything they send is read.
    """
    turns, readers = Turns(encoder), asyncio.Semaphore(_READ_AT_ONCE)
    told = {DIGEST_HEADER: encoder.digest, DIMENSIONS_HEADER: str(encoder.dimensions)}

    async def about(_: web.Request) -> web.Response:
        return web.Response(headers=told)

    async def encode(request: web.Request) -> web.Response:
        texts = (await _question(request, Texts, body_seconds)).texts
        if sum(map(len, texts)) > MOST_CHARACTERS:
            raise Invalid(f"a request has at most {MOST_CHARACTERS:,} characters: send less at once")
        vectors = await turns.encode(texts)
        content = vectors.astype("<f4").tobytes()
        return web.Response(body=content, headers=told, content_type="application/octet-stream")

    async def reading(request: web.Request) -> web.Response:
        where = await _question(request, Where, body_seconds)
        async with readers, asyncio.timeout(_READ_SECONDS):
            page = await read(where.url)
        found = {name: getattr(page, name) for name in ("title", "lead", "text", "language")}
        content = orjson.dumps({**found, "url": page.canonical_url})
        return web.Response(body=content, content_type="application/json")

    app = web.Application(client_max_size=_MOST_BYTES, middlewares=[_problems, _doorkeeper(token)])
    app.add_routes([web.get("/", about), web.post("/encode", encode), web.post("/read", reading)])
    return app


def run(house: House, encoder: Encoder, listening: socket.socket, token: str) -> None:
    """Answer until SIGTERM or SIGINT; a second one ends it at once."""

    async def until_told() -> None:
        stop = asyncio.Event()
        drain_on_signal(stop.set)
        await answer(house, encoder, listening, stop, token)

    asyncio.run(until_told())
    log.info("drained: whoever asked has an answer")


async def answer(
    house: House, encoder: Encoder, listening: socket.socket, stop: asyncio.Event, token: str = ""
) -> None:
    """Answer on this socket until told to stop; what is under way then is answered first."""
    async with reader(house) as read, answering(application(encoder, read, token), listening):
        log.info("encoder %s answers", encoder.digest[:12])
        await stop.wait()


@asynccontextmanager
async def reader(house: House) -> AsyncIterator[Read]:
    """Reads pages as ingestion does, robots.txt and all."""
    async with Worker(house.database, house.tenant, house.settings.ingest_options(), utcnow) as worker:

        async def read(url: str) -> Page:
            return await pages.visit_page(worker, urls.canonical(url), internal=False)

        yield read


async def _question(request: web.Request, kind: type[Question], seconds: float) -> Question:
    """What is asked. Raises Invalid; TimeoutError where it takes longer to send than anybody's network does."""
    async with asyncio.timeout(seconds):
        body = await request.read()
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise Invalid(f"{where}: {first['msg']}") from None


def _doorkeeper(token: str) -> Callable[..., Awaitable[web.StreamResponse]]:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Callable[..., Awaitable[web.StreamResponse]]) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if token and not hmac.compare_digest(given, expected):
            raise Unauthorised("send the token as 'Authorization: Bearer …': it is in SLUIS_ENCODER_TOKEN")
        return await handler(request)

    return check


@web.middleware
async def _problems(request: web.Request, handler: Callable[..., Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Errors as JSON. Of one that nobody thought of, only the kind is logged: its words may be those of the text."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _problem(HTTPStatus(error.status), error.reason)
    except TimeoutError:
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "it took too long: try again later")
    except SluisError as error:
        return _problem(_status(error), str(error))
    except Exception as error:  # noqa: BLE001 - the process goes on
        log.error("unexpected %s on %s", type(error).__name__, request.path)
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong here; it has been logged")


def _status(error: SluisError) -> HTTPStatus:
    if isinstance(error, Invalid) or (isinstance(error, FetchFailed) and error.permanent):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.UNAUTHORIZED if isinstance(error, Unauthorised) else HTTPStatus.SERVICE_UNAVAILABLE


def _problem(status: HTTPStatus, detail: str) -> web.Response:
    return web.Response(status=status, body=orjson.dumps({"detail": detail}), content_type="application/problem+json")
