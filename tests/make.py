"""Builders of records with sensible values, so that a test names only what it is about."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from catalog import articles, audiences, people, slates
from catalog.ids import (
    ArticleId,
    DecisionId,
    EmployeeId,
    EventId,
    ItemId,
    ProviderId,
    SlateId,
    SourceId,
    TenantId,
    new_id,
)
from catalog.keys import Scope
from catalog.providers import Provider
from catalog.records import (
    FUNCTION,
    Action,
    Article,
    Audience,
    Decision,
    Employee,
    Event,
    EventType,
    FeedItem,
    LiveArticle,
    Origin,
    Slate,
    SlateItem,
    Source,
    State,
    Tag,
    Vector,
)
from ingest.items import Item

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENCODER = "e" * 64


def audience(*functions: str, **axes: Iterable[str]) -> Audience:
    """An audience on the function axis, and on others by name."""
    named = {axis: frozenset(values) for axis, values in axes.items()}
    return Audience({FUNCTION: frozenset(functions), **named} if functions else named)


def unit(seed: int, dimensions: int = 8) -> Vector:
    """A random unit vector."""
    vector = np.random.default_rng(seed).normal(size=dimensions)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def article(**given: Any) -> Article:
    """An extracted article with an address and a text of its own."""
    fresh = new_id()
    defaults: dict[str, Any] = {
        "id": ArticleId(fresh),
        "source_id": None,
        "url": f"https://news.example/{fresh}",
        "title": "Lock gates open again",
        "lead": "The gates are open.",
        "text": f"The gates are open. Story {fresh}.",
        "author": "A. Writer",
        "site_name": "News",
        "image_url": None,
        "language": None,
        "published_at": NOW - timedelta(days=1),
        "created_at": NOW - timedelta(hours=20),
        "digest": fresh.replace("-", "") * 2,
    }
    return Article(**(defaults | given))


def live_article(seed: int = 0, **given: Any) -> LiveArticle:
    """An article as the ranking snapshot sees it, for everybody unless told otherwise."""
    defaults: dict[str, Any] = {
        "id": ArticleId(new_id()),
        "source_id": SourceId(new_id()),
        "story_id": None,
        "language": "en",
        "internal": False,
        "words": 300,
        "published_at": NOW - timedelta(days=1),
        "live_from": NOW - timedelta(hours=20),
        "expires_at": None,
        "audience": audience("*"),
        "tags": {"topic": {"labour": 0.9}, "function": {"sales": 0.8}},
        "vector": unit(seed),
    }
    return LiveArticle(**(defaults | given))


def employee(*functions: str, **given: Any) -> Employee:
    """A person who opted in."""
    fresh = new_id()
    defaults: dict[str, Any] = {
        "id": EmployeeId(fresh),
        "email": f"{fresh}@acme.example",
        "name": "Test Person",
        "axes": {FUNCTION: frozenset(functions), "language": frozenset({"en"})} if functions else {},
        "opted_in": True,
        "created_at": NOW - timedelta(days=30),
    }
    return Employee(**(defaults | given))


def source(**given: Any) -> Source:
    """A feed that is due."""
    fresh = new_id()
    defaults: dict[str, Any] = {
        "id": SourceId(fresh),
        "url": f"https://news.example/{fresh}/feed",
        "title": "News",
        "language": None,
        "internal": False,
        "needs_legal": False,
        "audience": None,
        "etag": None,
        "last_modified": None,
        "due_at": NOW,
        "checked_at": None,
        "failures": 0,
        "last_error": None,
    }
    return Source(**(defaults | given))


def feed_item(source_id: SourceId, **given: Any) -> FeedItem:
    """An item that a feed announced."""
    fresh = new_id()
    defaults: dict[str, Any] = {
        "id": ItemId(fresh),
        "source_id": source_id,
        "key": fresh,
        "url": f"https://news.example/{fresh}",
        "title": "Lock gates open again",
        "summary": "The gates are open.",
        "author": "",
        "published_at": NOW - timedelta(days=1),
        "digest": fresh.replace("-", "") * 2,
        "revisions": 0,
        "attempts": 0,
    }
    return FeedItem(**(defaults | given))


def item(**given: Any) -> Item:
    """An entry as a feed has it."""
    defaults: dict[str, Any] = {
        "key": "key",
        "url": "https://news.example/1",
        "title": "Lock gates open again",
        "summary": "The gates are open.",
        "author": "",
        "published_at": NOW,
        "digest": "d" * 64,
    }
    return Item(**(defaults | given))


def slate(person: EmployeeId, items: Iterable[ArticleId], **given: Any) -> Slate:
    """A slate that offers `items` in this order, with one feature."""
    places = tuple(
        SlateItem(position, item, score=1.0 / position, propensity=1.0, features=(float(position),), reasons=())
        for position, item in enumerate(items, start=1)
    )
    defaults: dict[str, Any] = {
        "id": SlateId(new_id()),
        "employee_id": person,
        "created_at": NOW,
        "seq": 0,
        "content_version": 0,
        "ranker": "heuristic-1",
        "degraded": False,
        "axes": {FUNCTION: frozenset({"sales"})},
        "hard_axes": (FUNCTION,),
        "feature_names": ("position",),
        "items": places,
    }
    return Slate(**(defaults | given))


def event(offered: Slate, position: int = 1, type: EventType = EventType.OPEN, **given: Any) -> Event:  # noqa: A002
    """Something that happened with one place of a slate, a minute after it was offered."""
    at = offered.created_at + timedelta(minutes=1)
    defaults: dict[str, Any] = {
        "id": EventId(new_id()),
        "type": type,
        "article_id": offered.items[position - 1].article_id,
        "at": at,
        "received_at": at + timedelta(seconds=1),
        "slate_id": offered.id,
        "employee_id": offered.employee_id,
        "axes": offered.axes,
    }
    return Event(**(defaults | given))


def decision(about: ArticleId, **given: Any) -> Decision:
    """A line of the audit trail."""
    defaults: dict[str, Any] = {
        "id": DecisionId(new_id()),
        "article_id": about,
        "at": NOW,
        "actor": "Test Curator (curator)",
        "action": Action.APPROVE,
        "before": State.IN_REVIEW,
        "after": State.APPROVED,
        "reason": "",
    }
    return Decision(**(defaults | given))


def provider(tenant: TenantId, issuer: str = "https://login.example", **given: Any) -> Provider:
    """An identity provider as `sluis oidc add` would make it; `scopes` may be any collections."""
    opens = given.pop("scopes", {"sluis.recommend": {Scope.RECOMMEND}, "sluis.all": set(Scope)})
    defaults: dict[str, Any] = {
        "audience": "sluis",
        "algorithms": frozenset({"RS256"}),
        "scope_claim": "roles",
        "scopes": {word: frozenset(scopes) for word, scopes in opens.items()},
        "leeway": 0,
        "created_at": NOW,
    }
    return Provider(ProviderId(new_id()), tenant, issuer, **defaults | given)


def store_live(
    connection: Connection,
    tenant: TenantId,
    seen_by: Audience | None,
    *,
    seed: int = 0,
    tags: Mapping[str, Mapping[str, float]] | None = None,
    encoder: str = ENCODER,
    vector: Vector | None = None,
    **given: Any,
) -> Article:
    """Put an approved article with vector, tags and audience into a database, and return it."""
    opened = given.pop("live_from", NOW - timedelta(hours=20))
    stored = article(**({"language": "en"} | given))
    articles.save(connection, tenant, stored)
    claimed = articles.claim_extracted(connection, tenant, 1000, NOW, timedelta(minutes=1))
    facets = tags or {"topic": {"labour": 0.9}}
    said = [Tag(facet, concept, p) for facet, concepts in facets.items() for concept, p in concepts.items()]
    articles.finish_enrichment(
        connection,
        tenant,
        stored.id,
        claimed.token,
        language=stored.language or "en",
        story_id=stored.story_id,
        encoder=encoder,
        vector=unit(seed) if vector is None else vector,
        tags=said,
    )
    articles.move(connection, tenant, replace(stored, state=State.TAGGED), State.APPROVED, live_from=opened)
    if seen_by is not None:
        audiences.replace(connection, tenant, stored.id, seen_by, Origin.PERSON, opened)
    return articles.get(connection, tenant, stored.id)


def store_slate(connection: Connection, tenant: TenantId, person: Employee, offered: Slate) -> None:
    """Put a person and a slate for them into a database."""
    people.upsert(connection, tenant, [person])
    slates.save(connection, tenant, offered)
