"""`sluis learn`: let the taggers learn from what curators decided."""

from typing import Annotated

import typer

from sluis.console import AsJson, out, print_json, progress, show
from sluis.wiring import open_house


def learn(
    by: Annotated[str, typer.Option(help="Who asks for it; a certificate names you.", envvar="SLUIS_REVIEWER")],
    *,
    as_json: AsJson = False,
) -> None:
    """Fit taggers on every decision so far, and let them take over if no label gets worse.

    While a certificate is in force, they only take over together with one of their own. 'sluis work' does this by
    itself once enough was decided. The way back is 'sluis models rollback --kind taggers'.
    """
    from sluis import learning

    house = open_house()
    with progress("Learning", len(learning.in_use(house).heads)) as tick:
        learned = learning.learn(house, by, tick)
    if as_json:
        print_json({"name": learned.made.name, "promoted": learned.promoted, "verdict": learned.verdict})
        return
    show([label.to_row() for label in learned.verdict.labels], "No label has enough decisions to be judged by itself.")
    what = "tags from now on" if learned.promoted else "stays a challenger"
    out.print(f"{learned.made.name} {what}; {learned.reason}", soft_wrap=True)
