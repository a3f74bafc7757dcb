"""`sluis ingest`, `sluis enrich` and `sluis work`: bring articles in, and find out what they are about.

They import their heavy rooms only when they run: `sluis serve` shares this command line and must stay light.
"""

import asyncio
import logging
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape

from catalog import sources
from catalog.clock import utcnow
from catalog.errors import Conflict, Unavailable
from catalog.records import Action
from sluis.console import AsJson, err, out, print_json, progress
from sluis.wiring import open_house
from sluis.working import Enrichment


class NoSources(Conflict):
    """There is nothing to read."""

    code = "no_sources"


class NothingRead(Unavailable):
    """Feeds or pages were due, and not one could be read."""

    code = "nothing_read"


def ingest(*, as_json: AsJson = False) -> None:
    """Visit every source that is due and read what it announced. Safe to stop at any moment and to run again.

    One feed or page that cannot be read is told and holds up nothing; it fails only where nothing could be read.
    """
    from ingest.pipeline import ingest as run

    house = open_house()
    with house.database.read() as connection:
        if not sources.every(connection, house.tenant):
            raise NoSources("there is no source to read: 'sluis source add URL' adds one")
    with progress("Ingesting", None) as tick:
        report = asyncio.run(run(house.database, house.tenant, house.settings.ingest_options(), utcnow, tick))
    _tell(asdict(report), as_json)
    if report.problems and not report.fruitful:
        raise NothingRead("nothing could be read this time: each problem above names its remedy")


def enrich(*, as_json: AsJson = False) -> None:
    """Find language, meaning, tags and story of new articles, and put them before a curator."""
    enrichment = Enrichment(open_house())
    waiting, found = enrichment.waiting(), dict[str, Any]()
    if waiting:
        with progress("Enriching", waiting) as tick:
            found = asdict(enrichment.run(tick))
    went = enrichment.route()
    found |= {"routed": went[Action.ROUTE], "passed": went[Action.CERTIFY] + went[Action.APPROVE]}
    _tell(found, as_json)


def work(
    *,
    fetch: Annotated[bool, typer.Option(help="Visit sources and read pages.")] = True,
    enriching: Annotated[bool, typer.Option("--enrich/--no-enrich", help="Tag what was read.")] = True,
    serve_encoder: Annotated[
        bool | None,
        typer.Option(
            "--serve-encoder/--no-serve-encoder",
            help="Answer those who need a vector now, as 'sluis encode' does; default: where it enriches.",
        ),
    ] = None,
) -> None:
    """Ingest and enrich as it becomes due, until stopped. SIGTERM drains: what is under way is brought to its end.

    Any number of workers share one PostgreSQL; on the embedded database one worker beside the server is enough.
    """
    from sluis import working

    logging.getLogger().setLevel(logging.INFO)
    house = open_house()
    out.print("working (stop with Ctrl-C)")
    serving = enriching if serve_encoder is None else serve_encoder
    working.run(house, fetch=fetch, enrich=enriching, serve_encoder=serving)


def _tell(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    problems = report.pop("problems", ())
    done = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in report.items() if count)
    out.print(done or "nothing to do")
    for problem in problems:
        err.print(f"[yellow]problem[/] {escape(problem)}", soft_wrap=True)
