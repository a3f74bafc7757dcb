"""Articles, many at once: searched for by words and meaning, and those that are like one."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from api.dependencies import V1, Services, Wired
from api.ids import ArticleRef, article
from api.routes.articles import tagged_out
from api.schemas import FindingsOut, FoundOut, Id, Moment
from api.security import Browsing
from catalog.ids import SourceId, TenantId
from catalog.records import State
from catalog.search import FOUND, Filters
from curation.librarian import Findings

router = APIRouter(prefix=V1, tags=["content"])

_QUESTION_CHARACTERS: Final = 1_000
_TAG: Final = r"^[a-z_]{1,32}=[^=\x00-\x1f]{1,64}$"
_MOST_TAGS: Final = 20

States = Annotated[
    list[State] | None,
    Query(max_length=len(State), description="Repeat for several; default: all but rejected and withdrawn."),
]
Language = Annotated[str | None, Query(pattern="^[a-z]{2}$", description="Only articles in this language.")]
Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("/articles", summary="Search the articles by words and meaning")
def search(
    wired: Wired,
    tenant: Browsing,
    q: Annotated[
        str, Query(max_length=_QUESTION_CHARACTERS, description="In any language; without it the newest come.")
    ] = "",
    language: Language = None,
    state: States = None,
    tag: Annotated[
        list[Annotated[str, Query(pattern=_TAG)]] | None,
        Query(max_length=_MOST_TAGS, description="`facet=concept`; repeat for several. Of one facet any will do."),
    ] = None,
    source: Annotated[Id | None, Query(description="Only of this source.")] = None,
    since: Annotated[Moment | None, Query(description="Published then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Published before then.")] = None,
    internal: Annotated[bool | None, Query(description="Only our own content, or none of it.")] = None,
    limit: Limit = 10,
) -> FindingsOut:
    """One item per story, best first. An article can be found once it has been enriched.

    Where no encoder is at hand words alone are searched, and `note` says so.
    """
    filters = Filters(
        states=state or FOUND,
        language=language,
        source=SourceId(str(source)) if source else None,
        internal=internal,
        since=since,
        until=until,
        tags=_tags(wired, tenant, tag or []),
    )
    return _told(wired, tenant, wired.librarians(tenant).search(wired.database.of(tenant), q, filters, limit))


@router.get("/articles/{article_id:path}/similar", summary="What is nearest in meaning to an article")
def similar(
    wired: Wired,
    tenant: Browsing,
    article_id: ArticleRef,
    language: Language = None,
    state: States = None,
    limit: Limit = 10,
) -> FindingsOut:
    """In any language, one item per story; the first may be another telling of its own story (`same_story`).

    Refused with 409 while the article has not been enriched.
    """
    filters = Filters(states=state or FOUND, language=language)
    with wired.database.of(tenant).read() as connection:
        which = article(connection, tenant, article_id)
    found = wired.librarians(tenant).similar(wired.database.of(tenant), which, filters, limit)
    return _told(wired, tenant, found)


def _tags(wired: Services, tenant: TenantId, given: list[str]) -> dict[str, frozenset[str]]:
    said: dict[str, set[str]] = {}
    for word in given:
        facet, _, concept = word.partition("=")
        said.setdefault(facet, set()).add(concept)
    if not said:
        return {}
    with wired.database.of(tenant).read() as connection:
        words = wired.taxonomy(connection, tenant)
    return {facet: words.require(facet, concepts) for facet, concepts in said.items()}


def _told(wired: Services, tenant: TenantId, findings: Findings) -> FindingsOut:
    with wired.database.of(tenant).read() as connection:
        shown = tagged_out(connection, tenant, [each.article for each in findings.found])
    items = [
        FoundOut(
            score=each.score,
            found_by=list(each.ways),
            others=each.others,
            same_story=each.same_story,
            article=article,
        )
        for each, article in zip(findings.found, shown, strict=True)
    ]
    return FindingsOut(note=findings.note, items=items)
