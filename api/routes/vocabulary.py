"""The words that articles are tagged and audiences are cut with."""

from fastapi import APIRouter

from api.dependencies import Reading, Wired
from api.schemas import Answer
from api.security import Browsing

router = APIRouter(tags=["content"])


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
