"""`sluis models estimate`: what a ranker would have earned on slates that another one served."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.clock import utcnow
from catalog.errors import ArtefactMismatch, Invalid
from catalog.records import EventType
from models.heuristic import HeuristicRanker
from models.manifest import RANKER, Manifest
from models.protocols import Ranker
from sluis.commands.models import challenger_named
from sluis.console import AsJson, counted, out, print_json, progress, show
from sluis.promoting import champion_of
from sluis.wiring import House, open_house

if TYPE_CHECKING:
    from evaluation.earnings import Earnings, Figure, Row


def estimate(
    name: Annotated[str, typer.Argument(help="The ranker's name, as 'sluis models list' shows it.")] = "",
    newest: Annotated[bool, typer.Option("--newest", help="The one trained last.")] = False,
    event: Annotated[EventType, typer.Option(help="What counts, once per item and slate.")] = EventType.OPEN,
    *,
    as_json: AsJson = False,
) -> None:
    """What a challenger would have earned on the slates that were served, beside what ranks now. Nobody is shown it."""
    house = open_house()
    challenger, champion = challenger_named(house, name, newest), champion_of(house)
    rankers = (champion, house.rankers.load(challenger))
    if rankers[0].name == rankers[1].name:
        raise Invalid(f"{challenger.name} is what ranks now: name another one")
    if event is EventType.SEEN:
        raise Invalid("what is seen is the slate's doing, not the article's: name another event")
    between = (_unseen_since(house, challenger), utcnow())
    earned = _estimate(house, rankers, between, event)
    if as_json:
        print_json({"event": event, "since": between[0], "until": between[1], **earned.to_dict()})
        return
    out.print(
        f"{counted(earned.slates, 'slate')} to {earned.people} people since {between[0]:%Y-%m-%d}, each with "
        f"{_told(earned.served)} × {event} as it was served. Intervals of 95 %; DR is the one to go by.",
        soft_wrap=True,
    )
    for why, count in earned.left_out.items():
        out.print(f"left out: {counted(count, 'slate')}, because {why}", soft_wrap=True)
    show([_row(row) for row in earned.rows])


def _estimate(
    house: House, rankers: tuple[Ranker, Ranker], between: tuple[datetime, datetime], event: EventType
) -> "Earnings":
    from evaluation import counterfactual, earnings, replay  # brings scikit-learn

    with house.database.read() as connection:
        records = replay.read(connection, house.tenant)
    options = counterfactual.LogOptions(event=event)
    with progress("Ranking again", len(records.slates)) as tick:
        log = counterfactual.gather(records, rankers, _Known(house), between, house.ranking, options, tick)
    return earnings.judge(log, [ranker.name for ranker in rankers], earnings.EarningOptions())


def _row(row: "Row") -> dict[str, object]:
    return {
        "ranker": row.ranker,
        "estimator": row.estimator,
        "earned": _told(row.earned),
        "ahead": _told(row.ahead) if row.ahead else None,
        "worth slates": round(row.effective_slates),
        "out of reach": f"{row.out_of_reach:.1%}",
    }


def _told(figure: "Figure") -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _unseen_since(house: House, challenger: Manifest) -> datetime:
    """The moment since which neither the challenger nor what ranks now has learned from anything."""
    made = (challenger, house.registry.current(RANKER))
    return max(datetime.fromisoformat(str(one.facts["unseen_since"])) for one in made if one)


class _Known:
    """Rankers by the name that a slate has of them; None for one that is gone."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._made = {str(one.facts.get("name")): one for one in house.registry.manifests(RANKER)}
        self._found: dict[str, Ranker | None] = {HeuristicRanker().name: HeuristicRanker()}

    def __call__(self, name: str) -> Ranker | None:
        if name not in self._found:
            self._found[name] = self._load(name)
        return self._found[name]

    def _load(self, name: str) -> Ranker | None:
        try:
            return self._house.rankers.load(self._made[name])
        except (KeyError, ArtefactMismatch):
            return None
