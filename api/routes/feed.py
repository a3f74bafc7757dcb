"""A person's feed, and their picks of a day."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection

from api.dependencies import V1, Services, Wired
from api.ids import EmployeeRef, employee, employee_of
from api.routes.articles import article_out
from api.schemas import FeedOut, PickOut, PicksOut, ReasonOut
from api.security import Recommending
from catalog import impressions, people, picks
from catalog.ids import TenantId
from catalog.impressions import Impression, Signer
from catalog.records import Slate
from catalog.taxonomy import Language
from ranking.explain import in_words
from ranking.feed import shown

router = APIRouter(prefix=V1, tags=["recommendation"])


@router.get("/employees/{employee_id}/feed", summary="A ranked, explained feed for one employee")
def feed(
    wired: Wired,
    tenant: Recommending,
    employee_id: EmployeeRef,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    language: Annotated[Language, Query(description="The language of the reasons.")] = "en",
    written_in: Annotated[
        str | None,
        Query(pattern="^[a-z]{2}$", description="Only articles in this language; default: all the person reads."),
    ] = None,
) -> FeedOut:
    """Only articles whose audience admits this person on every hard axis, ranked, with reasons.

    The same slate is returned until the person does something, content changes, or 30 minutes have passed, so asking
    often costs no exposure.
    """
    now, service, database = wired.clock(), wired.feeds(tenant), wired.database.of(tenant)
    slate = service.serve(database, employee_of(database, tenant, employee_id), now, limit, written_in)
    with database.read() as connection:
        found = items(connection, wired, tenant, slate, now, language)
    return FeedOut(
        slate_id=slate.id,
        employee_id=slate.employee_id,
        created_at=slate.created_at,
        ranker=slate.ranker,
        degraded=slate.degraded,
        degraded_reason=service.why_degraded(slate),
        items=found,
    )


@router.get("/employees/{employee_id}/picks", summary="The picks of a day for one employee")
def picks_of_day(
    wired: Wired,
    tenant: Recommending,
    employee_id: EmployeeRef,
    day: Annotated[date | None, Query(description="Default: today, in the server's time zone.")] = None,
    language: Annotated[Language, Query(description="The language of the reasons.")] = "en",
) -> PicksOut:
    """What `sluis picks make` chose for this person, read and checked again, not ranked.

    Without picks of that day, or once they opted out or were deactivated, `slate_id` is null and `items` are empty.
    """
    now = wired.clock()
    asked = day or now.astimezone().date()
    with wired.database.of(tenant).read() as connection:
        who = employee(connection, tenant, employee_id)
        takes_part = people.get(connection, tenant, who).takes_part
        slate = picks.get(connection, tenant, who, asked) if takes_part else None
        found = items(connection, wired, tenant, slate, now, language) if slate else []
    return PicksOut(day=asked, employee_id=who, slate_id=slate.id if slate else None, items=found)


def items(
    connection: Connection, wired: Services, tenant: TenantId, slate: Slate, now: datetime, language: Language
) -> list[PickOut]:
    """Those items of a slate that may be shown now, with their articles and reasons."""
    words, signer = wired.taxonomy(connection, tenant), _signer(connection, wired, tenant)
    return [
        PickOut(
            position=item.position,
            score=item.score,
            impression=signer.sign(Impression(slate.id, item.article_id, slate.employee_id)),
            article=article_out(article),
            reasons=[ReasonOut(code=reason.code, text=in_words(reason, language, words)) for reason in item.reasons],
        )
        for item, article in shown(connection, tenant, slate, now)
    ]


def _signer(connection: Connection, wired: Services, tenant: TenantId) -> Signer:
    """The organisation's signer; its first key is made by the first feed that needs one."""
    known = impressions.signer(connection, tenant)
    if known is not None:
        return known
    with wired.database.of(tenant).write() as writing:
        impressions.rotate(writing, tenant, wired.clock())
    with wired.database.of(tenant).read() as reading:
        made = impressions.signer(reading, tenant)
    assert made is not None  # noqa: S101 - just made, by us or by another at the same moment
    return made
