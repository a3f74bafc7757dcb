"""A caller's own list of articles, in the order in which they are worth one person's time."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from api.dependencies import V1, Wired
from api.ids import ARTICLE, EMPLOYEE, article, employee
from api.routes.feed import items
from api.schemas import Answer, Ask, PickOut
from api.security import Recommending
from catalog import articles
from catalog.errors import NotFound
from catalog.ids import ArticleId
from catalog.taxonomy import Language

router = APIRouter(prefix=V1, tags=["recommendation"])

_MOST: Final = 500


class RankIn(Ask):
    """Whom to rank for, and what. Each is named by our id, or `ext:` and the caller's own."""

    employee: Annotated[str, Field(pattern=EMPLOYEE, examples=["ext:4711"])]
    articles: Annotated[
        list[Annotated[str, Field(pattern=ARTICLE)]],
        Field(min_length=1, max_length=_MOST, examples=[["ext:intranet/2026/117"]]),
    ]
    language: Annotated[Language, Field(description="The language of the reasons.")] = "en"


class RankedOut(PickOut):
    """One article of the list, in its place."""

    ref: str = Field(description="As the caller named it; the first name where there were several.")


class LeftOutOut(Answer):
    """One name of the list that has no place, and what kept it out."""

    ref: str
    code: str = Field(
        description="`not_found`, `not_read_yet`, `no_article`; `not_live`, `audience`, `language`; `done_with`: they "
        "shared or dismissed it; `repeated`: the list has it under another name before."
    )


class RankingOut(Answer):
    """The list as it may be shown to this person, best first."""

    slate_id: str
    employee_id: str
    created_at: datetime
    ranker: str
    degraded: bool
    degraded_reason: str | None
    items: list[RankedOut]
    left_out: list[LeftOutOut]


@router.post("/rank", summary="Rank a list of your own for one employee")
def rank(wired: Wired, tenant: Recommending, asked: RankIn) -> RankingOut:
    """All of your list that this person may be shown, by the ranker's score alone, and why not the others.

    It is logged as an offer, so events name its `slate_id` as they do a feed's. Asking again makes another slate; only
    what is reported as seen counts as shown.
    """
    now, service, database = wired.clock(), wired.feeds(tenant), wired.database.of(tenant)
    names: dict[ArticleId, str] = {}
    codes: dict[str, str] = {}
    with database.read() as connection:
        who = employee(connection, tenant, asked.employee)
        for ref in asked.articles:
            try:
                which = article(connection, tenant, ref)
            except NotFound as error:
                codes[ref] = error.code
                continue
            if names.setdefault(which, ref) != ref:
                codes[ref] = "repeated"
        known = articles.many(connection, tenant, list(names))
    ordered = service.order(database, who, list(known), now)
    slate = ordered.slate
    with database.read() as connection:
        shown = items(connection, wired, tenant, slate, now, asked.language)
    placed = {ArticleId(item.article.id) for item in shown}
    for which, ref in names.items():
        if which not in known:
            codes[ref] = NotFound.code
        elif which not in placed:
            codes[ref] = ordered.left_out.get(which, "not_live")
    return RankingOut(
        slate_id=slate.id,
        employee_id=slate.employee_id,
        created_at=slate.created_at,
        ranker=slate.ranker,
        degraded=slate.degraded,
        degraded_reason=service.why_degraded(slate),
        items=[RankedOut(**item.model_dump(), ref=names[ArticleId(item.article.id)]) for item in shown],
        left_out=[LeftOutOut(ref=ref, code=code) for ref, code in codes.items()],
    )
