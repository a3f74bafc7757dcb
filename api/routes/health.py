"""For whoever watches over the process."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.dependencies import Services, Wired
from api.metrics import Standing
from api.schemas import Health
from catalog import schema
from catalog.errors import NotFound, Unauthorised

router = APIRouter(tags=["operations"])

_token = HTTPBearer(auto_error=False, scheme_name="MetricsToken", description="SLUIS_METRICS_TOKEN of the server.")


@router.get("/healthz", summary="The process runs")
def healthz() -> Health:
    """Answers as long as the process does, whatever else is down."""
    return Health(status="ok")


@router.get("/readyz", summary="The process can serve")
def readyz(wired: Wired) -> Health:
    """Answers 503 until the database is there and at the revision that this program needs."""
    schema.require_current(wired.database)
    return Health(status="ok")


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(wired: Wired, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_token)]) -> Response:
    """Counts and times of this program, in Prometheus' text format; 404 where the operator has set no token for it."""
    if not wired.metrics_token:
        raise NotFound("nobody may read the metrics: set SLUIS_METRICS_TOKEN, and send it as a bearer token")
    if given is None or not hmac.compare_digest(given.credentials.encode(), wired.metrics_token.encode()):
        raise Unauthorised("send the server's SLUIS_METRICS_TOKEN as 'Authorization: Bearer …'")
    page = wired.metrics.page(_standing(wired))
    return Response(page, media_type="text/plain; version=0.0.4; charset=utf-8")


def _standing(wired: Services) -> Standing:
    return Standing(wired.database.of, wired.metrics.tenants, lambda tenant: wired.feeds(tenant).seq, wired.clock())
