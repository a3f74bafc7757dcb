"""A person's feed."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import Wired
from api.routes.articles import article_out
from api.schemas import FeedOut, Id, PickOut, ReasonOut
from api.security import Recommending
from catalog.ids import EmployeeId
from catalog.taxonomy import Language
from ranking.explain import in_words
from ranking.feed import shown

router = APIRouter(tags=["recommendation"])


@router.get("/employees/{employee_id}/feed", summary="A ranked, explained feed for one employee")
def feed(
    wired: Wired,
    tenant: Recommending,
    employee_id: Id,
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
    now = wired.clock()
    slate = wired.feeds(tenant).serve(wired.database, EmployeeId(str(employee_id)), now, limit, written_in)
    with wired.database.read() as connection:
        offered = shown(connection, tenant, slate, now)
        words = wired.taxonomy(connection, tenant)
    picks = [
        PickOut(
            position=item.position,
            score=item.score,
            article=article_out(article),
            reasons=[ReasonOut(code=reason.code, text=in_words(reason, language, words)) for reason in item.reasons],
        )
        for item, article in offered
    ]
    return FeedOut(
        slate_id=slate.id,
        employee_id=slate.employee_id,
        created_at=slate.created_at,
        ranker=slate.ranker,
        degraded=slate.degraded,
        items=picks,
    )
