"""What employees did, reported back; and what they did before, elsewhere."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter

from api.dependencies import V1, Reading, Wired, Writing
from api.history import Past
from api.idempotency import once
from api.paging import Cursor, Limit, Page, page, since
from api.schemas import (
    EventIn,
    EventResult,
    EventsIn,
    EventsOut,
    PastEventsIn,
    PastEventsOut,
    PastResult,
    QuarantinedOut,
)
from api.security import Reporting
from catalog import events, impressions, quarantine
from catalog.errors import Invalid
from catalog.events import Appended
from catalog.ids import ArticleId, EmployeeId, EventId, SlateId
from catalog.impressions import BadImpression, Impression, Signer
from catalog.quarantine import Quarantined
from catalog.records import Event

router = APIRouter(prefix=V1, tags=["events"])

_TRUSTED: Final = timedelta(seconds=30)
"""So far a sender's clock may be off before it is corrected: less may be the way that the request took."""


@router.post("/events", summary="Report what employees did with their feeds")
@once
def report(wired: Wired, key: Reporting, connection: Writing, batch: EventsIn) -> EventsOut:
    """Each event stands for itself and has a result of its own: one that is refused keeps back no other.

    What is accepted is durable before the answer is sent. Safe to send again: a known id is a `duplicate`. `refused` is
    an id that comes back with another body (`event_conflict`), an item that no slate served to that employee
    (`not_served`) and a token that is none of ours (`bad_impression`). A batch of one that is refused is answered with
    that problem itself. `quarantined` is what cannot have happened when it says, more than a day from now or before its
    slate was made: a person decides.
    """
    signer = impressions.signer(connection, key.tenant)
    heard: list[Event] = []
    refused: dict[int, Appended] = {}
    for number, said in enumerate(batch.events):
        try:
            heard.append(_event(said, batch.sent_at, signer, wired.clock()))
        except BadImpression as error:
            refused[number] = Appended(EventId(str(said.id)), "refused", error)
    taken = iter(events.take(connection, key.tenant, heard))
    done = [refused.get(number) or next(taken) for number in range(len(batch.events))]
    if len(done) == 1 and done[0].status == "refused" and done[0].problem is not None:
        raise done[0].problem
    accepted = {each.id for each in done if each.status == "accepted"}
    for event in heard:
        if event.id in accepted:
            wired.metrics.heard(event)
    return EventsOut(results=[_result(each) for each in done])


@router.post("/events:import", summary="Bring along what employees did in another tool")
@once
def bring(wired: Wired, key: Reporting, connection: Writing, batch: PastEventsIn) -> PastEventsOut:
    """For what somebody likes and for training; never an outcome of a feed. Only of people who opted in.

    Safe to send again. An event that does not fit is `refused` and keeps back no other.
    """
    past = Past(connection, key.tenant, wired.clock())
    heard: list[Event] = []
    refused: dict[int, PastResult] = {}
    for number, said in enumerate(batch.events):
        try:
            heard.append(past.event(said.employee, said.article, said.type, said.at))
        except Invalid as error:
            refused[number] = PastResult(status="refused", detail=str(error))
    taken = iter(events.append_history(connection, key.tenant, heard))
    return PastEventsOut(
        results=[
            refused.get(number) or PastResult(status="accepted" if next(taken).status == "accepted" else "duplicate")
            for number in range(len(batch.events))
        ]
    )


@router.get("/events/quarantine", summary="Events that cannot have happened when they say")
def quarantined(key: Reporting, connection: Reading, cursor: Cursor = None, limit: Limit = 50) -> Page[QuarantinedOut]:
    """In the order in which they came. `sluis event release` and `drop` decide about them."""
    found = quarantine.page(connection, key.tenant, limit + 1, since(cursor))
    return page(found, limit, _out, _place)


def _event(said: EventIn, sent_at: datetime | None, signer: Signer | None, now: datetime) -> Event:
    """The event with its time by our clock. Raises BadImpression."""
    shown = _shown(said, signer)
    event = Event(
        id=EventId(str(said.id)),
        type=said.type,
        article_id=shown.article,
        at=said.at,
        received_at=now,
        slate_id=shown.slate,
        employee_id=shown.employee,
        sent_at=sent_at,
    )
    if sent_at is None or abs(now - sent_at) <= _TRUSTED:
        return event
    return replace(event, at=said.at + (now - sent_at), said_at=said.at)


def _shown(said: EventIn, signer: Signer | None) -> Impression:
    if said.impression is None:
        return Impression(
            SlateId(str(said.slate_id)), ArticleId(str(said.article_id)), EmployeeId(str(said.employee_id))
        )
    if signer is None:
        raise BadImpression("no impression was ever given out here: send it as it came with the item")
    return signer.read(said.impression)


def _result(done: Appended) -> EventResult:
    why = done.problem
    return EventResult(id=done.id, status=done.status, code=why.code if why else None, detail=str(why) if why else None)


def _place(waiting: Quarantined) -> tuple[str, ...]:
    return waiting.event.received_at.isoformat(), waiting.event.id


def _out(waiting: Quarantined) -> QuarantinedOut:
    event = waiting.event
    return QuarantinedOut(
        id=event.id,
        type=event.type,
        slate_id=event.slate_id or "",
        article_id=event.article_id,
        employee_id=event.employee_id or "",
        at=event.at,
        received_at=event.received_at,
        reason=waiting.reason,
    )
