"""The client for threads."""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import count
from typing import Any, Self, cast

import httpx

from sluis_client import core
from sluis_client.core import Call
from sluis_client.types import Employee, Event, EventResult, Feed


class Client:
    """Calls one server with one key. Threads may share it."""

    def __init__(self, server: str, key: str, *, timeout: float = 30.0, http: httpx.Client | None = None) -> None:
        """`http` is for those who need a proxy or certificates of their own."""
        self._http = http or httpx.Client(base_url=server, timeout=timeout)
        self._http.headers.update(core.headers(key))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def feed(self, employee: str, *, limit: int = 10, language: str = "en", written_in: str | None = None) -> Feed:
        """A ranked, explained feed for one employee."""
        return cast(Feed, self._do(core.feed(employee, limit, language, written_in)))

    def picks(self, employee: str, *, day: date | None = None, language: str = "en") -> Feed:
        """The picks of a day, today's unless told otherwise."""
        return cast(Feed, self._do(core.picks(employee, day, language)))

    def report(self, events: Iterable[Event]) -> list[EventResult]:
        """What employees did, in as many requests as it takes; a result for each, in order.

        A single event that is refused raises SluisError.
        """
        results: list[EventResult] = []
        for call in core.report(events):
            results += (self._do(call))["results"]
        return results

    def put_employee(self, employee: str, email: str, name: str, **said: Sequence[str]) -> Employee:
        """Create or replace somebody: `functions`, `industries`, `languages`, `regions`, `units`. Opts nobody in."""
        return cast(Employee, self._do(core.put_employee(employee, {"email": email, "name": name, **said})))

    def consent(self, employee: str, *, opted_in: bool) -> Employee:
        """Somebody's own answer to whether they take part."""
        return cast(Employee, self._do(core.consent(employee, opted_in)))

    def erase(self, employee: str) -> None:
        """Erase somebody, for good."""
        self._do(core.erase(employee))

    def employees(self, **query: str | bool) -> Iterator[Employee]:
        """Everybody, page by page: `function`, `opted_in`, `q`."""
        cursor: str | None = None
        while True:
            page = self._do(core.employees(cursor, query))
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def put_article(self, external_id: str, title: str, **said: Any) -> dict[str, Any]:
        """Hand in an article, or another version of it: `text` or `html`, `url`, `language`, `audience`, `tags`, …"""
        return cast(dict[str, Any], self._do(core.put_article(external_id, {"title": title, **said})))

    def eligibility(self, employee: str, article: str, *, language: str = "en") -> dict[str, Any]:
        """Why somebody may or may not be shown an article."""
        return cast(dict[str, Any], self._do(core.eligibility(employee, article, language)))

    def _do(self, call: Call) -> Any:
        arguments = call.arguments()
        for attempt in count(1):
            response: httpx.Response | None = None
            try:
                response = self._http.request(**arguments)
            except httpx.TransportError:
                pause = core.wait(None, attempt)
                if pause is None:
                    raise
            else:
                pause = core.wait(response, attempt)
                if pause is None:
                    return core.answer(response)
            time.sleep(pause)
        raise AssertionError("it is tried until there is an answer")
