"""Why this, why not, and for whom: the answers that an employee, a tool or a curator is owed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import numpy as np
from fastapi import APIRouter, Query
from pydantic import Field

from api.dependencies import V1, Reading, Wired
from api.ids import ArticleRef, EmployeeRef, article, employee
from api.schemas import Answer, Id, ReasonOut
from api.security import Browsing, Recommending
from catalog import articles, audiences, slates
from catalog.errors import NotFound
from catalog.ids import SlateId
from catalog.records import listed
from catalog.taxonomy import Language
from curation import reasons
from models.protocols import Additive
from ranking import attribution
from ranking.config import RankingOptions
from ranking.explain import in_words
from ranking.features import FEATURES, NAMES

router = APIRouter(prefix=V1, tags=["recommendation"])

Spoken = Annotated[Language, Query(description="The language of what is for people.")]

_LEAST: Final = RankingOptions().minimum_group


class FeatureOut(Answer):
    """One number that the article was ranked by."""

    name: str
    value: float
    unit: str
    why: str
    group: str
    added: float | None = Field(description="What it added to the score; null where it was not used.")


class PlaceOut(Answer):
    """Why an article has its place in a slate."""

    slate_id: str
    article_id: str
    employee_id: str
    created_at: datetime
    position: int
    score: float
    propensity: float = 1.0
    ranker: str
    degraded: bool
    experiment: str | None
    reasons: list[ReasonOut]
    base: float | None = Field(description="With all that is `added` the score; null where the ranker is gone.")
    features: list[FeatureOut]


class RuleOut(Answer):
    """One rule that decides whether somebody may be shown an article."""

    code: str
    axis: str | None
    holds: bool
    audience: list[str]
    person: list[str]
    text: str


class EligibilityOut(Answer):
    """Whether somebody may be shown an article: when all rules hold, and not otherwise."""

    employee_id: str
    article_id: str
    eligible: bool
    rules: list[RuleOut]


class AudienceOut(Answer):
    """For whom an article is."""

    article_id: str
    audience: dict[str, list[str]] | None
    origin: str | None
    since: datetime | None
    reach: int | None


@router.get("/explain/{slate_id}/{article_id:path}", summary="Why this article, in this place")
def explain(
    wired: Wired,
    tenant: Recommending,
    connection: Reading,
    slate_id: Id,
    article_id: ArticleRef,
    language: Spoken = "en",
) -> PlaceOut:
    """The reasons in words, and the numbers that it was ranked by at that moment, each with its unit and its purpose.

    `propensity` is the probability with which this place was filled as it was.
    """
    slate = slates.get(connection, tenant, SlateId(str(slate_id)))
    which = article(connection, tenant, article_id)
    item = next((each for each in slate.items if each.article_id == which), None) if slate else None
    if slate is None or item is None:
        raise NotFound("no slate of this id has this article: send the slate_id that came with the feed")
    words = wired.taxonomy(connection, tenant)
    said = {feature.name: feature for feature in FEATURES}
    logged = dict(zip(slate.feature_names, item.features, strict=True))
    base, added = _contributions(wired.ranked_by(slate.ranker), logged)
    return PlaceOut(
        slate_id=slate.id,
        article_id=which,
        employee_id=slate.employee_id,
        created_at=slate.created_at,
        position=item.position,
        score=item.score,
        propensity=item.propensity,
        ranker=slate.ranker,
        degraded=slate.degraded,
        experiment=slate.experiment,
        reasons=[ReasonOut(code=each.code, text=in_words(each, language, words)) for each in item.reasons],
        base=base,
        features=[
            FeatureOut(
                name=name,
                value=value,
                unit=said[name].unit,
                why=said[name].why,
                group=said[name].group,
                added=added.get(name),
            )
            for name, value in logged.items()
            if name in said
        ],
    )


def _contributions(ranker: Additive | None, logged: Mapping[str, float]) -> tuple[float | None, dict[str, float]]:
    """What the score of one logged row starts from, and what each feature added; nothing where that cannot be told."""
    if ranker is None or not set(ranker.features) <= logged.keys():
        return None, {}
    told = attribution.explain(ranker, np.array([logged.get(name, np.nan) for name in NAMES]))
    return told.base, {part.feature.name: part.added for part in told.parts}


@router.get(
    "/employees/{employee_id}/eligibility/{article_id:path}", summary="Why somebody may or may not be shown an article"
)
def eligibility(
    wired: Wired,
    tenant: Recommending,
    connection: Reading,
    employee_id: EmployeeRef,
    article_id: ArticleRef,
    language: Spoken = "en",
) -> EligibilityOut:
    """Every rule by itself: consent, state, dates, and each hard axis with what meets on it."""
    who, which = employee(connection, tenant, employee_id), article(connection, tenant, article_id)
    found = reasons.rules(connection, tenant, who, which, wired.clock())
    told = [
        RuleOut(
            code=rule.code,
            axis=rule.axis,
            holds=rule.holds,
            audience=list(rule.audience),
            person=list(rule.person),
            text=rule.in_words(language),
        )
        for rule in found
    ]
    return EligibilityOut(employee_id=who, article_id=which, eligible=all(rule.holds for rule in found), rules=told)


@router.get("/articles/{article_id:path}/audience", summary="For whom an article is")
def audience(tenant: Browsing, connection: Reading, article_id: ArticleRef) -> AudienceOut:
    """Its audience per axis, who said so and since when, and how many employees who take part it reaches.

    Without an audience nobody sees it. `reach` is null for fewer than five, who could be told apart.
    """
    which = articles.get(connection, tenant, article(connection, tenant, article_id)).id
    holds = audiences.get(connection, tenant, which)
    said = audiences.said(connection, tenant, which)
    return AudienceOut(
        article_id=which,
        audience=listed(holds.axes) if holds else None,
        origin=said[0].value if said else None,
        since=said[1] if said else None,
        reach=reasons.reach(connection, tenant, which, _LEAST),
    )
