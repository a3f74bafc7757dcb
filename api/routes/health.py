"""For whoever watches over the process."""

from fastapi import APIRouter

from api.dependencies import Wired
from api.schemas import Health
from catalog import schema

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="The process runs")
def healthz() -> Health:
    """Answers as long as the process does, whatever else is down."""
    return Health(status="ok")


@router.get("/readyz", summary="The process can serve")
def readyz(wired: Wired) -> Health:
    """Answers 503 until the database is there and at the revision that this program needs."""
    schema.require_current(wired.database)
    return Health(status="ok")
