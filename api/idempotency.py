"""Send it again without fear: a request with an Idempotency-Key has its effect once.

PUT and DELETE are idempotent by what they do; POST and PATCH become it here. The answer is remembered in the request's
own transaction, so a process that dies in between has done nothing, and the same request does it then.
"""

import hashlib
import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import orjson
from fastapi import Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from api.dependencies import services
from catalog import answers
from catalog.answers import Answer
from catalog.keys import Caller

_Given = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Chosen by you, unique per request: the same again gets the first answer for 24 hours.",
    ),
]


def once(endpoint: Callable[..., BaseModel]) -> Callable[..., BaseModel | Response]:
    """Let a handler with a `key: Caller` and a `connection` to write take an Idempotency-Key."""
    plain = inspect.signature(endpoint)
    more = [
        inspect.Parameter("_request", inspect.Parameter.KEYWORD_ONLY, annotation=Request),
        inspect.Parameter("_idempotency_key", inspect.Parameter.KEYWORD_ONLY, annotation=_Given, default=None),
    ]

    @wraps(endpoint)
    def answered(*, _request: Request, _idempotency_key: str | None, **given: Any) -> BaseModel | Response:
        if _idempotency_key is None:
            return endpoint(**given)
        key, connection = given["key"], given["connection"]
        assert isinstance(key, Caller)  # noqa: S101 - by the convention that the docstring names
        assert isinstance(connection, Connection)  # noqa: S101
        now = services(_request).clock()
        known = answers.begin(connection, key, _idempotency_key, _hash(_request, given), now)
        if known is None:
            status = _request.scope["route"].status_code or 200
            known = Answer(status, endpoint(**given).model_dump_json(by_alias=True).encode())
            answers.keep(connection, key, _idempotency_key, known)
        return Response(known.body, known.status, media_type="application/json")

    answered.__signature__ = plain.replace(parameters=[*plain.parameters.values(), *more])  # type: ignore[attr-defined]
    return answered


def _hash(request: Request, given: dict[str, Any]) -> str:
    """What tells two requests apart: method, address, and everything in the body that was understood."""
    bodies = [each.model_dump(mode="json") for each in given.values() if isinstance(each, BaseModel)]
    said = [request.method, request.url.path, request.url.query, bodies]
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
