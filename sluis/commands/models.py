"""`sluis models …`: which ranker ranks, the way back, and the way in for one that was learned elsewhere."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from catalog import outbox
from catalog.clock import utcnow
from catalog.database import values
from catalog.errors import ArtefactMismatch, Conflict, Invalid, NotFound
from catalog.webhooks import Topic
from models.manifest import KINDS, ORGANISATION, RANKER, TAGGERS, Manifest
from ranking import features
from sluis import promoting
from sluis.commands.train import beside
from sluis.console import AsJson, out, print_json, show
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
    facts = {**made.facts, ORGANISATION: house.tenant}
    kept = house.registry.add(RANKER, files, facts=facts, metrics=made.metrics, now=utcnow())
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
    verdict = promoting.promote(house, challenger)
    if not verdict.passed:
        raise GateClosed(f"{challenger.name} stays a challenger; {verdict.reason}")
    out.print(f"{challenger.name} ranks now; {verdict.reason}", soft_wrap=True)


@app.command()
def judge(*, as_json: AsJson = False) -> None:
    """Judge the rankers that were to rank over the API, each by the same gate. 'sluis work' does this by itself."""
    judged = promoting.promote_waiting(open_house())
    if as_json:
        print_json([values(each) for each in judged])
        return
    rows = [{"name": each.model, "state": each.state, "reason": each.reason} for each in judged]
    show(rows, "Nothing waits to be judged.")


def challenger_named(house: House, name: str, newest: bool) -> Manifest:
    """The one ranker that a command names. Raises Invalid, and NotFound."""
    if bool(name) == newest:
        raise Invalid("name one ranker, or say --newest: 'sluis models list' shows them")
    made = house.registry.manifests(RANKER)
    wanted = [one for one in made if newest or one.name == name]
    if not wanted:
        raise NotFound(f"there is no ranker {name}: 'sluis train' makes one")
    return max(wanted, key=lambda one: one.created_at)


@app.command()
def rollback(kind: Annotated[Kind, typer.Option(help="What goes back.")] = Kind.RANKER) -> None:
    """Go back to the ranker, or the taggers, before. A certificate of those holds again, unless it lapsed."""
    house = open_house()
    now = house.registry.rollback(kind)
    if kind is Kind.RANKER:
        with house.database.write() as connection:
            outbox.put(connection, house.tenant, Topic.MODEL_PROMOTED, {"name": now.name}, utcnow())
    out.print(f"{now.name} is in use again")
