"""One article's whole way, on a fictional company, through the same commands that a person would type."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from rich.markup import escape

from catalog import keys, people
from catalog.clock import utcnow
from catalog.errors import Unavailable
from catalog.keys import Scope
from catalog.taxonomy import Language
from curation import audit
from evaluation.synthetic import Behaviour, simulate
from sluis import serving
from sluis.commands.feed import lines
from sluis.console import out, progress
from sluis.demo import curator, site
from sluis.demo.world import FEEDS, PEOPLE, THEMES, Story, stories
from sluis.settings import Settings, read_settings
from sluis.wiring import House, open_house

DAYS: Final = 28
SEED: Final = 7
KEEN: Final = Behaviour(reserve=1.0, patience=0.4, share=0.2, dismiss=0.01)
"""Sixty people are few: they read so much that a week of theirs tells a good ranker from a poor one.

What they share or dismiss they are done with, and there are some twenty articles for each of them: they do it seldom,
so that something is left to show after four weeks.
"""
SHOWN: Final[tuple[tuple[str, str, Language], ...]] = (
    ("Sanne de Wit, seller", "sanne.dewit@noordvaart.example", "nl"),
    ("Farid Amrani, lawyer", "farid.amrani@noordvaart.example", "nl"),
    ("Joanna Kowalska, developer", "joanna.kowalska@noordvaart.example", "en"),
)
"""Three people with different functions, and the language of their reasons."""


class DemoStepFailed(Unavailable):
    """A command of the demo did not end well."""

    code = "demo_step_failed"


def run(*, once: bool) -> None:
    """From the feeds to three employees' own feeds; then serve the API over it, unless `once`."""
    asked = read_settings()
    if not once:
        serving.require_free(asked.host, asked.port)  # rather now than after two minutes
    folder = asked.data_dir / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    told, now = stories(), utcnow()
    with site.serve(told, now) as origin:
        settings = _settings(asked, folder, origin)
        _bring_in(settings, origin)
        house = open_house(settings)
        _curate(house, told, now)
        _live_through(house, now)
        _run(settings, "evaluate")
        _show_feeds(house)
        if not once:
            _serve(house)


def _settings(asked: Settings, folder: Path, origin: str) -> Settings:
    """The operator's settings on a folder of the demo's own. The loopback site is trusted because we say so here."""
    address = urlsplit(origin)
    return asked.model_copy(
        update={
            "data_dir": folder,
            "database_url": "",
            "artefact_dir": Path(),
            "tenant": "noordvaart",
            "trusted_hosts": frozenset({(address.hostname, address.port)}),
        }
    )


def _bring_in(settings: Settings, origin: str) -> None:
    _say("Noordvaart builds and runs locks and bridges. Six feeds, 60 employees.")
    _run(settings, "init")
    for feed in FEEDS:
        flags = ["--internal"] if feed.internal else []
        _run(settings, "source", "add", f"{origin}{site.feed_path(feed)}", "--title", feed.title, *flags, quiet=True)
    _run(settings, "people", "import", str(PEOPLE))
    _run(settings, "vocabulary", "import", str(THEMES), "--by", curator.CURATOR.name)
    _run(settings, "ingest")
    _run(settings, "enrich")


def _curate(house: House, told: Sequence[Story], now: datetime) -> None:
    _say("A curator decides on every candidate, and legal signs where it must.")
    with progress("Reviewing", len(told)) as tick, house.database.write() as connection:
        found = curator.decide(connection, house.tenant, {story.slug: story for story in told}, now, tick)
    out.print(
        f"{found.articles} reviewed; the tags proposed just the right audience for {found.exact}, were unclear about "
        f"{found.unclear} and would have shown {found.leaking} to a function it is not for: so a person decides"
    )


def _live_through(house: House, now: datetime) -> None:
    _say(f"Four weeks of feeds: {DAYS} days of simulated engagement, then a ranker learns from them.")
    with house.database.read() as connection:
        staff = [person for person in people.every(connection, house.tenant) if person.takes_part]
    with progress("Days", DAYS) as tick:
        simulate(house.database, house.tenant, house.feeds(), staff, DAYS, now, SEED, tick, behaviour=KEEN)
    _run(house.settings, "train")
    _run(house.settings, "models", "promote", "--newest")


def _show_feeds(house: House) -> None:
    service = house.feeds()
    for who, email, language in SHOWN:
        with house.database.read() as connection:
            person = people.by_email(connection, house.tenant, email)
        slate = service.serve(house.database, person.id, utcnow(), 5)
        out.print(f"\n[bold]{who}[/] · ranked by {slate.ranker}")
        for line in lines(house, slate, language):
            out.print(line)
    with house.database.read() as connection:
        found = audit.isolation(connection, house.tenant)
    out.print(f"\n{found.slates} slates served, {found.items} items, [bold]{found.broken} outside their audience[/]")


def _serve(house: House) -> None:
    address, port = house.settings.host, house.settings.port
    with house.database.write() as connection:
        key = keys.create(connection, house.tenant, "demo", frozenset(Scope), utcnow()).text
        person = people.by_email(connection, house.tenant, SHOWN[0][1])
    origin = f"http://{address}:{port}"
    _say("The API is up; Ctrl-C ends it.")
    out.print(f"Documentation  {origin}/docs\nDemo key       {key}", soft_wrap=True)
    feed = f"{origin}/v1/employees/{person.id}/feed?language=nl"
    out.print(f"A feed         curl -H 'Authorization: Bearer {key}' '{feed}'", soft_wrap=True)
    serving.run(house, address, port, workers=1)


def _run(settings: Settings, *words: str, quiet: bool = False) -> None:
    """Run one command of this program as its own process, just as a person would: torch and LightGBM never meet."""
    if not quiet:
        out.print(f"[cyan]$ sluis {escape(' '.join(words))}[/]", soft_wrap=True)
    environment = os.environ | _variables(settings)
    done = subprocess.run(  # noqa: S603 - our own program with our own words
        [sys.executable, "-m", "sluis.main", *words],
        env=environment,
        check=False,
        stdout=subprocess.DEVNULL if quiet else None,
    )
    if done.returncode:
        raise DemoStepFailed(f"'sluis {' '.join(words)}' ended with {done.returncode}: see above")


def _variables(settings: Settings) -> dict[str, str]:
    return {
        "SLUIS_DATA_DIR": str(settings.data_dir),
        "SLUIS_DATABASE_URL": settings.database_url,
        "SLUIS_ARTEFACT_DIR": "",
        "SLUIS_TENANT": settings.tenant,
        "SLUIS_TRUSTED_HOSTS": ",".join(f"{host}:{port}" for host, port in settings.trusted_hosts),
    }


def _say(text: str) -> None:
    out.print(f"\n[bold]{text}[/]")
