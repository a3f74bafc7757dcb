"""Errors become HTTP here and nowhere else: RFC 9457 problem details with our stable codes."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
import sqlalchemy.exc
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from scim2_models import SCIMException
from starlette.exceptions import HTTPException

from api import wording
from api.rates import TooMany
from api.scim import errors as scim
from catalog.errors import Conflict, Forbidden, Invalid, NotFound, SluisError, Unauthorised, Unavailable

log = logging.getLogger(__name__)

_STATUS: Final[Mapping[type[SluisError], HTTPStatus]] = {
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
    Unauthorised: HTTPStatus.UNAUTHORIZED,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
}


def problem(path: str, status: HTTPStatus, code: str, detail: str, **more: Any) -> Response:
    """One problem document, in the form of whatever answers at this path. `code` is stable, `detail` is for people."""
    if path.startswith(scim.PATH):
        answer = scim.told(status, code, detail)
    else:
        body = {"type": "about:blank", "title": status.phrase, "status": status, "code": code, "detail": detail, **more}
        answer = Response(orjson.dumps(body), status, media_type="application/problem+json")
    if status is HTTPStatus.UNAUTHORIZED:
        refused = "Bearer" if code == Unauthorised.code else 'Bearer error="invalid_token"'
        answer.headers["WWW-Authenticate"] = refused
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = "5"
    return answer


def install(app: FastAPI) -> None:
    """Answer every error of this program, of validation and of routing as a problem."""

    @app.exception_handler(SluisError)
    def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, SluisError)  # noqa: S101 - what the decorator above registers it for
        status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
        told = problem(request.url.path, status, error.code, str(error))
        if isinstance(error, TooMany):
            told.headers["Retry-After"] = str(error.retry_after)
        return told

    @app.exception_handler(SCIMException)
    def of_scim(_request: Request, error: Exception) -> Response:
        assert isinstance(error, SCIMException)  # noqa: S101
        return scim.error(error.to_error())

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        places = wording.told(error.errors())
        detail = "; ".join(f"{place['where']}: {place['what']}" for place in places[:5])
        return problem(request.url.path, HTTPStatus.UNPROCESSABLE_ENTITY, "malformed", detail, errors=places)

    @app.exception_handler(HTTPException)
    def routing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        status = HTTPStatus(error.status_code)
        if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # whose name in Python has changed over the years
            return problem(request.url.path, status, "too_large", error.detail)
        return problem(request.url.path, status, status.name.lower(), f"{error.detail}: see /docs for what there is")

    @app.exception_handler(sqlalchemy.exc.TimeoutError)
    @app.exception_handler(sqlalchemy.exc.OperationalError)
    def overloaded(request: Request, error: Exception) -> Response:
        log.error("the database did not answer %s: %s", request.url.path, getattr(error, "orig", error))
        detail = "the database is busy or away: send the same again later"
        return problem(request.url.path, HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail)

    @app.exception_handler(sqlalchemy.exc.IntegrityError)
    def raced(request: Request, error: Exception) -> Response:
        log.warning("two at once on %s: %s", request.url.path, type(getattr(error, "orig", error)).__name__)
        return problem(
            request.url.path, HTTPStatus.CONFLICT, "conflict", "somebody changed the same at that moment: send it again"
        )

    @app.exception_handler(sqlalchemy.exc.DataError)
    def unstorable(request: Request, error: Exception) -> Response:
        log.warning("unstorable on %s: %s", request.url.path, type(getattr(error, "orig", error)).__name__)
        detail = "a text has a character that cannot be kept, such as NUL: send it without"
        return problem(request.url.path, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> Response:
        log.error("unexpected %s on %s", type(error).__name__, request.url.path, exc_info=error)
        return problem(
            request.url.path,
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong here; it has been logged",
        )
