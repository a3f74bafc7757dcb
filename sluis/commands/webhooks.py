"""`sluis webhook …` and `sluis deliver`: who is told of what happens."""

import asyncio
from typing import Annotated

import typer

from catalog import outbox, webhooks
from catalog.clock import utcnow
from catalog.ids import WebhookId
from catalog.webhooks import Topic
from sluis.console import AsJson, counted, out, print_json, show
from sluis.wiring import open_house

app = typer.Typer(help="Tell other programs of what happens.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(help="The webhook's id, as 'sluis webhook list' shows it.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="An https address on the public web.")],
    topic: Annotated[list[Topic], typer.Option("--type", help="What to tell of; repeat for several.")],
) -> None:
    """Tell an address of things from now on, and print the secret that messages are signed with, this once."""
    from api.delivery.webhooks import address

    house = open_house()
    with house.database.write() as connection:
        made = webhooks.add(connection, house.tenant, address(url), frozenset(topic), utcnow())
    out.print(f"{made.id}\n{made.secret}", soft_wrap=True)


@app.command("list")
def list_webhooks(*, as_json: AsJson = False) -> None:
    """Show the webhooks there are, without their secrets."""
    house = open_house()
    with house.database.read() as connection:
        known = webhooks.every(connection, house.tenant)
    rows = [
        {
            "id": each.id,
            "url": each.url,
            "types": " ".join(sorted(each.types)),
            "created": each.created_at,
            "disabled": each.disabled_why,
        }
        for each in known
    ]
    if as_json:
        print_json(rows)
        return
    show(rows, "No webhooks: 'sluis webhook add URL --type article.approved' adds one.")


@app.command()
def remove(which: Which) -> None:
    """Tell an address nothing any more."""
    house = open_house()
    with house.database.write() as connection:
        webhooks.remove(connection, house.tenant, WebhookId(which))
    out.print(f"webhook {which} is removed")


@app.command()
def deliveries(
    which: Which,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a webhook was told, the newest first."""
    house = open_house()
    with house.database.read() as connection:
        webhook = webhooks.get(connection, house.tenant, WebhookId(which))
        found = outbox.deliveries(connection, house.tenant, webhook=webhook.id, limit=limit)
    rows = [
        {
            "message": each.message_id,
            "type": each.type,
            "at": each.at,
            "attempts": each.attempts,
            "answer": each.status,
            "problem": each.problem,
            "next": each.due_at,
        }
        for each in found
    ]
    if as_json:
        print_json(rows)
        return
    show(rows, "It was told nothing yet.")


def deliver() -> None:
    """Tell webhooks all that is due now. 'sluis work' does this by itself."""
    from api.delivery.webhooks import deliver
    from sluis import tracing

    house = open_house()
    allow, traces = house.settings.trusted_hosts, tracing.begin(house.database)
    followed_by = [traces.webhooks()] if traces else []
    arrived = asyncio.run(deliver(house.database, house.tenant, allow, utcnow, asyncio.Event(), followed_by))
    out.print(f"{counted(arrived, 'message')} delivered")
