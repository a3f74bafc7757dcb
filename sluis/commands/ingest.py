"""`sluis ingest` and `sluis enrich`: bring articles in, and find out what they are about.

Both import their heavy rooms only when they run: `sluis serve` shares this command line and must stay light.
"""

import asyncio
from dataclasses import asdict
from functools import partial
from typing import Any

from rich.markup import escape

from catalog import articles, sources
from catalog.clock import utcnow
from catalog.errors import Conflict, Unavailable
from catalog.records import State
from curation.policy import PolicyOptions
from curation.review import Desk
from sluis.console import AsJson, err, out, print_json, progress
from sluis.wiring import House, open_house


class NoSources(Conflict):
    """There is nothing to read."""

    code = "no_sources"


class NothingRead(Unavailable):
    """Feeds or pages were due, and not one could be read."""

    code = "nothing_read"


def ingest(*, as_json: AsJson = False) -> None:
    """Visit every feed that is due and store its articles. Safe to stop at any moment and to run again.

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
    from ingest.enrich import enrich as run

    house = open_house()
    with house.database.read() as connection:
        waiting = articles.count_by_state(connection, house.tenant).get(State.EXTRACTED, 0)
    found: dict[str, Any] = {}
    if waiting:
        encoder = house.encoder()
        taggers = house.taggers(encoder, partial(progress, "Learning the vocabulary (once)"))
        with progress("Enriching", waiting) as tick:
            found = asdict(
                run(house.database, house.tenant, encoder, taggers, house.settings.enrich_options(), utcnow, tick)
            )
    found["routed"] = _route(house)
    _tell(found, as_json)


def _route(house: House) -> int:
    routed = 0
    while True:
        with house.database.write() as connection:
            moved = Desk(connection, house.tenant, utcnow()).route_tagged(PolicyOptions())
        if not moved:
            return routed
        routed += moved


def _tell(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    problems = report.pop("problems", ())
    done = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in report.items() if count)
    out.print(done or "nothing to do")
    for problem in problems:
        err.print(f"[yellow]problem[/] {escape(problem)}", soft_wrap=True)
