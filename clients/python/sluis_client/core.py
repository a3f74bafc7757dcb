"""What both clients share: requests, their answers, and when to try again. Nothing here goes over the network."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import httpx

from sluis_client.types import Event

TRIES: Final = 5
AT_ONCE: Final = 1000
"""Events in one request."""

_AGAIN: Final = frozenset({408, 429, 502, 503, 504})
_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 60.0


class SluisError(Exception):
    """The server refused. `code` is stable; `detail` says what to do."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Call:
    """One request. A write has a key of its own, so it may be sent again."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None

    def arguments(self) -> dict[str, Any]:
        """For `httpx`; make them once and send them as often as it takes."""
        given = {name: value for name, value in self.query.items() if value is not None}
        headers = {"Idempotency-Key": str(uuid4())} if self.method in ("POST", "PATCH") else {}
        return {"method": self.method, "url": f"/v1{self.path}", "params": given, "json": self.body, "headers": headers}


def headers(key: str) -> dict[str, str]:
    """Of every request."""
    return {"Authorization": f"Bearer {key}", "User-Agent": "sluis-client/0.1"}


def wait(response: httpx.Response | None, attempt: int) -> float | None:
    """Seconds until the next attempt; None where trying again will not help. Without a response it was not reached."""
    if response is not None and response.status_code not in _AGAIN:
        return None
    if attempt >= TRIES:
        return None
    named = response.headers.get("Retry-After", "") if response is not None else ""
    usual = _FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return min(float(named) if named.isdecimal() else usual, _LONGEST_WAIT)


def answer(response: httpx.Response) -> Any:
    """What the server said. Raises SluisError for a problem."""
    if response.is_success:
        return response.json() if response.content else None
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    code, detail = problem.get("code", "unknown"), problem.get("detail", response.reason_phrase)
    raise SluisError(response.status_code, code, detail)


def named(ref: str) -> str:
    """An id as a part of a path, ours or `ext:` and the caller's own."""
    return quote(ref, safe=":")


def feed(employee: str, limit: int, language: str, written_in: str | None) -> Call:
    """A ranked, explained feed."""
    query = {"limit": limit, "language": language, "written_in": written_in}
    return Call("GET", f"/employees/{named(employee)}/feed", query)


def picks(employee: str, day: date | None, language: str) -> Call:
    """The picks of a day."""
    query = {"day": day.isoformat() if day else None, "language": language}
    return Call("GET", f"/employees/{named(employee)}/picks", query)


def report(events: Iterable[Event]) -> Iterator[Call]:
    """As many requests as it takes."""
    told = [event.wire() for event in events]
    for start in range(0, len(told), AT_ONCE):
        body = {"events": told[start : start + AT_ONCE], "sent_at": datetime.now(UTC).isoformat()}
        yield Call("POST", "/events", body=body)


def employees(cursor: str | None, query: Mapping[str, Any]) -> Call:
    """One page of the directory."""
    return Call("GET", "/employees", {**query, "cursor": cursor, "limit": 200})


def put_employee(employee: str, said: Mapping[str, Any]) -> Call:
    """Create or replace somebody."""
    return Call("PUT", f"/employees/{named(employee)}", body=dict(said))


def consent(employee: str, opted_in: bool) -> Call:
    """Somebody's own answer."""
    return Call("PUT", f"/employees/{named(employee)}/consent", body={"opted_in": opted_in})


def erase(employee: str) -> Call:
    """Erase somebody."""
    return Call("DELETE", f"/employees/{named(employee)}")


def put_article(external_id: str, said: Mapping[str, Any]) -> Call:
    """Hand in an article."""
    return Call("PUT", f"/articles/ext:{quote(external_id)}", body=dict(said))


def eligibility(employee: str, article: str, language: str) -> Call:
    """Why somebody may or may not be shown an article."""
    path = f"/employees/{named(employee)}/eligibility/{quote(article, safe=':/')}"
    return Call("GET", path, {"language": language})
