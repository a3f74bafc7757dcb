"""`sluis models …`: which ranker ranks, and the way back."""

from datetime import datetime
from typing import Annotated, Any

import numpy as np
import typer

from catalog.errors import Conflict, Invalid, NotFound
from evaluation.gate import GateOptions, compare
from models.manifest import KINDS, RANKER, Manifest
from ranking.dataset import Dataset
from sluis.commands.train import load
from sluis.console import AsJson, out, show
from sluis.wiring import House, open_house

app = typer.Typer(help="List, promote and roll back what was learned.", no_args_is_help=True)


class GateClosed(Conflict):
    """The challenger is not good enough to take over."""

    code = "gate_closed"


@app.command("list")
def list_models(*, as_json: AsJson = False) -> None:
    """Show every artefact, and which ones are in use."""
    registry = open_house().registry
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        current = registry.current(kind)
        for made in registry.manifests(kind):
            in_use = current is not None and current.name == made.name
            rows.append(
                {"kind": kind, "name": made.name, "created": made.created_at, "in_use": "yes" if in_use else ""}
            )
    show(rows, as_json, "Nothing learned yet: 'sluis enrich' fits taggers, 'sluis train' a ranker.")


@app.command()
def promote(
    name: Annotated[str, typer.Argument(help="The ranker's name, as 'sluis models list' shows it.")] = "",
    newest: Annotated[bool, typer.Option("--newest", help="The one trained last.")] = False,
) -> None:
    """Let a ranker rank, if it is not worse than what ranks now on the newest days. Takes effect at the next feed."""
    house = open_house()
    challenger = _challenger(house, name, newest)
    verdict = compare(_unseen(load(house), challenger), house.rankers(), house.rankers.load(challenger), GateOptions())
    if not verdict.passed:
        raise GateClosed(f"{challenger.name} stays a challenger; {verdict.reason}")
    house.registry.promote(RANKER, challenger.name)
    out.print(f"{challenger.name} ranks now; {verdict.reason}", soft_wrap=True)


def _challenger(house: House, name: str, newest: bool) -> Manifest:
    if bool(name) == newest:
        raise Invalid("name one ranker, or say --newest: 'sluis models list' shows them")
    made = house.registry.manifests(RANKER)
    wanted = [one for one in made if newest or one.name == name]
    if not wanted:
        raise NotFound(f"there is no ranker {name}: 'sluis train' makes one")
    return max(wanted, key=lambda one: one.created_at)


def _unseen(data: Dataset, challenger: Manifest) -> Dataset:
    """The slates since the days that the challenger was kept from: it has learned from none of them."""
    since = datetime.fromisoformat(str(challenger.facts["unseen_since"]))
    return data.take(np.array([offer.at >= since for offer in data.offers], dtype=np.bool_))


@app.command()
def rollback() -> None:
    """Go back to the ranker before."""
    now = open_house().registry.rollback(RANKER)
    out.print(f"{now.name} ranks again")
