"""`sluis picks …`: the picks of a day for everybody who wants them."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

import typer

from catalog import people, picks
from catalog.clock import utcnow
from catalog.taxonomy import Language
from sluis.commands.feed import lines
from sluis.console import AsJson, out, print_json, progress
from sluis.wiring import open_house

app = typer.Typer(help="A few articles a day for everybody who wants them.", no_args_is_help=True)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: today, local time.")]


@app.command()
def make(
    size: Annotated[int, typer.Option(min=1, max=10, help="How many each person gets at the most.")] = 3,
    share: Annotated[float, typer.Option(min=0.01, max=1.0, help="To which share of them one article may go.")] = 0.2,
    day: Day = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make the picks of a day, for everybody who opted in and wants some on that day of the week.

    Done again it only adds who had none yet: meant for a timer, say each morning at six.
    """
    from ranking.picks import Picker, PickOptions

    house = open_house()
    picker = Picker(house.tenant, house.feeds(), PickOptions(size=size, depth=max(12, 4 * size), share=share))
    with progress("Ranking", None) as tick:
        report = picker.make(house.database, _date(day), utcnow, tick)
    if as_json:
        print_json(report)
        return
    out.print(f"{report.made} people have new picks, {report.standing} had theirs already", soft_wrap=True)
    if report.without:
        out.print(f"{report.without} have none: nothing live is meant for them, or they left meanwhile")


@app.command()
def show(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    day: Day = None,
    language: Annotated[Language, typer.Option(help="The language of the reasons.")] = "en",
    *,
    as_json: AsJson = False,
) -> None:
    """Show one person's picks of a day, and why; what was withdrawn since is left out, and all once they opted out."""
    from ranking.feed import shown

    house, now = open_house(), utcnow()
    with house.database.read() as connection:
        person = people.by_email(connection, house.tenant, email)
        slate = picks.get(connection, house.tenant, person.id, _date(day))
        if slate is not None:
            offered = shown(connection, house.tenant, slate, now) if person.takes_part else []
            slate = replace(slate, items=tuple(item for item, _ in offered))
    if as_json:
        print_json(slate)
        return
    if slate is None:
        out.print("No picks of this day: 'sluis picks make' makes them for who opted in and wants them that day.")
        return
    for line in lines(house, slate, language):
        out.print(line)


def _date(day: datetime | None) -> date:
    """The day that was named, or today in local time."""
    return (day or utcnow().astimezone()).date()
