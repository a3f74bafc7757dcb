"""What employees did, reported back."""

from fastapi import APIRouter

from api.dependencies import Wired, Writing
from api.idempotency import once
from api.schemas import EventResult, EventsIn, EventsOut
from api.security import Reporting
from catalog import events
from catalog.ids import ArticleId, EmployeeId, EventId, SlateId
from catalog.records import Event

router = APIRouter(tags=["events"])


@router.post("/events", summary="Report what employees did with their feeds")
@once
def report(wired: Wired, key: Reporting, connection: Writing, batch: EventsIn) -> EventsOut:
    """All or nothing, durable before the answer is sent, and safe to send again: a known id is a `duplicate`.

    Refused with 409 where an id comes back with another body, with 422 where the slate never served that article to
    that employee.
    """
    received_at = wired.clock()
    heard = [
        Event(
            id=EventId(str(event.id)),
            type=event.type,
            article_id=ArticleId(str(event.article_id)),
            at=event.at,
            received_at=received_at,
            slate_id=SlateId(str(event.slate_id)),
            employee_id=EmployeeId(str(event.employee_id)),
        )
        for event in batch.events
    ]
    appended = events.append(connection, key.tenant, heard)
    return EventsOut(results=[EventResult(id=done.id, status=done.status) for done in appended])
