"""Pages that another process reads for us: the one that serves neither fetches nor parses what strangers wrote.

The side that reads is `sluis.encoding`, with the guard, the manners and the children of ingestion itself.
"""

from dataclasses import dataclass

import orjson

from catalog.errors import Invalid, Unavailable
from models.remote import Exchange


class Unreadable(Invalid):
    """There is nothing to read at this address, or we may not."""

    code = "unreadable"


class NotReadNow(Unavailable):
    """The address could not be read this time."""

    code = "not_read_now"


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to read of an article; `url` is where it was read, `language` what the page says it is in."""

    title: str
    lead: str
    text: str
    language: str | None = None
    url: str | None = None


def read(exchange: Exchange, url: str) -> Told:
    """The article at an address.

    Raises Unreadable where the address is refused or holds no article, NotReadNow where a later try may help, and
    EncoderAway where nobody is there to read it.
    """
    reply = exchange.ask("/read", {"url": url})
    if reply.status == 200:
        return Told(**orjson.loads(reply.content))
    if reply.status == 422:
        raise Unreadable(reply.problem())
    raise NotReadNow(reply.problem())
