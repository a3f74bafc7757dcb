"""`sluis event …`: events that cannot have happened when they say."""

from typing import Annotated

import typer

from catalog import events, impressions, quarantine
from catalog.clock import utcnow
from catalog.ids import EventId
from sluis.console import AsJson, counted, out, print_json, show
from sluis.wiring import open_house

app = typer.Typer(help="Events that were set aside, and the key that signs impressions.", no_args_is_help=True)

Ids = Annotated[list[str], typer.Argument(help="Ids of events, as 'sluis event quarantined' shows them.")]


@app.command()
def quarantined(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show, the first that came first.")] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """Show events that say they happened more than a day from now, or a day before they could have."""
    house = open_house()
    with house.database.read() as connection:
        waiting = quarantine.page(connection, house.tenant, limit)
    if as_json:
        print_json(waiting)
        return
    rows = [
        {
            "id": each.event.id,
            "type": each.event.type,
            "says": each.event.at,
            "received": each.event.received_at,
            "from the": each.reason,
        }
        for each in waiting
    ]
    show(rows, "Nothing is in quarantine.")


@app.command()
def release(ids: Ids) -> None:
    """Let events into the log, as if they had happened when we heard of them."""
    house = open_house()
    with house.database.write() as connection:
        events.release(connection, house.tenant, [EventId(each) for each in ids])
    out.print(f"{counted(len(ids), 'event')} released")


@app.command()
def rotate_key() -> None:
    """Sign impressions with a new key. What the one before signed is believed for 30 days more."""
    house = open_house()
    with house.database.write() as connection:
        impressions.rotate(connection, house.tenant, utcnow())
    out.print("impressions are signed with a new key")


@app.command()
def drop(ids: Ids) -> None:
    """Throw events away."""
    house = open_house()
    with house.database.write() as connection:
        quarantine.drop(connection, house.tenant, [EventId(each) for each in ids])
    out.print(f"{counted(len(ids), 'event')} dropped")
