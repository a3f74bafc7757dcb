"""`sluis models …`: which ranker ranks, the way back, and the way in for one that was learned elsewhere."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.markup import escape

from catalog import outbox
from catalog.clock import utcnow
from catalog.database import values
from catalog.errors import ArtefactMismatch, Conflict, Invalid, NotFound
from catalog.webhooks import Topic
from evaluation.gate import GateOptions, compare
from models.heuristic import HeuristicRanker
from models.manifest import KINDS, RANKER, TAGGERS, Manifest
from models.protocols import Additive
from ranking import features
from ranking.dataset import Dataset
from sluis.commands.train import beside, load
from sluis.console import AsJson, err, out, print_json, show
from sluis.wiring import House, home_key, open_house

app = typer.Typer(help="List, promote and roll back what was learned.", no_args_is_help=True)


class Kind(StrEnum):
    """What is learned and can go back."""

    RANKER = RANKER
    TAGGERS = TAGGERS


class GateClosed(Conflict):
    """The challenger is not good enough to take over."""

    code = "gate_closed"


@app.command("list")
def list_models(*, as_json: AsJson = False) -> None:
    """Show every artefact, and which ones are in use."""
    registry = open_house().registry
    made = [(one, registry.current(kind)) for kind in KINDS for one in registry.manifests(kind)]
    if as_json:
        print_json([{"in_use": now == one, **values(one)} for one, now in made])
        return
    rows = [
        {
            "kind": one.kind,
            "name": one.name,
            "created": one.created_at,
            "in use": "yes" if now == one else "",
            "in slates": one.facts.get("name"),
            "test ndcg@10": one.metrics.get("test.challenger.ndcg@10"),
        }
        for one, now in made
    ]
    show(rows, "Nothing learned yet: 'sluis enrich' fits taggers, 'sluis train' a ranker.")


@app.command()
def add(folder: Annotated[Path, typer.Argument(help="What 'sluis train --data … --to FOLDER' wrote.")]) -> None:
    """Bring home a ranker that was learned from an export. It is a challenger like any other."""
    from models import handover

    house = open_house()
    made, files, ranker = handover.read(folder, home_key(house).return_key)
    features.columns(ranker.features)
    if not _kept_from_days(made):
        raise ArtefactMismatch(f"{folder} does not say which days it was kept from: learn it again")
    for known in house.registry.manifests(RANKER):
        if known.files == made.files:
            raise Conflict(f"{known.name} is this very ranker: 'sluis models promote {known.name}' lets it rank")
    kept = house.registry.add(RANKER, files, facts=made.facts, metrics=made.metrics, now=utcnow())
    out.print(f"{kept.name} is a challenger. Where it was learned, on the newest days:", soft_wrap=True)
    show(beside(made.metrics))
    out.print(f"Let it rank with: sluis models promote {kept.name}", soft_wrap=True)


def _kept_from_days(made: Manifest) -> bool:
    """Whether the gate can tell which slates a ranker has not learned from."""
    try:
        return datetime.fromisoformat(str(made.facts.get("unseen_since"))).tzinfo is not None
    except ValueError:
        return False


@app.command()
def promote(
    name: Annotated[str, typer.Argument(help="The ranker's name, as 'sluis models list' shows it.")] = "",
    newest: Annotated[bool, typer.Option("--newest", help="The one trained last.")] = False,
) -> None:
    """Let a ranker rank, if it is not worse than what ranks now on the newest days. Takes effect at the next feed."""
    house = open_house()
    challenger = challenger_named(house, name, newest)
    verdict = compare(
        _unseen(load(house), challenger), champion_of(house), house.rankers.load(challenger), GateOptions()
    )
    if not verdict.passed:
        raise GateClosed(f"{challenger.name} stays a challenger; {verdict.reason}")
    house.registry.promote(RANKER, challenger.name)
    with house.database.write() as connection:
        outbox.put(connection, house.tenant, Topic.MODEL_PROMOTED, {"name": challenger.name}, utcnow())
    out.print(f"{challenger.name} ranks now; {verdict.reason}", soft_wrap=True)


def champion_of(house: House) -> Additive:
    """What ranks now: the heuristic, as in the server, where the champion cannot be read."""
    try:
        return house.rankers()
    except ArtefactMismatch as error:
        err.print(f"[yellow]problem[/] {escape(str(error))}", soft_wrap=True)
        return HeuristicRanker()


def challenger_named(house: House, name: str, newest: bool) -> Manifest:
    """The one ranker that a command names. Raises Invalid, and NotFound."""
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
def rollback(kind: Annotated[Kind, typer.Option(help="What goes back.")] = Kind.RANKER) -> None:
    """Go back to the ranker, or the taggers, before. A certificate of those holds again, unless it lapsed."""
    now = open_house().registry.rollback(kind)
    out.print(f"{now.name} is in use again")
