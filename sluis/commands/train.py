"""`sluis train`: learn a ranker from the past, and say how good it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.clock import utcnow
from catalog.errors import Conflict, Invalid
from models.manifest import ORGANISATION, RANKER, Manifest
from ranking import dataset
from ranking.dataset import Dataset, LabelOptions
from sluis.console import AsJson, out, print_json, progress, show
from sluis.promoting import load
from sluis.runs import of_training, tracked
from sluis.settings import Settings, read_settings
from sluis.wiring import labels_of, open_house

if TYPE_CHECKING:
    from ranking.training import Trained


def train(
    data: Annotated[Path | None, typer.Option(help="An export to learn from, instead of the database.")] = None,
    to: Annotated[Path | None, typer.Option(help="With --data: the new folder that the ranker is written to.")] = None,
    grade: Annotated[list[str] | None, typer.Option(help="EVENT=GRADE, instead of SLUIS_GRADES; repeat.")] = None,
    slates_per_person: Annotated[
        int | None, typer.Option(min=0, help="At most so many slates of each person, drawn; 0: all.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Learn a ranker from the slates and events so far. It stays a challenger until it is promoted."""
    if (data is None) != (to is None):
        raise Invalid(
            "--data EXPORT and --to FOLDER go together: learn from an export into a folder, or from the database"
        )
    settings = read_settings()
    labels = LabelOptions(grades=dataset.regraded(grade)) if grade else labels_of(settings)
    capped = settings.slates_per_person if slates_per_person is None else slates_per_person
    if data is not None and to is not None:
        _train_elsewhere(data, to, settings, labels, capped, as_json)
        return
    house = open_house(settings)
    with tracked(settings, "train") as tell:
        trained = _trained(load(house, labels), capped)
        files, facts = trained.ranker.to_files(), {**trained.facts, ORGANISATION: house.tenant}
        made = house.registry.add(RANKER, files, facts=facts, metrics=trained.metrics, now=utcnow())
        tell(lambda run: of_training(run, trained, made))
    _tell(trained, made, f"{made.name} is a challenger", f"Let it rank with: sluis models promote {made.name}", as_json)


def _train_elsewhere(
    data: Path, to: Path, settings: Settings, labels: LabelOptions, per_person: int, as_json: bool
) -> None:
    """The same without a database: whoever has the export needs nothing else."""
    from models import handover
    from ranking.exported import Export

    if to.exists():
        raise Conflict(f"{to} exists already: name a folder that does not")
    export = Export.open(data)
    key = export.return_key
    with tracked(settings, "train") as tell:
        trained = _trained(export.dataset(labels), per_person)
        made = handover.write(to, trained.ranker, trained.facts, trained.metrics, export.id, key, utcnow())
        tell(lambda run: of_training(run, trained, made))
    _tell(trained, made, f"{made.name} is in {to}", f"Bring it home with: sluis models add {to}", as_json)


def _trained(data: Dataset, per_person: int) -> "Trained":
    from evaluation.report import measure
    from ranking import training  # brings LightGBM, which no other command needs to wait for

    options = training.TrainingOptions(per_person=per_person or None)
    with progress("Training", options.trees.rounds) as tick:
        return training.train(data, options, measure, tick)


def _tell(trained: "Trained", made: Manifest, done: str, following: str, as_json: bool) -> None:
    if as_json:
        print_json({"name": made.name, "metrics": trained.metrics, "importance": trained.ranker.importance()})
        return
    out.print(f"{done}. On the newest days:", soft_wrap=True)
    show(beside(trained.metrics))
    top = ", ".join(f"{name} {share:.0%}" for name, share in list(trained.ranker.importance().items())[:6])
    out.print(f"It looks most at: {top}\n{following}", soft_wrap=True)


def beside(metrics: Mapping[str, float | str]) -> list[dict[str, Any]]:
    """The figures of the test days, a row per ranker."""
    rows: dict[str, dict[str, Any]] = {}
    for name, value in metrics.items():
        part, _, rest = name.partition(".")
        ranker, _, figure = rest.partition(".")
        if part == "test":
            rows.setdefault(ranker, {"ranker": ranker})[figure] = value
    return list(rows.values())
