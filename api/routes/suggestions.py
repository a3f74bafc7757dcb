"""Addresses that employees send in."""

from fastapi import APIRouter

from api.dependencies import V1, Wired, Writing
from api.idempotency import once
from api.ids import EmployeeRef, employee
from api.schemas import SuggestionIn, SuggestionOut
from api.security import Sending
from ingest.suggested import suggest

router = APIRouter(prefix=V1, tags=["content"])


@router.post("/employees/{employee_id}/suggestions", status_code=202, summary="Suggest a page for an employee")
@once
def suggestion(
    wired: Wired, key: Sending, connection: Writing, employee_id: EmployeeRef, page: SuggestionIn
) -> SuggestionOut:
    """The page is read by the next `sluis ingest` and waits for a curator like any other.

    An address that is here already is `known`. Refused with 409 after twenty addresses within a day.
    """
    found = suggest(connection, key.tenant, employee(connection, key.tenant, employee_id), page.url, wired.clock())
    status = "known" if found.known else "accepted"
    return SuggestionOut(url=found.url, status=status, article_id=found.article_id)
