"""`sluis source …`: the feeds that are read."""

from typing import Annotated

import typer

from catalog import sources
from catalog.clock import utcnow
from catalog.ids import SourceId, new_id
from catalog.records import Source
from catalog.taxonomy import language_code
from curation import audience as audiences
from ingest.urls import canonical
from sluis.console import AsJson, out, print_json, show
from sluis.wiring import open_house

app = typer.Typer(help="Add and list the feeds that are read.", no_args_is_help=True)


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="The address of the feed itself.")],
    title: Annotated[str, typer.Option(help="How curators know it; default: what the feed says.")] = "",
    language: Annotated[str | None, typer.Option(help="Two letters, where the feed does not say.")] = None,
    audience: Annotated[
        list[str] | None, typer.Option(help="Whom its articles are for: axis=value; a curator can still change it.")
    ] = None,
    internal: Annotated[bool, typer.Option("--internal", help="Our own content.")] = False,
    legal: Annotated[bool, typer.Option("--legal", help="Legal must sign all of it.")] = False,
) -> None:
    """Read a feed from now on. It is visited at the next 'sluis ingest'."""
    house, now = open_house(), utcnow()
    source = Source(
        id=SourceId(new_id()),
        url=canonical(url),
        title=title,
        language=language_code(language) if language else None,
        internal=internal,
        needs_legal=legal,
        audience=audiences.parse(audience, house.taxonomy) if audience else None,
        etag=None,
        last_modified=None,
        due_at=now,
        checked_at=None,
        failures=0,
        last_error=None,
    )
    with house.database.write() as connection:
        sources.add(connection, house.tenant, source)
    out.print(f"added {source.url}", soft_wrap=True)


@app.command("list")
def list_sources(*, as_json: AsJson = False) -> None:
    """Show the feeds, when they were visited and what went wrong."""
    house = open_house()
    with house.database.read() as connection:
        known = sources.every(connection, house.tenant)
    if as_json:
        print_json(known)
        return
    rows = [
        {
            "source": f"{source.title}\n{source.url}".strip(),
            "visited": source.checked_at,
            "failures": source.failures,
            "problem": source.last_error,
        }
        for source in known
    ]
    show(rows, "No sources yet: 'sluis source add URL'.")
