"""`sluis audit …`: proof that the promise was kept."""

import typer

from catalog.errors import Conflict
from curation import audit
from sluis.console import AsJson, out, print_json
from sluis.wiring import open_house

app = typer.Typer(help="Check what was served against what was allowed.", no_args_is_help=True)


class IsolationBroken(Conflict):
    """Somebody was served what was not meant for them."""

    code = "isolation_broken"


@app.callback()
def audits() -> None:
    """Check what was served against what was allowed."""


@app.command()
def isolation(*, as_json: AsJson = False) -> None:
    """Replay every slate ever served against the audience as of then. Fails where one item was not for its reader."""
    house = open_house()
    with house.database.read() as connection:
        found = audit.isolation(connection, house.tenant)
    if as_json:
        print_json({"slates": found.slates, "items": found.items, "violations": found.violations})
    else:
        out.print(f"{found.slates} slates, {found.items} items, {len(found.violations)} violations")
    if found.violations:
        first = found.violations[0]
        raise IsolationBroken(
            f"{len(found.violations)} violations; the first: slate {first.slate_id} served article {first.article_id}, "
            f"closed on {', '.join(first.axes)}: withdraw it with 'sluis review withdraw' and tell whoever owns privacy"
        )
