"""`sluis key …`: API keys of the organisation."""

from datetime import timedelta
from typing import Annotated

import typer

from catalog import keys
from catalog.clock import utcnow
from catalog.keys import Scope
from sluis.console import AsJson, out, print_json, show
from sluis.wiring import open_house

app = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    label: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[Scope], typer.Option(help="What it opens; repeat for several.")],
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days until it expires; never by default.")] = None,
) -> None:
    """Make a key and print it. It is shown once: only its fingerprint is kept."""
    house, now = open_house(), utcnow()
    expires_at = now + timedelta(days=days) if days else None
    with house.database.write() as connection:
        made = keys.create(connection, house.tenant, label, frozenset(scope), now, expires_at)
    out.print(made.text, soft_wrap=True)


@app.command()
def rotate(
    prefix: Annotated[str, typer.Argument(help="The key's prefix, as 'sluis key list' shows it.")],
    hours: Annotated[int, typer.Option(min=0, max=720, help="How long the old key goes on beside the new one.")] = 24,
) -> None:
    """Make a key in the place of another one and print it. Both work until the old one ends."""
    house = open_house()
    with house.database.write() as connection:
        made = keys.rotate(connection, house.tenant, prefix, utcnow(), timedelta(hours=hours))
    out.print(made.text, soft_wrap=True)


@app.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """Show the keys there are, never their secrets."""
    house = open_house()
    with house.database.read() as connection:
        known = keys.every(connection, house.tenant)
    if as_json:
        print_json(known)
        return
    rows = [
        {
            "prefix": key.prefix,
            "label": key.label,
            "scopes": " ".join(sorted(key.scopes)),
            "created": key.created_at,
            "expires": key.expires_at,
            "revoked": key.revoked_at,
            "last used": key.last_used_at,
        }
        for key in known
    ]
    show(rows, "No keys yet: make one with 'sluis key create LABEL --scope recommend'.")


@app.command()
def revoke(prefix: Annotated[str, typer.Argument(help="The key's prefix, as 'sluis key list' shows it.")]) -> None:
    """End a key at once."""
    house = open_house()
    with house.database.write() as connection:
        keys.revoke(connection, house.tenant, prefix, utcnow())
    out.print(f"key {prefix} is revoked")
