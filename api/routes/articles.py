"""Articles, one by one."""

from fastapi import APIRouter

from api.dependencies import Reading
from api.schemas import ArticleOut, Id, TaggedArticleOut
from api.security import Browsing
from catalog import articles, audiences
from catalog.ids import ArticleId
from catalog.records import Article, listed
from ranking.features import WORDS_PER_MINUTE

router = APIRouter(tags=["content"])


@router.get("/articles/{article_id}", summary="One article with tags and audience")
def article(tenant: Browsing, connection: Reading, article_id: Id) -> TaggedArticleOut:
    """Whatever its state: for tools that manage content, not for showing it to employees."""
    found = articles.get(connection, tenant, ArticleId(str(article_id)))
    audience = audiences.get(connection, tenant, found.id)
    tags: dict[str, dict[str, float]] = {}
    for tag in articles.tags_of(connection, tenant, [found.id]).get(found.id, []):
        tags.setdefault(tag.facet, {})[tag.concept] = round(tag.probability, 4)
    return TaggedArticleOut(
        **article_out(found).model_dump(),
        state=found.state,
        tags=tags,
        audience=listed(audience.axes) if audience else None,
        live_from=found.live_from,
        expires_at=found.expires_at,
    )


def article_out(found: Article) -> ArticleOut:
    """The part of an article that anybody who gets it may see."""
    return ArticleOut(
        id=found.id,
        url=found.url,
        title=found.title,
        lead=found.lead,
        author=found.author,
        site_name=found.site_name,
        image_url=found.image_url,
        language=found.language,
        internal=found.internal,
        reading_minutes=max(1, round(len(found.text.split()) / WORDS_PER_MINUTE)),
        published_at=found.published_at,
    )
