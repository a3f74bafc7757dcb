"""The application: routes, errors, documentation. Made by the roof, which knows the services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from anyio import to_thread
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_standalone_docs import StandaloneDocs

from api import errors
from api.caching import ETags
from api.dependencies import Services
from api.examples import illustrate
from api.limits import BodyLimit
from api.routes import (
    articles,
    curation,
    events,
    exports,
    feed,
    health,
    library,
    models,
    people,
    rank,
    scim,
    suggestions,
    syndication,
    tags,
    vocabulary,
    webhooks,
    why,
)
from api.schemas import Problem
from api.watch import Watch

# what hangs below an article comes before the articles, whose ids may have slashes in them
_V1 = (
    *(feed, rank, why, curation, vocabulary, library, articles, tags, models, exports),
    *(people, syndication, suggestions, events, webhooks),
)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {"application/problem+json": {}}, "description": description}
    for status, description in {
        401: "The key or the token is missing, unknown, expired or revoked.",
        403: "The key or the token, or the person, does not allow this.",
        404: "There is no such thing for this tenant.",
        405: "There is no such method on this path.",
        408: "The body took too long to arrive.",
        409: "The state of things does not allow it.",
        413: "The request is too long.",
        422: "The request cannot be accepted as it is.",
        429: "The key, its organisation or this address asks too often; go on after `Retry-After` seconds.",
        503: "A part that this needs is away; try again after `Retry-After` seconds.",
    }.items()
}

_NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own names paths and queries, which have ids of employees in them: the roof makes traces without."""


_SPARE: Final = 20
"""Threads besides one for each request: whoever watches the house is always answered."""


class Api(FastAPI):
    """An application whose description has examples."""

    def openapi(self) -> dict[str, Any]:
        """The description of the whole API; made once."""
        if self.openapi_schema is None:
            illustrate(super().openapi())
        return super().openapi()


def create_app(services: Services) -> FastAPI:
    """The whole HTTP edge over these services."""

    @asynccontextmanager
    async def one_thread_each(_: FastAPI) -> AsyncIterator[None]:
        """Else those who wait for their turn to write take all threads, and who has the turn finds none to end it."""
        to_thread.current_default_thread_limiter().total_tokens = services.most_at_once + _SPARE
        yield

    app = Api(
        title="Sluis",
        version="1",
        summary="The right article to the right job function, and to nobody else.",
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        lifespan=one_thread_each,
    )
    app.state.services = services
    errors.install(app)
    # the last to be added is the first to be asked
    app.add_middleware(BodyLimit)
    app.add_middleware(ETags)
    app.add_middleware(Watch, metrics=services.metrics, most_at_once=services.most_at_once)
    app.include_router(health.router, responses={status: _PROBLEMS[status] for status in (401, 404, 503)})
    for module in _V1:
        app.include_router(module.router, responses=_PROBLEMS)
    app.include_router(syndication.readers, responses={status: _PROBLEMS[status] for status in (404, 405, 422, 503)})
    app.include_router(scim.router)
    StandaloneDocs(app)  # the documentation page brings its own scripts: nothing is fetched from elsewhere
    return app
