"""Long lists, page by page: a cursor says where the page before ended, so that nothing is told twice or left out."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import Field

from api.schemas import Answer
from catalog.errors import Invalid

Item = TypeVar("Item")

Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before; leave it out for the first page.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many a page.")]


class BadCursor(Invalid):
    """It is no cursor of this list."""

    code = "bad_cursor"


class Page(Answer, Generic[Item]):
    """Some items of a list, and the cursor of the page after; null at the end."""

    items: list[Item]
    next: str | None = Field(description="Send it back as `cursor` for the page after; null on the last one.")


def cursor(*place: str) -> str:
    """Where a page ended, as one word that means nothing to the caller."""
    return urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def place(given: str | None, parts: int) -> tuple[str, ...] | None:
    """Where the page before ended, in so many parts; None for the first page. Raises BadCursor."""
    if given is None:
        return None
    try:
        found = orjson.loads(urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except (Error, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != parts or not all(isinstance(part, str) for part in found):
        raise BadCursor("this cursor is none of this list: send back `next` as it came, or begin without one")
    return tuple(found)


def page(items: Sequence[Item], limit: int, last: tuple[str, ...]) -> Page[Item]:
    """The page of the first `limit` of `items`, of which one more was read than is shown; `last` is where it ends."""
    return Page(items=list(items[:limit]), next=cursor(*last) if len(items) > limit else None)
