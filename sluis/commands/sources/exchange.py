"""`sluis source import|export`: lists of feeds, in and out, as every feed reader has them (OPML)."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from catalog import sources
from catalog.clock import utcnow
from catalog.errors import Invalid
from catalog.records import SourceKind
from sluis.commands.sources import options
from sluis.commands.sources.change import made
from sluis.commands.sources.options import Given
from sluis.console import counted, err, out
from sluis.wiring import open_house

MAX_BYTES: Final = 20_000_000


def import_sources(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="An OPML file, as feed readers export it.")],
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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be added.")] = False,
) -> None:
    """Add all feeds of an OPML file. Those that are sources already stay as they are.

    The options hold for each feed that is added. None is visited now: 'sluis ingest' tells which cannot be read.
    """
    from ingest import opml

    house, now = open_house(), utcnow()
    given = Given(None, language, owner, audience, tag, trust, internal, legal, archive_days, daily_cap)
    columns = given.columns(house.taxonomy)
    listed = opml.read(_content(path))
    with house.database.write() as connection:
        known = {source.url for source in sources.every(connection, house.tenant)}
        fresh = [outline for outline in listed.found if outline.url not in known]
        for outline in [] if dry_run else fresh:
            own: dict[str, Any] = {"title": outline.title, "language": outline.language}
            sources.add(connection, house.tenant, made(outline.url, {**own, **columns}, now))
    for problem in listed.problems:
        err.print(f"[yellow]problem[/] {escape(problem)}", soft_wrap=True)
    if dry_run:
        for outline in fresh:
            out.print(escape(f"{outline.url}  {outline.title}".rstrip()), soft_wrap=True)
    done = "would be added" if dry_run else "added"
    out.print(f"{len(fresh)} {done}, {len(listed.found) - len(fresh)} known as sources already")


def export_sources(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to write it; default: standard output.")
    ] = None,
) -> None:
    """Write the sources on the web as OPML: address, title and language of each.

    Feed readers and 'sluis source import' read it. Owner, audience, tags, trust and caps are no part of it.
    """
    from ingest import opml

    house = open_house()
    with house.database.read() as connection:
        known = sources.every(connection, house.tenant)
    listed = [
        opml.Outline(source.url, source.title, source.language) for source in known if source.kind is SourceKind.WEB
    ]
    content = opml.write(listed, f"Sources of {house.tenant}", utcnow())
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Invalid(f"{path} cannot be written ({error.strerror}): name a file in a folder of yours") from error
    out.print(f"{counted(len(listed), 'source')} written to {escape(str(path))}", soft_wrap=True)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Invalid(f"{path} cannot be read ({error.strerror}): give the path of an OPML file") from error
    if len(content) > MAX_BYTES:
        raise Invalid(f"{path} is larger than {MAX_BYTES // 1_000_000} MB: split it")
    return content
