"""The words that articles are tagged and audiences are cut with."""

from typing import Final

from fastapi import APIRouter
from pydantic import Field

from api.dependencies import V1, Reading, Wired
from api.schemas import Answer
from api.security import Browsing, Counting
from catalog import audiences, people, tenants
from catalog.records import AXES
from ranking.config import RankingOptions

router = APIRouter(prefix=V1, tags=["content"])

_LEAST: Final = RankingOptions().minimum_group


class ConceptOut(Answer):
    """One value of a facet."""

    id: str
    parent: str | None
    labels: dict[str, str]


class TaxonomyOut(Answer):
    """Every concept by facet: the shipped ones, and the organisation's own."""

    facets: dict[str, list[ConceptOut]]


@router.get("/taxonomy", summary="All concepts with their labels")
def taxonomy(wired: Wired, tenant: Browsing, connection: Reading) -> TaxonomyOut:
    """What may stand in tags, audiences and interests, in Dutch and English."""
    words = wired.taxonomy(connection, tenant)
    return TaxonomyOut(
        facets={
            facet: [ConceptOut(id=each.id, parent=each.parent, labels=dict(each.labels)) for each in concepts.values()]
            for facet, concepts in words.facets.items()
        }
    )


class GroupOut(Answer):
    """One value of an axis."""

    value: str = Field(description="`*` is everybody: articles only.")
    people: int | None = Field(description="Who take part. Null for one to four, who could be told apart.")
    articles: int = Field(description="Live articles whose audience names this value.")


class AxisOut(Answer):
    """One axis of audiences; on a hard one an article must be meant for somebody to be shown to them."""

    hard: bool
    values: list[GroupOut]


class GroupsOut(Answer):
    """Whom articles can be meant for, by axis."""

    axes: dict[str, AxisOut]


@router.get("/audiences", summary="How many people and live articles each group has")
def groups(wired: Wired, tenant: Counting, connection: Reading) -> GroupsOut:
    """Values that somebody has or a live article names. For scope `content` or `curate`."""
    staff, live = people.by_value(connection, tenant), audiences.live_by_value(connection, tenant, wired.clock())
    hard = tenants.get(connection, tenant).hard_axes
    told: dict[str, list[GroupOut]] = {axis: [] for axis in AXES}
    for axis, value in sorted(staff.keys() | live.keys()):
        count = staff.get((axis, value), 0)
        if axis in told:
            shown = count if count == 0 or count >= _LEAST else None
            told[axis].append(GroupOut(value=value, people=shown, articles=live.get((axis, value), 0)))
    return GroupsOut(axes={axis: AxisOut(hard=axis in hard, values=values) for axis, values in told.items()})
