"""`sluis export`: the log and what it is about, as Parquet, for whoever learns or looks around elsewhere."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from catalog import slates
from catalog.clock import utcnow
from sluis.console import AsJson, out, print_json, progress, show
from sluis.wiring import home_key, open_house


def export(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    axis: Annotated[
        list[str] | None,
        typer.Option(help="What goes along of who people were, beside their functions: such as language. Repeat."),
    ] = None,
    *,
    with_text: Annotated[bool, typer.Option("--with-text", help="Also the articles' leads and texts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write slates, events, features and articles to Parquet, with a data card. People go by pseudonyms."""
    from ranking.export import export as write
    from ranking.export_asked import ExportOptions

    house = open_house()
    options = ExportOptions(axes=tuple(dict.fromkeys(("function", *(axis or ())))), text=with_text)
    key = home_key(house)
    with house.database.read() as connection, progress("Slates", slates.count(connection, house.tenant)) as tick:
        made = write(connection, house.tenant, folder, key, utcnow(), options, tick)
    if as_json:
        print_json({"folder": str(folder), **asdict(made)})
        return
    show([{"file": file, "rows": rows} for file, rows in made.rows.items()])
    for what, count in made.left_out.items():
        if count:
            out.print(f"left out: {count:,} {what}")
    out.print(
        f"{made.people:,} people, by pseudonyms: what it is and what may be done with it says {folder / 'README.md'}\n"
        f"Learn from it anywhere with: sluis train --data {folder} --to MODEL",
        soft_wrap=True,
    )
