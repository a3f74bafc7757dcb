"""What a source announces, whatever it is written in: the records, and the one way to fill them."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar
from urllib.parse import urljoin

from catalog.errors import Invalid
from ingest import language, plain, urls

MOST_ITEMS: Final = 1000
TITLE_CHARACTERS: Final = 300
AUTHOR_CHARACTERS: Final = 200
SUMMARY_CHARACTERS: Final = 20_000
MOST_MARKUP: Final = 200_000
"""Characters of one field that are looked at: cleaning takes time, and no summary needs more."""

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""No web page is older: an earlier date is a program's way of saying that it knows none."""

NO_ADDRESS: Final = "no web address"
SAME_ID: Final = "same id as one before"
TOO_MANY: Final = f"more than {MOST_ITEMS}"

_KEY_CHARACTERS: Final = 500
_START: Final = 16_384
_MAIL_ADDRESS: Final = re.compile(r"[(<]?[^\s()<>@]+@[^\s()<>@]+[)>]?")
_Entry = TypeVar("_Entry")


class NotAFeed(Invalid):
    """The address answers, but not with a feed."""

    code = "not_a_feed"


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. `key` is what the feed knows it by, `digest` changes when its words or its link do, not its dates.

    `title` is empty where only the page knows it. `language` is only told where it is not the feed's.
    """

    key: str
    url: str
    title: str
    summary: str
    author: str
    published_at: datetime
    digest: str
    language: str | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and its items in its own order. `language` is what it says of itself, as a code such as `nl`.

    `left_out` has a reason for each entry that is no item, and `ttl` is how long the feed asks to be left alone, up to
    a day.
    """

    title: str
    language: str | None
    items: tuple[Item, ...]
    left_out: tuple[str, ...] = ()
    ttl: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What an entry says, as plain text that is already clean."""

    title: str = ""
    summary: str = ""
    author: str = ""


def collect(entries: Iterable[_Entry], read: Callable[[_Entry], Item | None]) -> tuple[tuple[Item, ...], list[str]]:
    """The items among the entries, and why each of the others is none. `read` gives None for one without an address."""
    items: dict[str, Item] = {}
    left_out: list[str] = []
    looked_at = 0
    for entry in entries:
        item = read(entry) if looked_at < MOST_ITEMS else None
        looked_at += item is not None
        if item is None:
            left_out.append(NO_ADDRESS if looked_at < MOST_ITEMS else TOO_MANY)
        elif item.key in items:
            left_out.append(SAME_ID)
        else:
            items[item.key] = item
    return tuple(items.values()), left_out


def item(
    link: str,
    words: Words,
    published_at: datetime,
    *,
    key: str = "",
    item_language: str | None = None,
    image_url: str | None = None,
) -> Item | None:
    """The item that `link` leads to; None where that is no web address. Without a `key` its address is its key."""
    found = address(link)
    if found is None:
        return None
    url, canonical = found
    digest = hashlib.sha256("\0".join((words.title, words.summary, canonical, words.author)).encode()).hexdigest()
    return Item(
        key=_short(plain.line(key) or canonical),
        url=url,
        title=words.title,
        summary=words.summary,
        author=words.author,
        published_at=published_at,
        digest=digest,
        language=item_language,
        image_url=image_url,
    )


def address(told: str, base: str = "") -> tuple[str, str] | None:
    """A web address as it was told and in its canonical spelling; None for anything that is not on the web.

    What was told only stands where browsers, databases and we read it alike: of sensible length, without a user name.
    """
    clean = plain.line(told) if len(told) <= 2 * urls.LONGEST else ""
    if not clean:
        return None
    try:
        absolute = urljoin(base, clean) if base else clean
        canonical = urls.canonical(absolute)
    except (ValueError, urls.BadAddress):
        return None
    usual = absolute.startswith(("https://", "http://")) and "@" not in absolute.split("/", 3)[2]
    return (absolute if usual and len(absolute) <= urls.LONGEST else canonical), canonical


def web_url(told: object, base: str) -> str | None:
    """An address on the web, made absolute; None for anything else."""
    found = address(told, base) if isinstance(told, str) else None
    return found[0] if found else None


def start(body: bytes) -> bytes:
    """How a body begins, in a form that is the same for UTF-8 and UTF-16: enough to tell what it is."""
    return body[:_START].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")


def one_line(text: str, limit: int) -> str:
    """The text of one field as one line, however long it was."""
    return plain.line(text[:MOST_MARKUP], limit)


def author(told: str) -> str:
    """The name alone: many feeds put a mail address beside it, which is nobody's business here."""
    name = _MAIL_ADDRESS.sub("", one_line(told, AUTHOR_CHARACTERS)).strip()
    return name[1:-1] if name.startswith("(") and name.endswith(")") else name


def dated(moments: Iterable[datetime | None], now: datetime) -> datetime:
    """The first moment that can be true; `now` where there is none, or it is still to come."""
    return next((moment for moment in moments if moment is not None and EARLIEST <= moment <= now), now)


def moment(text: str) -> datetime | None:
    """The moment a date of the web stands for, in UTC: `2026-03-02T09:00:00Z`, `2026-03-02`, `Mon, 02 Mar 2026 …`."""
    told = text.strip()[:100]
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse(told)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def own_language(told: str | None, feed_language: str | None) -> str | None:
    """The language of one entry, where it is not the feed's."""
    code = language.code(told)
    return None if code == feed_language else code


def _short(key: str) -> str:
    return key if len(key) <= _KEY_CHARACTERS else hashlib.sha256(key.encode()).hexdigest()
