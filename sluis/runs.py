"""What a training or an evaluation leaves in MLflow, where an operator named a place for it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Final

import orjson
from rich.markup import escape

from models.manifest import Manifest
from models.protocols import Ranker
from sluis.console import err
from sluis.settings import Settings

if TYPE_CHECKING:
    from evaluation.report import Report
    from models.tracking import Run
    from ranking.training import Trained

Tell = Callable[[Callable[["Run"], None]], None]
"""Ends a run with what is to be told of it; nothing happens where nobody keeps runs."""

_TABLES: Final = ("relevance", "ahead", "lists", "lists_ahead")


@contextmanager
def tracked(settings: Settings, command: str) -> Iterator[Tell]:
    """A run in MLflow around `command`, if there is to be one; an address that is no good is said before it begins.

    What a command did is done: where its run cannot be told any more, that is a problem on standard error, no failure.
    """
    if not settings.mlflow_tracking_uri:
        yield lambda _: None
        return
    from models import tracking

    tags = {"mlflow.source.name": f"sluis {command}", "sluis.tenant": settings.tenant}
    with tracking.run(settings.mlflow_tracking_uri, f"sluis-{settings.tenant}", tags) as run:

        def tell(write: Callable[["Run"], None]) -> None:
            try:
                write(run)
                run.end("FINISHED")
            except tracking.TrackingAway as away:
                with suppress(tracking.TrackingAway):
                    run.end("FAILED")
                err.print(f"[yellow]problem[/] the run is not whole: {escape(str(away))}", soft_wrap=True)

        yield tell


def of_training(run: "Run", trained: "Trained", made: Manifest) -> None:
    """How it was learned, from which days, how it got better, how good it is, and the artefact that it became."""
    facts = {name: value for name, value in trained.facts.items() if name != "features"}
    run.name(made.name)
    run.parameters(facts | {"feature_count": len(trained.ranker.features)})
    run.curves({f"rounds.{name}": values for name, values in trained.ranker.curves.items()}, made.created_at)
    run.metrics(trained.metrics, made.created_at)
    run.file("features.json", _json(trained.ranker.features))
    run.file("importance.json", _json(trained.ranker.importance()))
    run.file("manifest.json", made.to_bytes().decode())


def of_evaluation(
    run: "Run", report: "Report", rankers: Mapping[str, Ranker], period: tuple[datetime, datetime], now: datetime
) -> None:
    """The figures for everybody with their intervals, by what a ranker is to the house; and the whole report."""
    role = {ranker.name: part for part, ranker in rankers.items()}
    role |= {f"minus {name}": f"minus_{part}" for name, part in role.items()}
    run.name(f"evaluation {now:%Y-%m-%d %H:%M}")
    run.parameters({"ranker": {part: ranker.name for part, ranker in rankers.items()}})
    run.parameters({"data": {"from": period[0].isoformat(), "to": period[1].isoformat()}})
    for table in _TABLES:
        for row in getattr(report, table):
            if row.by == "all":
                figures = {f"{table}.{role[row.ranker]}.{name}": each for name, each in row.metrics.items()}
                run.metrics({name: each.value for name, each in figures.items()}, now)
                run.metrics({f"{name}.low": each.low for name, each in figures.items() if each.is_told}, now)
                run.metrics({f"{name}.high": each.high for name, each in figures.items() if each.is_told}, now)
    run.file("report.json", _json(report.to_dict()))


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode()
