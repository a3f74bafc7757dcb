"""`sluis evaluate`: how well what ranks now, and the heuristic, order what people were shown, and what they list."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from catalog import articles
from catalog.clock import utcnow
from catalog.errors import Invalid
from catalog.ids import ArticleId
from models.heuristic import HeuristicRanker
from models.protocols import Ranker
from ranking import splits
from ranking.dataset import Dataset
from ranking.splits import SplitOptions
from sluis.commands.models import challenger_named
from sluis.console import AsJson, counted, out, print_json, progress, show
from sluis.promoting import champion_of, load
from sluis.runs import of_evaluation, tracked
from sluis.wiring import House, open_house

if TYPE_CHECKING:
    from evaluation.bootstrap import Interval
    from evaluation.lists import List
    from evaluation.report import Report, Row

_CUTOFF: Final = "ndcg@10"


def evaluate(
    name: Annotated[str, typer.Argument(help="A ranker to judge as well, as 'sluis models list' shows it.")] = "",
    html: Annotated[Path | None, typer.Option(help="Write the report to this file, with plots and all parts.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare what ranks now with the heuristic on the newest days: all, per job function and per language."""
    from evaluation import report  # brings scipy

    if html is not None and not html.absolute().parent.is_dir():
        raise Invalid(f"there is no folder {html.absolute().parent}: make it, or name another file")
    house = open_house()
    roles = _rankers(house, name)
    with tracked(house.settings, "evaluate") as tell:
        newest = splits.by_time(load(house), SplitOptions()).test
        rankers, period = list(roles.values()), (newest.offers[0].at, newest.offers[-1].at)
        made = _lists(house, rankers, period[0])
        found = report.evaluate(newest, rankers, _languages(house, newest), made)
        tell(lambda run: of_evaluation(run, found, roles, period, utcnow()))
    if html is not None:
        from evaluation import page  # brings matplotlib

        html.write_bytes(page.render(found, house.tenant, period, utcnow()))
    if as_json:
        print_json(found.to_dict())
        return
    _show(found)
    if html is not None:
        out.print(f"\nThe whole report: {html}", soft_wrap=True)


def _rankers(house: House, name: str) -> dict[str, Ranker]:
    """What is judged, each once, by what it is to the house; the first is compared with the others."""
    found: dict[str, Ranker] = {}
    if name:
        found["challenger"] = house.rankers.load(challenger_named(house, name, newest=False))
    for role, ranker in (("champion", champion_of(house)), ("heuristic", HeuristicRanker())):
        if ranker.name not in {each.name for each in found.values()}:
            found[role] = ranker
    return found


def _lists(house: House, rankers: Sequence[Ranker], since: datetime) -> "list[List]":
    from evaluation import lists, replay

    with house.database.read() as connection:
        records = replay.read(connection, house.tenant)
    with progress("Ranking again", len(records.slates)) as tick:
        return lists.make(records, rankers, since, house.ranking, lists.ListOptions(), tick)


def _languages(house: House, newest: Dataset) -> dict[ArticleId, str | None]:
    with house.database.read() as connection:
        found = articles.many(connection, house.tenant, set(newest.articles))
    return {article.id: article.language for article in found.values()}


def _show(report: "Report") -> None:
    everybody = report.relevance[0]
    out.print(
        f"{counted(everybody.slates, 'slate')} with a grade, to {everybody.people} people. What was shown, ordered by "
        "each ranker; intervals of 95 %, over people:",
        soft_wrap=True,
    )
    show(_whole(report.relevance, report.ahead))
    out.print("\nWhat each ranker would have put first, out of everything there was:")
    show(_whole(report.lists, report.lists_ahead))
    for by in ("function", "language"):
        out.print(f"\n{_CUTOFF} by {by}:")
        show(_by(report, by))


def _whole(rows: "Sequence[Row]", ahead: "Sequence[Row]") -> list[dict[str, Any]]:
    """A row per figure, with a column per ranker, and how far the first is ahead of the others."""
    columns = [row for row in (*rows, *ahead) if row.by == "all"]
    figures = list(columns[0].metrics) if columns else []
    return [{"figure": figure} | {row.ranker: _told(row.metrics[figure]) for row in columns} for figure in figures]


def _by(report: "Report", by: str) -> list[dict[str, Any]]:
    """A row per function or language."""
    found: dict[str, dict[str, Any]] = {}
    for row in (*report.relevance, *report.ahead):
        if row.by == by:
            told = found.setdefault(row.part, {by: row.part, "slates": row.slates, "people": row.people})
            told[row.ranker] = _told(row.metrics[_CUTOFF])
    return list(found.values())


def _told(figure: "Interval") -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})" if figure.is_told else f"{figure.value:.3f}"
