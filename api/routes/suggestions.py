"""Addresses that employees send in."""

from fastapi import APIRouter

from api.dependencies import Wired, Writing
from api.schemas import Id, SuggestionIn, SuggestionOut
from api.security import Browsing
from catalog.ids import EmployeeId
from ingest.suggested import suggest

router = APIRouter(tags=["content"])


@router.post("/employees/{employee_id}/suggestions", status_code=202, summary="Suggest a page for an employee")
def suggestion(
    wired: Wired, tenant: Browsing, connection: Writing, employee_id: Id, page: SuggestionIn
) -> SuggestionOut:
    """The page is read by the next `sluis ingest` and waits for a curator like any other.

    An address that is here already is `known`. Refused with 409 after twenty addresses within a day.
    """
    found = suggest(connection, tenant, EmployeeId(str(employee_id)), page.url, wired.clock())
    status = "known" if found.known else "accepted"
    return SuggestionOut(url=found.url, status=status, article_id=found.article_id)
