"""`sluis history import`: what people did before, in another tool."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from catalog.clock import utcnow
from catalog.errors import Invalid
from sluis.console import AsJson, counted, out, print_json, progress, show
from sluis.wiring import open_house

app = typer.Typer(help="Bring along what people did in another tool.", no_args_is_help=True)


@app.command("import")
def import_history(
    file: Annotated[Path, typer.Argument(help="CSV, JSON lines or Parquet, with the columns who,article,event,at.")],
    timezone: Annotated[
        str, typer.Option(help="Of moments that name none, such as Europe/Amsterdam; without it they are refused.")
    ] = "",
    quarantine: Annotated[
        Path | None, typer.Option(help="Where rows go that do not fit; by default beside the file.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Put what people did in another tool into the log, once. It tells what they like; it is no outcome of a slate."""
    from sluis import history

    house, aside = open_house(), quarantine or file.with_name(f"{file.name}.quarantine.csv")
    with progress("Rows", None) as tick:
        done = history.read(house.database, house.tenant, file, aside, utcnow(), _zone(timezone), tick)
    refused = sum(done.refused.values())
    if refused and refused == done.rows:
        reason, count = done.refused.most_common(1)[0]
        raise Invalid(f"none of {counted(done.rows, 'row')} fits, {count:,} of them because of: {reason}; see {aside}")
    if as_json:
        told = {"rows": done.rows, "added": done.added, "known": done.known, "refused": dict(done.refused)}
        print_json({**told, "quarantine": str(aside) if refused else None})
        return
    out.print(f"{done.added:,} new, {done.known:,} known already, {refused:,} refused, of {counted(done.rows, 'row')}")
    if refused:
        show([{"refused because": reason, "rows": count} for reason, count in done.refused.most_common()])
        out.print(f"They are in {aside}, with the reason: put right what can be, and import that file", soft_wrap=True)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid(f"there is no time zone {name!r}: use one such as Europe/Amsterdam or UTC") from error
