"""`sluis train`: learn a ranker from the past, and say how good it is."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from catalog.clock import utcnow
from models.manifest import RANKER
from ranking import dataset
from ranking.dataset import Dataset, LabelOptions
from sluis.console import AsJson, out, print_json, progress, show
from sluis.wiring import House, open_house


def train(
    grade: Annotated[list[str] | None, typer.Option(help="EVENT=GRADE, instead of SLUIS_GRADES; repeat.")] = None,
    slates_per_person: Annotated[
        int | None, typer.Option(min=0, help="At most so many slates of each person, drawn; 0: all.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Learn a ranker from the slates and events so far. It stays a challenger until it is promoted."""
    from evaluation.report import measure
    from ranking import training  # brings LightGBM, which no other command needs to wait for

    house = open_house()
    capped = house.settings.slates_per_person if slates_per_person is None else slates_per_person
    options = training.TrainingOptions(per_person=capped or None)
    data = load(house, LabelOptions(grades=dataset.regraded(grade)) if grade else None)
    with progress("Training", options.trees.rounds) as tick:
        trained = training.train(data, options, measure, tick)
    files = trained.ranker.to_files()
    made = house.registry.add(RANKER, files, facts=trained.facts, metrics=trained.metrics, now=utcnow())
    if as_json:
        print_json({"name": made.name, "metrics": trained.metrics, "importance": trained.ranker.importance()})
        return
    out.print(f"{made.name} is a challenger. On the newest days:")
    show(_beside(trained.metrics))
    top = ", ".join(f"{name} {share:.0%}" for name, share in list(trained.ranker.importance().items())[:6])
    out.print(f"It looks most at: {top}\nLet it rank with: sluis models promote {made.name}", soft_wrap=True)


def load(house: House, labels: LabelOptions | None = None) -> Dataset:
    """All that can be learned from or judged on now, by the organisation's grades unless others are given."""
    with house.database.read() as connection:
        return dataset.load(connection, house.tenant, utcnow(), labels or house.labels)


def _beside(metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    """The figures of the test days, a row per ranker."""
    rows: dict[str, dict[str, Any]] = {}
    for name, value in metrics.items():
        part, ranker, figure = name.split(".", 2)
        if part == "test":
            rows.setdefault(ranker, {"ranker": ranker})[figure] = value
    return list(rows.values())
