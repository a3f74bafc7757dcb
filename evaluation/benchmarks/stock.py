"""Made-up articles and people for the benchmarks, and a ranker that has learned nothing but has its usual size."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np

from catalog import articles, audiences, people, taxonomy, tenants
from catalog.database import Database
from catalog.ids import ArticleId, EmployeeId, EventId, SlateId, TenantId
from catalog.records import (
    ALL,
    FUNCTION,
    Article,
    Audience,
    Employee,
    Event,
    EventType,
    LiveArticle,
    Origin,
    State,
    Tag,
)
from models.protocols import Progress
from models.ranker import Examples, LambdaMart, LambdaMartOptions
from ranking.features import NAMES

FUNCTIONS: Final = ("sales", "engineering", "human-resources", "legal-compliance")
TOPICS: Final = 12
ENCODER: Final = "b" * 64
"""The digest that the made-up vectors are filed under."""

_SLATE: Final = SlateId(str(UUID(int=1)))
_LEASE: Final = timedelta(hours=1)
_SPREAD: Final = 0.7
"""How far an article lies from the middle of its topic, which is at distance 1 from the origin."""


def live_articles(
    count: int, dimensions: int, span: timedelta, now: datetime, random: np.random.Generator
) -> list[LiveArticle]:
    """Articles that went live evenly over the `span` before `now`, each about a topic; every third for everybody."""
    topics = list(taxonomy.load().facets["topic"])[:TOPICS]
    centres = random.normal(size=(TOPICS, dimensions)) / np.sqrt(dimensions)
    made = []
    for number in range(count):
        topic, function = int(random.integers(TOPICS)), FUNCTIONS[number % len(FUNCTIONS)]
        vector = centres[topic] + _SPREAD * random.normal(size=dimensions) / np.sqrt(dimensions)
        at = now - span * float(random.random())
        made.append(
            LiveArticle(
                id=ArticleId(_id(random)),
                source_id=None,
                story_id=None,
                language="en",
                internal=bool(random.random() < 0.2),
                words=int(random.integers(20, 200)),
                published_at=at,
                live_from=at,
                expires_at=None,
                audience=Audience({FUNCTION: frozenset({ALL if number % 3 == 0 else function})}),
                tags={"topic": {topics[topic]: 0.9}, "function": {function: float(random.uniform(0.4, 1))}},
                vector=np.asarray(vector / np.linalg.norm(vector), dtype=np.float32),
            )
        )
    return made


def staff(count: int, now: datetime, random: np.random.Generator) -> list[Employee]:
    """People who opted in, of all functions in turn."""
    return [
        Employee(
            id=EmployeeId(_id(random)),
            email=f"person-{number}@bench.example",
            name=f"Person {number}",
            axes={FUNCTION: frozenset({FUNCTIONS[number % len(FUNCTIONS)]}), "language": frozenset({"en"})},
            opted_in=True,
            created_at=now,
        )
        for number in range(count)
    ]


def store(
    database: Database,
    tenant: TenantId,
    live: Sequence[LiveArticle],
    colleagues: Sequence[Employee],
    now: datetime,
    progress: Progress,
) -> None:
    """Put articles and people into a database, through the same doors as curation. `progress` hears of each article."""
    with database.write() as connection:
        tenants.ensure(connection, tenant, "Bench", now)
        tenants.set_encoder(connection, tenant, ENCODER)
        people.upsert(connection, tenant, colleagues)
        for one in live:
            articles.save(connection, tenant, _article(one))
        token = articles.claim_extracted(connection, tenant, len(live), now, _LEASE).token
        for one in live:
            tags = [Tag(facet, tag, p) for facet, found in one.tags.items() for tag, p in found.items()]
            articles.finish_enrichment(
                connection,
                tenant,
                one.id,
                token,
                language="en",
                story_id=None,
                encoder=ENCODER,
                vector=one.vector,
                tags=tags,
            )
            tagged = replace(_article(one), state=State.TAGGED)
            articles.move(connection, tenant, tagged, State.APPROVED, live_from=one.live_from)
            audiences.replace(connection, tenant, one.id, one.audience, Origin.PERSON, one.live_from)
            progress(1)


def ranker(trees: int, random: np.random.Generator) -> LambdaMart:
    """A ranker over all features that has grown `trees` trees or a few less."""
    options = LambdaMartOptions(rounds=trees, patience=trees, learning_rate=0.01, threads=1)
    return LambdaMart.fit(NAMES, _examples(200, random), _examples(50, random), options)


def _examples(slates: int, random: np.random.Generator) -> Examples:
    rows = random.uniform(size=(slates * 10, len(NAMES)))
    wanted = rows[:, :6].sum(axis=1) + random.normal(scale=0.3, size=len(rows))
    labels = np.clip(np.round(wanted), 0, 5).astype(np.int32)
    positions = np.tile(np.arange(10, dtype=np.int32), slates)
    return Examples(rows, labels, positions, np.full(slates, 10, dtype=np.int32))


def _article(live: LiveArticle) -> Article:
    return Article(
        id=live.id,
        source_id=None,
        url=f"https://bench.example/{live.id}",
        title=f"Article {live.id}",
        lead="Nothing that anybody wrote.",
        text="word " * live.words + live.id,
        author="",
        site_name="Bench",
        image_url=None,
        language=live.language,
        published_at=live.published_at,
        created_at=live.published_at,
        digest=live.id.replace("-", "") * 2,
        internal=live.internal,
    )


def _id(random: np.random.Generator) -> str:
    return str(UUID(bytes=random.bytes(16), version=4))


def opens(
    people: Sequence[Employee],
    live: Sequence[LiveArticle],
    each: int,
    span: timedelta,
    now: datetime,
    random: np.random.Generator,
) -> Iterator[Event]:
    """A log of so long in which everybody opened `each` of the articles, the newest most: some are opened by many."""
    newest = sorted(live, key=lambda one: one.published_at, reverse=True)
    total = len(people) * each
    which = np.minimum(random.zipf(1.3, total), len(newest)) - 1
    who = random.permutation(np.repeat(np.arange(len(people)), each))
    for seq, (article, person) in enumerate(zip(which.tolist(), who.tolist(), strict=True), start=1):
        at, one, someone = now - span * ((total - seq) / total), newest[article], people[person]
        yield Event(EventId(str(seq)), EventType.OPEN, one.id, at, at, _SLATE, someone.id, axes=someone.axes, seq=seq)
