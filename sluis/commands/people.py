"""`sluis people …`: who may be shown articles."""

from pathlib import Path
from typing import Annotated, Any

import typer

from catalog import people, syndications
from catalog.clock import utcnow
from catalog.consents import Consent
from catalog.records import FUNCTION, TOPIC, Employee
from curation import directory
from sluis import roster
from sluis.console import AsJson, out, print_json, show
from sluis.wiring import open_house

app = typer.Typer(help="Import, list, export and erase employees.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]


@app.command("import")
def import_people(path: Annotated[Path, typer.Argument(help="A CSV file in UTF-8.")]) -> None:
    """Add people, or bring known ones (same address) up to date. One wrong line, and nobody is imported."""
    house = open_house()
    found = roster.read(path, house.taxonomy, utcnow())
    with house.database.write() as connection:
        added, updated = people.upsert(connection, house.tenant, found)
    out.print(f"{added} added, {updated} updated")


@app.command("list")
def list_people(*, as_json: AsJson = False) -> None:
    """Show everybody."""
    house = open_house()
    with house.database.read() as connection:
        known = people.every(connection, house.tenant)
    if as_json:
        print_json(known)
        return
    show([_row(person) for person in known], "Nobody yet: 'sluis people import people.csv'.")


@app.command()
def opt_in(email: Email) -> None:
    """Offer articles to a person from now on, because they asked for it."""
    _opt(email, opted_in=True)


@app.command()
def opt_out(email: Email) -> None:
    """Offer a person nothing any more. What is kept of them stays until it is erased."""
    _opt(email, opted_in=False)


@app.command("picks")
def pick_days(
    email: Email,
    days: Annotated[str, typer.Option(help="Days of the week, such as mon,wed,fri; none for no picks at all.")],
) -> None:
    """Set on which days a person wants picks."""
    house = open_house()
    with house.database.write() as connection:
        person = people.by_email(connection, house.tenant, email)
        people.set_pick_days(connection, house.tenant, person.id, directory.weekdays(_named(days)))
    out.print(f"{person.email} gets picks on: {days}")


@app.command()
def interests(
    email: Email,
    topic: Annotated[list[str] | None, typer.Option(help="A topic that they chose; repeat. None for none.")] = None,
) -> None:
    """Set the topics that a person chose. They count until what the person reads says more."""
    house = open_house()
    chosen = directory.axes({TOPIC: topic or []}, house.taxonomy)
    with house.database.write() as connection:
        person = people.by_email(connection, house.tenant, email)
        own = {axis: values for axis, values in person.own.items() if axis != TOPIC} | dict(chosen)
        people.save(connection, house.tenant, person.owning(own), "the command line", utcnow())
    out.print(f"{person.email} chose: {', '.join(sorted(chosen.get(TOPIC, ()))) or 'nothing'}")


@app.command()
def feed(
    email: Email,
    *,
    revoke: Annotated[bool, typer.Option("--revoke", help="End it: nobody reads anything there any more.")] = False,
) -> None:
    """Make addresses under which a person reads their picks in a feed reader, in the place of those before."""
    from api.delivery.syndication import addresses

    house = open_house()
    with house.database.write() as connection:
        person = people.by_email(connection, house.tenant, email)
        if revoke:
            syndications.revoke(connection, house.tenant, person.id)
            told = f"{person.email} has no feed any more"
        else:
            told = "\n".join(addresses(house.tenant, syndications.make(connection, house.tenant, person.id, utcnow())))
    out.print(told, soft_wrap=True)


@app.command()
def export(email: Email) -> None:
    """Print all that is kept about one person, as JSON."""
    house = open_house()
    with house.database.read() as connection:
        person = people.by_email(connection, house.tenant, email)
        print_json(people.export(connection, house.tenant, person.id))


@app.command()
def erase(email: Email) -> None:
    """Remove a person. Their slates go; their events stay as counts that point to nobody."""
    house = open_house()
    with house.database.write() as connection:
        person = people.by_email(connection, house.tenant, email)
        touched = people.erase(connection, house.tenant, person.id)
    out.print("erased: " + ", ".join(f"{count} {what}" for what, count in touched.items()))


def _named(days: str) -> list[str]:
    return [day for day in days.split(",") if day.strip().lower() != "none"]


def _opt(email: str, *, opted_in: bool) -> None:
    house = open_house()
    with house.database.write() as connection:
        person = people.by_email(connection, house.tenant, email)
        people.set_opted_in(connection, house.tenant, person.id, Consent(utcnow(), opted_in, "the command line"))
    out.print(f"{person.email} takes part" if opted_in else f"{person.email} takes part no longer")
    if opted_in and not person.active:
        out.print("but the identity provider has deactivated them: until it activates them they get nothing")


def _row(person: Employee) -> dict[str, Any]:
    """What tells people apart at a glance; `--json` gives the rest, their ids too."""
    axes = {axis: " ".join(sorted(person.axes.get(axis, ()))) for axis in (FUNCTION, "unit")}
    takes_part = {"opted in": "yes" if person.opted_in else "no", "active": "yes" if person.active else "no"}
    return {"email": person.email, "name": person.name, **axes, **takes_part}
