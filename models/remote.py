"""An encoder that lives in another process: what needs a vector now and then need not load torch for it.

It answers over a socket on this machine, or over TCP with a token on another one. The side that answers is
`sluis.encoding`.
"""

import asyncio
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import aiohttp
import numpy as np
import orjson

from catalog.errors import Invalid, Unavailable
from models.protocols import Progress, Vectors

MOST_TEXTS: Final = 256
MOST_CHARACTERS: Final = 1_000_000
"""Of one request, all texts together."""

DIGEST_HEADER: Final = "Sluis-Encoder"
DIMENSIONS_HEADER: Final = "Sluis-Dimensions"

_CONNECT_SECONDS: Final = 5.0
_START: Final = "start 'sluis work' or 'sluis encode', and give it a minute to load"


class EncoderAway(Unavailable):
    """The process that encodes does not answer, or cannot be used now."""

    code = "encoder_away"


class WrongToken(EncoderAway):
    """It answers, but not to us."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the encoder answers: at `url` with `token` where there is one, else on the socket of this machine."""

    socket: Path
    url: str = ""
    token: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.url or str(self.socket)


class Reply(NamedTuple):
    """What came back. `content` is JSON, except that vectors are bare numbers."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def problem(self) -> str:
        """What the other side says is wrong, or what can be said of an answer that is none of ours."""
        try:
            return str(orjson.loads(self.content)["detail"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return f"answer {self.status}, which is none of ours: check SLUIS_ENCODER_URL"


class Exchange:
    """Asks the process that encodes. Each question has a connection of its own, so it may restart between two.

    For threads, not for coroutines: it waits for the answer, `seconds` at the most.
    """

    def __init__(self, address: Address, seconds: float = 60.0) -> None:
        self.address = address
        self._seconds = seconds

    def ask(self, path: str, question: Mapping[str, object] | None = None) -> Reply:
        """Send a question, as JSON; without one, only look. Raises EncoderAway, WrongToken."""
        try:
            body = None if question is None else orjson.dumps(question)
        except orjson.JSONEncodeError as error:
            raise Invalid("a text has half a character in it: send proper Unicode") from error
        try:
            reply = asyncio.run(self._ask(path, body))
        except TimeoutError:
            raise EncoderAway(
                f"the encoder at {self.address} did not answer within {self._seconds:g} seconds: try again later"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise EncoderAway(f"no encoder answers at {self.address}: {_START}") from error
        if reply.status == 401:
            raise WrongToken(
                f"the encoder at {self.address} does not know our token: set SLUIS_ENCODER_TOKEN to the one it has"
            )
        return reply

    async def _ask(self, path: str, body: bytes | None) -> Reply:
        there = self.address
        connector = aiohttp.TCPConnector() if there.url else aiohttp.UnixConnector(str(there.socket))
        timeout = aiohttp.ClientTimeout(total=self._seconds, sock_connect=_CONNECT_SECONDS)
        headers = {"Authorization": f"Bearer {there.token}"} if there.token else {}
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers, trust_env=False) as session,
            session.request(
                "GET" if body is None else "POST",
                f"{there.url.rstrip('/') or 'http://localhost'}{path}",
                data=None if body is None else io.BytesIO(body),
                allow_redirects=False,
            ) as response,
        ):
            return Reply(response.status, dict(response.headers), await response.read())


class RemoteEncoder:
    """That encoder as a `models.protocols.Encoder`. Every method raises EncoderAway where nobody answers."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._known: tuple[str, int] | None = None

    @property
    def digest(self) -> str:
        """64 hex digits that name weights and preprocessing."""
        return self._facts()[0]

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._facts()[1]

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit vectors, in the order of `texts`, all of the encoder that `digest` names.

        Raises EncoderAway, also where another encoder took its place since; Invalid for a text that is too long.
        """
        parts = []
        for part in _batches(texts):
            parts.append(self._encode(part))
            if progress is not None:
                progress(len(part))
        return np.concatenate(parts) if parts else np.empty((0, self.dimensions), np.float32)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        reply = self._exchange.ask("/encode", {"texts": texts})
        facts = self._told(reply)
        try:
            vectors = np.frombuffer(reply.content, "<f4").astype(np.float32).reshape(len(texts), facts[1])
        except ValueError as error:
            raise EncoderAway(f"the encoder at {self._exchange.address} gave half an answer: try again") from error
        if not np.isfinite(vectors).all():
            raise EncoderAway(f"the encoder at {self._exchange.address} gave a vector that is not finite: {_START}")
        return vectors

    def _facts(self) -> tuple[str, int]:
        return self._known or self._told(self._exchange.ask("/"))

    def _told(self, reply: Reply) -> tuple[str, int]:
        """Which encoder an answer is of."""
        if reply.status in (413, 422):
            raise Invalid(reply.problem())
        if reply.status != 200:
            raise EncoderAway(reply.problem())
        try:
            told = reply.headers[DIGEST_HEADER], int(reply.headers[DIMENSIONS_HEADER])
        except (KeyError, ValueError):
            raise EncoderAway(f"what answers at {self._exchange.address} is no encoder: {_START}") from None
        if self._known not in (None, told):
            raise EncoderAway("the encoder was exchanged for another one while it was used: try again")
        self._known = told
        return told


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in requests, none of them too long."""
    start, characters = 0, 0
    for place, text in enumerate(texts):
        if len(text) > MOST_CHARACTERS:
            raise Invalid(f"a text of {len(text):,} characters cannot be encoded: at most {MOST_CHARACTERS:,}")
        if place - start == MOST_TEXTS or characters + len(text) > MOST_CHARACTERS:
            yield texts[start:place]
            start, characters = place, 0
        characters += len(text)
    if start < len(texts):
        yield texts[start:]
