"""`sluis experiment …`: whole configurations compared on people."""

import re
from datetime import timedelta
from typing import Annotated

import typer
from rich.markup import escape

from catalog import events, experiments, slates
from catalog.clock import utcnow
from catalog.errors import Invalid
from catalog.records import Arm, EventType, Experiment
from models.heuristic import HEURISTIC
from models.manifest import RANKER
from ranking.experiments import options_of
from sluis.console import AsJson, out, print_json, show
from sluis.wiring import House, open_house

app = typer.Typer(help="Compare whole configurations on people.", no_args_is_help=True)

By = Annotated[str, typer.Option(help="Who decides so.", envvar="SLUIS_REVIEWER")]
Name = Annotated[str, typer.Argument(help="The experiment's name.")]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_HEURISTIC = "heuristic"


@app.command()
def start(
    name: Name,
    arm: Annotated[list[str], typer.Option(help="NAME=PERCENT, then ,ranker=… and ,OPTION=… where it differs.")],
    by: By,
) -> None:
    """Begin: every person gets one arm, and keeps it. The first arm is what the others are compared with.

    Whoever may see what stays as it is. A promotion meanwhile changes no arm: each keeps the ranker it began with.
    """
    house = open_house()
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name!r} is no name for an experiment: small letters, digits and hyphens, up to 64")
    made = [_arm(house, given) for given in arm]
    if not all(_NAME.fullmatch(one.name) for one in made):
        raise Invalid("arms have names of small letters, digits and hyphens")
    try:
        experiment = Experiment(name, tuple(made), utcnow(), by)
    except ValueError as error:
        raise Invalid(f"{error}: --arm old=50 --arm new=50,mmr_weight=0.5") from error
    with house.database.write() as connection:
        experiments.start(connection, house.tenant, experiment)
    told = ", ".join(f"{one.name} {one.share:.0%} ({one.ranker})" for one in made)
    out.print(f"{name} runs from the next feed on: {escape(told)}", soft_wrap=True)


@app.command()
def stop(name: Name, by: By) -> None:
    """End it: from the next feed on everybody gets the usual again. What it found can still be shown."""
    house = open_house()
    with house.database.write() as connection:
        experiments.stop(connection, house.tenant, name, by, utcnow())
    out.print(f"{name} ended; 'sluis experiment show {name}' tells what it found")


@app.command("list")
def list_experiments(*, as_json: AsJson = False) -> None:
    """Show every experiment, the newest first."""
    house = open_house()
    with house.database.read() as connection:
        found = experiments.every(connection, house.tenant)
    if as_json:
        print_json(found)
        return
    rows = [
        {
            "name": one.name,
            "started": one.started_at,
            "stopped": one.stopped_at or "runs",
            "arms": ", ".join(f"{arm.name} {arm.share:.0%}" for arm in one.arms),
            "by": one.started_by,
        }
        for one in found
    ]
    show(rows, "No experiment yet: 'sluis experiment start' begins one.")


@app.command("show")
def show_experiment(
    name: Name,
    event: Annotated[EventType, typer.Option(help="What counts, each time a person does it.")] = EventType.OPEN,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long each person is watched.")] = 7,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what it says so far. Look as often as you like: the intervals hold at all times at once."""
    from evaluation.experiment import ReportOptions, report

    house, options = open_house(), ReportOptions(event=event, days=timedelta(days=days))
    with house.database.read() as connection:
        experiment = experiments.get(connection, house.tenant, name)
        every_slate, every_event = slates.every(connection, house.tenant), events.since(connection, house.tenant, 0)
        found = report(experiment, every_slate, every_event, utcnow(), options)
    if as_json:
        print_json({"event": event, "days": days, **found.to_dict()})
        return
    if found.uneven:
        out.print(
            f"[bold red]The arms did not get the people they should have[/] (p ≤ {found.people_p:.1e}). Something "
            "treats them differently before they are counted: find it, and begin anew.",
            soft_wrap=True,
        )
    ahead = f"{event}s ahead (95 %)"
    show(
        [
            {
                "arm": one.arm,
                "share": f"{one.share:.0%}",
                "people": one.people,
                "watched": one.watched,
                "slates": one.slates,
                "degraded": one.degraded,
                f"{event}s each": one.mean,
                ahead: None if one.low is None else f"{one.low:+.3f} to {one.high:+.3f}",
                "verdict": one.verdict,
            }
            for one in found.arms
        ]
    )


def _arm(house: House, given: str) -> Arm:
    """An arm as it is typed: `new=50,ranker=ranker-20260301-0900-ab12,mmr_weight=0.5`."""
    pairs = [part.partition("=") for part in given.split(",")]
    if not all(equals and key and value for key, equals, value in pairs):
        raise Invalid(f"--arm {given}: write NAME=PERCENT, then OPTION=VALUE, with commas between them")
    (name, _, percent), *others = pairs
    values = {key: value for key, _, value in others}
    ranker = _ranker(house, values.pop("ranker", ""))
    try:
        share = float(percent) / 100
        options = {key: float(value) for key, value in values.items()}
    except ValueError as error:
        raise Invalid(f"--arm {given}: {error}") from error
    arm = Arm(name, share, ranker, options)
    options_of(arm, house.ranking)
    return arm


def _ranker(house: House, wanted: str) -> str:
    """The name that an arm keeps: what ranks now where none is wanted. One that cannot be read is refused here."""
    if not wanted:
        current = house.registry.current(RANKER)
        wanted = current.name if current else _HEURISTIC
    name = HEURISTIC if wanted == _HEURISTIC else wanted
    house.rankers.named(name)
    return name
