"""`sluis source add|edit|pause|resume`: which sources there are, and what holds for each."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from catalog import sources
from catalog.clock import utcnow
from catalog.errors import Invalid, SluisError
from catalog.ids import SourceId, new_id
from catalog.records import Source, SourceStatus
from sluis.commands.sources import options
from sluis.commands.sources.options import Given, address, is_web
from sluis.console import counted, err, out, progress
from sluis.wiring import House, open_house

if TYPE_CHECKING:
    from ingest.check import Found

Name = Annotated[str, typer.Argument(help="The source's id or address, or the beginning of either.")]


class NotAdded(Invalid):
    """An address did not become a source."""

    code = "not_added"


def add(
    urls: Annotated[list[str], typer.Argument(metavar="URL", help="Feeds, pages, folders or push:NAME.")],
    title: options.Title = None,
    language: options.Language = None,
    owner: options.Owner = None,
    audience: options.Audience = None,
    tag: options.Tags = None,
    trust: options.TrustOption = None,
    internal: options.Internal = None,
    legal: options.Legal = None,
    archive_days: options.ArchiveDays = None,
    daily_cap: options.DailyCap = None,
    *,
    no_check: Annotated[bool, typer.Option("--no-check", help="Add the addresses as they are, unseen.")] = False,
) -> None:
    """Read sources from now on. Each address is visited first; on a page its feed is looked for.

    An address is of a feed, a sitemap or a page, a folder on this machine, or push:NAME for articles that are handed
    in. What it brings is read at the next 'sluis ingest'.
    """
    house = open_house()
    given = Given(title, language, owner, audience, tag, trust, internal, legal, archive_days, daily_cap)
    columns = given.columns(house.taxonomy)
    asked, refused = _addresses(urls)
    told = len(asked) + len(refused)
    if title and told > 1:
        raise Invalid("--title is for one address: add these without it, and name each with 'sluis source edit'")
    visited = {} if no_check else _visit(house, [url for url in asked if is_web(url)])
    for url in asked:
        found = visited.get(url)
        try:
            if isinstance(found, SluisError):
                raise NotAdded(f"{found}; it was not added (--no-check adds it unseen)") from found
            _add(house, url, found, columns)
        except SluisError as error:
            refused.append(error)
    _complain(refused, told)


def edit(
    name: Name,
    title: options.Title = None,
    language: options.Language = None,
    owner: options.Owner = None,
    audience: options.Audience = None,
    tag: options.Tags = None,
    trust: options.TrustOption = None,
    internal: options.Internal = None,
    legal: options.Legal = None,
    archive_days: options.ArchiveDays = None,
    daily_cap: options.DailyCap = None,
) -> None:
    """Change what is named, and nothing else. An empty value ("" or 0) takes away what was there.

    Audience, tags, internal, legal and archive days hold for articles that come from now on. Of the tags only the
    facets that are named change; 'facet=' leaves one without.
    """
    house = open_house()
    given = Given(title, language, owner, audience, tag, trust, internal, legal, archive_days, daily_cap)

    def change(source: Source) -> dict[str, Any]:
        columns = given.columns(house.taxonomy, source)
        if not columns:
            raise Invalid("nothing to change: name an option, 'sluis source edit --help' shows them")
        return columns

    source, columns = _change(house, name, change)
    changed = ", ".join(column.replace("_", " ") for column in sorted(columns))
    out.print(f"changed {escape(_called(source))}: {changed}", soft_wrap=True)
    if options.LATER & set(columns):
        out.print("It holds for articles that come from now on; earlier ones stay as they are.")


def pause(name: Name) -> None:
    """Do not visit a source any more until it is resumed. Its articles stay."""
    source, _ = _change(open_house(), name, lambda _: {"status": SourceStatus.PAUSED})
    out.print(f"paused {escape(_called(source))}", soft_wrap=True)


def resume(name: Name) -> None:
    """Visit a source again. It is due at once, also where it ended, or failed and is left alone for a while."""
    now = utcnow()
    source, _ = _change(open_house(), name, lambda _: _afresh(now))
    out.print(f"resumed {escape(_called(source))}", soft_wrap=True)


def made(url: str, columns: dict[str, Any], now: datetime) -> Source:
    """A new source, due at once. Folders and what is handed in are our own content, unless it was said otherwise."""
    fresh: dict[str, Any] = {
        "id": SourceId(new_id()),
        "url": url,
        "title": "",
        "language": None,
        "internal": not is_web(url),
        "needs_legal": False,
        "audience": None,
        "etag": None,
        "last_modified": None,
        "due_at": now,
        "checked_at": None,
        "failures": 0,
        "last_error": None,
    }
    return Source(**{**fresh, **columns})


def _addresses(words: Sequence[str]) -> tuple[list[str], list[SluisError]]:
    """Each address once, and what is wrong with the words that are none."""
    found: dict[str, None] = {}
    refused: list[SluisError] = []
    for word in words:
        try:
            found[address(word)] = None
        except Invalid as error:
            refused.append(error)
    return list(found), refused


def _visit(house: House, urls: Sequence[str]) -> "dict[str, Found | SluisError]":
    """What was found at each of these addresses, or why nothing was."""
    if not urls:
        return {}
    from ingest import check
    from ingest.worker import Worker

    found: dict[str, Found | SluisError] = {}

    async def visit_all() -> None:
        with progress("Visiting", len(urls)) as tick:
            async with Worker(house.database, house.tenant, house.settings.ingest_options(), utcnow) as worker:
                for url in urls:
                    try:
                        found[url] = await check.find(worker, url)
                    except SluisError as error:
                        found[url] = error
                    tick(1)

    asyncio.run(visit_all())
    return found


def _add(house: House, url: str, found: "Found | None", columns: dict[str, Any]) -> None:
    """Store one source and say what it is. What the feed says of itself is known now, so the lists have it at once."""
    own: dict[str, Any] = {}
    if found is not None:
        own = {"title": columns.get("title") or found.feed.title, "language": columns.get("language")}
        own["language"] = own["language"] or found.feed.language
    source = made(found.url if found else url, {**columns, **own}, utcnow())
    with house.database.write() as connection:
        sources.add(connection, house.tenant, source)
    told = f": {source.title}, {counted(len(found.feed.items), 'item')}" if found else ""
    out.print(f"added {escape(source.url + told)}", soft_wrap=True)
    if found and found.page:
        out.print(f"  It was found on {escape(found.page)}", soft_wrap=True)
    if found and found.others:
        out.print("  That page names more: " + escape(", ".join(found.others)), soft_wrap=True)


def _complain(refused: list[SluisError], asked: int) -> None:
    if refused and asked == 1:
        raise refused[0]
    for error in refused:
        err.print(f"[yellow]problem[/] {escape(str(error))}", soft_wrap=True)
    if refused:
        raise NotAdded(f"{len(refused)} of {asked} addresses were not added: each problem above names its remedy")


def _change(house: House, name: str, change: Callable[[Source], dict[str, Any]]) -> tuple[Source, dict[str, Any]]:
    """Change one source in one transaction: the source as it was, and what was set."""
    with house.database.write() as connection:
        source = sources.named(connection, house.tenant, name)
        columns = change(source)
        sources.change(connection, house.tenant, source.id, **columns)
    return source, columns


def _afresh(now: datetime) -> dict[str, Any]:
    return {"status": SourceStatus.ACTIVE, "failures": 0, "last_error": None, "due_at": now}


def _called(source: Source) -> str:
    return f"{source.title} ({source.url})" if source.title else source.url
