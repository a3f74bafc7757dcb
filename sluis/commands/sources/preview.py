"""`sluis source check`: what an address would bring, before it becomes a source. In Dutch or English."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.padding import Padding

from catalog.clock import utcnow
from catalog.database import Database
from catalog.errors import SluisError, Unavailable
from catalog.records import Tag
from catalog.taxonomy import FACETS, Language, Taxonomy
from sluis.commands.sources.options import address, is_web
from sluis.commands.sources.words import ago, known, pace, say, span
from sluis.console import AsJson, out, print_json, progress
from sluis.settings import read_settings
from sluis.wiring import House, open_house

if TYPE_CHECKING:
    from ingest.check import Look, Preview

SURE: Final = 0.5
"""Probability from which a tag is shown."""


class CannotCheck(Unavailable):
    """There is nothing to preview at this address."""

    code = "cannot_check"


def check(
    url: Annotated[str, typer.Argument(help="The address of a feed, or of a page that has one.")],
    language: Annotated[Language, typer.Option(help="The language to tell it in.")] = "en",
    *,
    as_json: AsJson = False,
) -> None:
    """Preview an address before it is added. Its feed is found, and its five newest items are read and tagged.

    Nothing is added or stored. The first time, learning the vocabulary takes a while.
    """
    asked = address(url)
    if not is_web(asked):
        raise CannotCheck(say("only_web", language, url=url))
    settings = read_settings()
    database = Database(settings.database)
    house = open_house(settings) if database.is_there else House(settings, database)
    with progress(say("looking", language), None):
        seen = _look(house, asked, language)
    tags = _tags(house, seen.previews, language)
    if as_json:
        print_json(_record(seen, tags))
        return
    out.print(escape(seen.found.feed.title or say("no_title", language)), style="bold")
    for line in _feed_lines(seen, language):
        out.print(escape(line), soft_wrap=True)
    for number, preview in enumerate(seen.previews, start=1):
        out.print(f"\n{number}. " + escape(_title(preview)))
        for line in _item_lines(house.taxonomy, preview, tags, seen.found.at, language):
            out.print(Padding(escape(line), (0, 0, 0, 3), expand=False))
    out.print("\n" + escape(_advice(seen, language)), soft_wrap=True)


def _look(house: House, url: str, language: Language) -> "Look":
    """Visit the address. Raises CannotCheck, in the language that was asked for."""
    from ingest import check as checking
    from ingest.worker import Worker

    async def visit() -> "Look":
        async with Worker(house.database, house.tenant, house.settings.ingest_options(), utcnow) as worker:
            return await checking.look(worker, url)

    try:
        return asyncio.run(visit())
    except SluisError as error:
        raise CannotCheck(_trouble(error, url, language)) from error


def _trouble(error: SluisError, url: str, language: Language) -> str:
    """Why there is nothing to show. Whoever found out says most, in English; in Dutch we say ourselves what we can."""
    from ingest.check import NoFeed
    from ingest.fetch import FetchFailed
    from ingest.sandbox import TooCostly

    if language == "en":
        return str(error)
    match error:
        case NoFeed():
            return say("no_feed", language, url=url)
        case TooCostly():
            return say("costly", language, url=url)
        case FetchFailed(status=int(status)):
            return say("status", language, url=url, status=status)
        case _:
            return say("unread", language, url=url, why=str(error).removeprefix(f"{url}: "))


def _tags(house: House, previews: "Sequence[Preview]", language: Language) -> dict[str, Sequence[Tag]]:
    """The tags that the machine would give, by the id of the article."""
    from ingest.passage import passage

    articles = [preview.article for preview in previews if preview.article]
    if not articles:
        return {}
    with progress(say("looking", language), None):
        encoder = house.encoder()
        vectors = encoder.encode([passage(article) for article in articles])
    found = house.taggers(encoder, partial(progress, say("learning", language))).tags(vectors)
    return {article.id: tags for article, tags in zip(articles, found, strict=True)}


def _feed_lines(seen: "Look", language: Language) -> Iterator[str]:
    """What the feed is, and how it would be visited."""
    found = seen.found
    yield found.url
    if found.page:
        yield say("found_on", language, page=found.page)
    if found.others:
        yield say("others", language, others=", ".join(found.others))
    code = found.feed.language
    facts = [say("language", language, code=code) if code else say("no_language", language)]
    facts.append(say("items", language, n=len(found.feed.items)))
    facts.append(pace(seen.per_day, language))
    if seen.newest:
        facts.append(say("newest", language, age=ago(seen.newest, found.at, language)))
    yield " · ".join(facts)
    yield say("wait", language, span=span(seen.wait, language))
    if found.feed.left_out:
        reasons = Counter(found.feed.left_out).most_common()
        told = ", ".join(f"{count} × {known(reason, language)}" for reason, count in reasons)
        yield say("left_out", language, reasons=told)


def _item_lines(
    taxonomy: Taxonomy, preview: "Preview", tags: Mapping[str, Sequence[Tag]], now: datetime, language: Language
) -> Iterator[str]:
    """When it appeared, whether it can be read, and what it is about."""
    article = preview.article
    moment = article.published_at if article else preview.item.published_at
    facts = [f"{moment:%Y-%m-%d}", ago(moment, now, language)] if moment < now else [say("no date", language)]
    if article:
        facts += [str(article.language), say("words", language, n=preview.words)]
    yield " · ".join(facts)
    verdict = say(preview.verdict, language)
    verdict += f" ({say('answer', language, status=preview.status)})" if preview.status else ""
    barrier = f"; {known(article.barrier, language)}" if article and article.barrier else ""
    yield verdict + barrier
    if article:
        yield in_words(tags[article.id], taxonomy, language) or say("no_tags", language)


def _title(preview: "Preview") -> str:
    return (preview.article.title if preview.article else preview.item.title) or preview.item.url


def in_words(tags: Sequence[Tag], taxonomy: Taxonomy, language: Language) -> str:
    """The tags that are sure enough, by their labels, facet after facet."""
    facets = []
    for facet in FACETS:
        sure = [tag.concept for tag in tags if tag.facet == facet and tag.probability >= SURE]
        labels = [taxonomy.label(facet, concept, language) for concept in sure]
        facets += [f"{say(facet, language)}: {', '.join(labels)}"] if labels else []
    return " · ".join(facets)


def _advice(seen: "Look", language: Language) -> str:
    good = sum(preview.article is not None for preview in seen.previews)
    if not seen.previews:
        return say("empty", language)
    if not good:
        return say("bad", language)
    return say("good", language, n=good, of=len(seen.previews), url=seen.found.url)


def _record(seen: "Look", tags: Mapping[str, Sequence[Tag]]) -> dict[str, Any]:
    """The same for a program, without the texts."""
    found = seen.found
    return {
        "url": found.url,
        "page": found.page,
        "others": found.others,
        "title": found.feed.title,
        "language": found.feed.language,
        "items": len(found.feed.items),
        "left_out": Counter(found.feed.left_out),
        "per_day": seen.per_day,
        "newest": seen.newest,
        "wait_seconds": seen.wait.total_seconds(),
        "previews": [_preview_record(preview, tags) for preview in seen.previews],
    }


def _preview_record(preview: "Preview", tags: Mapping[str, Sequence[Tag]]) -> dict[str, Any]:
    article, item = preview.article, preview.item
    return {
        "url": item.url,
        "title": _title(preview),
        "published_at": article.published_at if article else item.published_at,
        "language": article.language if article else item.language,
        "verdict": preview.verdict,
        "problem": preview.problem,
        "words": preview.words,
        "barrier": article.barrier if article else None,
        "tags": tags[article.id] if article else (),
    }
