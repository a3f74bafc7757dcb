"""Long lists, page by page: a cursor says where the page before ended, so that nothing is told twice or left out."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import Field

from api.schemas import Answer
from catalog.errors import Invalid

Item = TypeVar("Item")
Found = TypeVar("Found")

PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$"
"""What a word to look for may consist of: no database likes the others."""

Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before; leave it out for the first page.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many a page.")]


class BadCursor(Invalid):
    """It is no cursor of this list."""

    code = "bad_cursor"

    def __init__(self) -> None:
        super().__init__("this cursor is none of this list: send it back as it came, or begin without one")


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
        raise BadCursor
    return tuple(found)


def since(given: str | None) -> tuple[datetime, str] | None:
    """Where the page before ended in a list that is in the order of a moment, then an id. Raises BadCursor."""
    found = place(given, 2)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[0]).astimezone(UTC), found[1]
    except (OverflowError, ValueError):
        raise BadCursor from None


def page(
    found: Sequence[Found], limit: int, out: Callable[[Found], Item], ends_at: Callable[[Found], tuple[str, ...]]
) -> Page[Item]:
    """The page of the first `limit` that were found, of which one more was asked for than is shown.

    `out` is what is shown of one, `ends_at` the place after which the next page begins.
    """
    shown = found[:limit]
    more = len(found) > limit
    return Page(items=[out(each) for each in shown], next=cursor(*ends_at(shown[-1])) if more else None)
