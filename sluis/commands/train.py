"""`sluis train` and `sluis evaluate`: learn a ranker from the past, and say how good it is."""

from collections.abc import Mapping
from typing import Any

from catalog.clock import utcnow
from evaluation.report import EVERYBODY, Report, measure
from evaluation.report import evaluate as compare
from models.heuristic import HeuristicRanker
from models.manifest import RANKER
from models.protocols import Ranker
from ranking import dataset, splits
from ranking.dataset import Dataset, LabelOptions
from ranking.splits import SplitOptions
from sluis.console import AsJson, out, print_json, progress, show
from sluis.wiring import House, open_house

_CUTOFF = "ndcg@10"


def train(*, as_json: AsJson = False) -> None:
    """Learn a ranker from the slates and events so far. It stays a challenger until it is promoted."""
    from ranking import training  # brings LightGBM, which no other command needs to wait for

    house, options = open_house(), training.TrainingOptions()
    data = load(house)
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


def evaluate(*, as_json: AsJson = False) -> None:
    """Compare the champion and the heuristic on the newest days, for everybody and per job function."""
    house = open_house()
    newest = splits.by_time(load(house), SplitOptions()).test
    champion = house.rankers()
    rankers: dict[str, Ranker] = {ranker.name: ranker for ranker in (champion, HeuristicRanker())}
    report = compare(newest, rankers.values())
    if as_json:
        print_json(report.to_dict())
        return
    everybody = [row for row in report.rows if row.function == EVERYBODY]
    show([{"ranker": row.ranker, "slates": row.slates, **row.metrics} for row in everybody])
    out.print(f"\n{_CUTOFF} by job function:")
    show(_by_function(report))


def _by_function(report: Report) -> list[dict[str, Any]]:
    """A row per function, with a column per ranker."""
    found: dict[str, dict[str, Any]] = {}
    for row in report.rows:
        if row.function != EVERYBODY:
            told = found.setdefault(row.function, {"function": row.function, "slates": row.slates})
            told[row.ranker] = row.metrics[_CUTOFF]
    return list(found.values())


def load(house: House) -> Dataset:
    """All that can be learned from or judged on now."""
    with house.database.read() as connection:
        return dataset.load(connection, house.tenant, utcnow(), LabelOptions())


def _beside(metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    """The figures of the test days, a row per ranker."""
    rows: dict[str, dict[str, Any]] = {}
    for name, value in metrics.items():
        part, ranker, figure = name.split(".", 2)
        if part == "test":
            rows.setdefault(ranker, {"ranker": ranker})[figure] = value
    return list(rows.values())
