"""The report as one page: tables and plots in a single file that fetches nothing, for a screen, a phone or paper."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import lxml.etree
from lxml.html import builder as tag
from lxml.html import tostring

from evaluation.bootstrap import Interval
from evaluation.charts import Bar, draw_exposure, draw_forest
from evaluation.report import ALL, FUNCTION, LANGUAGE, Report, Row

MEANINGS: Final[Mapping[str, str]] = {
    "ndcg@5": "How near the first five come to the best order there could be, where a share counts more than an open.",
    "ndcg@10": "The same for the first ten.",
    "mrr": "One divided by the place of the first article that somebody did something with.",
    "map": "Mean average precision: how few useless articles stand above the useful ones.",
    "recall@5": "The share of the useful articles that are among the first five.",
    "auc": "How often a useful article stands above a useless one of the same slate; 0.5 is chance.",
    "coverage": "The share of all articles that could be shown to somebody that are in some list.",
    "gini": "How unevenly places are shared out over those articles: 0 all alike, 1 one article has them all.",
    "diversity": "How unlike one another the articles of a list are: 1 less the cosine, over all pairs.",
    "novelty": "In bits: an article that half of the people have opened has 1, one that a quarter have opened 2.",
    "source_miscalibration": "How far a list's sources are from those that the person chose so far; 0 is alike.",
    "function_miscalibration": "The same for the job functions that articles are tagged for.",
}
"""What each figure says, in a line."""

_HIGHER: Final = frozenset({"ndcg@5", "ndcg@10", "mrr", "map", "recall@5", "auc"})
_WATCHED: Final = "ndcg@10"
_PARTS: Final = {FUNCTION: "job function", LANGUAGE: "language of the article"}

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #57606a; --line: #d0d7de; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #14181d; --soft: #9aa5b1; --line: #3a424c; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
p, dd, figcaption { max-width: 42rem; } figcaption, .soft { color: var(--soft); }
.wide { overflow-x: auto; margin: 1rem 0; } .wide:focus-visible { outline: 2px solid currentColor; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { text-align: left; padding: .35rem 1rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { white-space: nowrap; } th[scope=row] { font-weight: 400; }
.range { display: block; color: var(--soft); font-size: .8rem; }
figure { margin: 1.5rem 0; } figure svg { display: block; width: 100%; max-width: 36rem; height: auto; }
dt { font-weight: 600; } dd { margin: 0 0 .6rem; }
@media print {
  :root { --ink: #000; --paper: #fff; --soft: #444; --line: #bbb; }
  body { max-width: none; padding: 0; font-size: 10pt; } .wide { overflow: visible; }
  table { font-size: 8pt; } th, td { padding-right: .5rem; }
  tr, figure { break-inside: avoid; } h2 { break-after: avoid; }
}
"""


def render(report: Report, tenant: str, between: tuple[datetime, datetime], now: datetime) -> bytes:
    """The page, UTF-8. `between` are the moments of the first and the last slate that was judged."""
    first, last = between
    everybody = report.relevance[0]
    title = f"How well feeds are ranked: {tenant}"
    body = tag.BODY(
        tag.MAIN(
            tag.H1(title),
            tag.P(
                f"{everybody.slates:,} slates with a grade, to {everybody.people:,} people, served from "
                f"{first:%-d %B %Y} to {last:%-d %B %Y}. Made on {now:%-d %B %Y}. In brackets: 95 % intervals, from "
                "drawing people anew; not told of fewer than ten people."
            ),
            *_relevance(report),
            *(_lists(report) if report.lists else [tag.P("No slate could be made again, so no lists are judged.")]),
            *_parts(report),
            *_meanings(),
        )
    )
    head = tag.HEAD(
        tag.META(charset="utf-8"),
        tag.META(name="viewport", content="width=device-width, initial-scale=1"),
        tag.TITLE(title),
        tag.STYLE(_STYLE),
    )
    page = tag.HTML(head, body, lang="en")
    return bytes(tostring(page, doctype="<!doctype html>", encoding="utf-8"))


def _relevance(report: Report) -> Iterator[Any]:
    yield tag.H2("What people were shown, put in order")
    yield tag.P(
        "The articles of a slate were chosen by what ranked on that day, and only those that somebody saw have a "
        "grade. So these figures compare rankers on what was offered, and say nothing about what was not."
    )
    yield _whole("Relevance, all slates", report.relevance, report.ahead)
    bars = [Bar(name, row.ranker, each) for row in _of(report.relevance, ALL) for name, each in row.metrics.items()]
    yield _figure(draw_forest(bars, "higher is better"), "Each figure with its interval, by ranker.")


def _lists(report: Report) -> Iterator[Any]:
    yield tag.H2("What each ranker would have put first")
    yield tag.P(
        "For the same slates, out of all articles there were for that person at that moment, the five that a ranker "
        "scores highest, before the rules that make a slate varied. Nobody was shown these lists: none of "
        "these figures is better higher or lower by itself."
    )
    yield _whole("Lists, all slates", report.lists, report.lists_ahead)
    yield _figure(
        draw_exposure(report.exposure),
        "How places are shared out over articles. The further a curve sags, the fewer articles have most of them.",
    )


def _parts(report: Report) -> Iterator[Any]:
    for by, words in _PARTS.items():
        rows = list(_of(report.relevance, by))
        if not rows:
            continue
        yield tag.H2(f"By {words}")
        ahead = list(_of(report.ahead, by))
        if ahead:
            bars = [Bar(row.part, row.ranker, row.metrics[_WATCHED]) for row in ahead]
            yield _figure(
                draw_forest(bars, f"{_WATCHED}: difference, above 0 the first is ahead", zero=True),
                f"By how much one ranker is ahead of the other, by {words}. A point without a line: too few people.",
            )
        yield _table(f"Relevance by {words}", [words, "ranker", "slates", "people", *rows[0].metrics], _cells(rows))
        listed = list(_of(report.lists, by))
        if listed:
            yield _table(f"Lists by {words}", [words, "ranker", "slates", "people", *listed[0].metrics], _cells(listed))


def _meanings() -> Iterator[Any]:
    yield tag.H2("What the figures say")
    described = [(tag.DT(name), tag.DD(meaning)) for name, meaning in MEANINGS.items()]
    yield tag.DL(*(each for pair in described for each in pair))


def _whole(caption: str, rows: Sequence[Row], ahead: Sequence[Row]) -> Any:
    """A row per figure, and a column per ranker and per comparison."""
    columns = [*_of(rows, ALL), *_of(ahead, ALL)]
    cells = [
        [f"{name} ↑" if name in _HIGHER else name, *(_told(row.metrics[name]) for row in columns)]
        for name in columns[0].metrics
    ]
    return _table(caption, ["figure", *(row.ranker for row in columns)], cells)


def _cells(rows: Iterable[Row]) -> list[list[Any]]:
    ordered = sorted(rows, key=lambda row: row.part)  # the rankers of one part beside each other
    return [
        [row.part, row.ranker, f"{row.slates:,}", f"{row.people:,}", *map(_told, row.metrics.values())]
        for row in ordered
    ]


def _table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    made = tag.TABLE(
        tag.CAPTION(caption),
        tag.THEAD(tag.TR(*(tag.TH(name, scope="col") for name in header))),
        tag.TBODY(
            *(tag.TR(tag.TH(first, scope="row"), *(tag.TD(*_listed(cell)) for cell in rest)) for first, *rest in rows)
        ),
    )
    # whoever scrolls with keys must be able to get into a table that is wider than the screen
    return tag.DIV(made, {"class": "wide", "tabindex": "0", "role": "region", "aria-label": caption})


def _listed(cell: Any) -> Sequence[Any]:
    return cell if isinstance(cell, tuple) else (cell,)


def _told(figure: Interval) -> tuple[Any, ...]:
    if figure.value != figure.value:  # not-a-number
        return ("-",)
    shown = f"{figure.value:.3f}"
    if not figure.is_told:
        return (shown,)
    return shown, tag.SPAN(f"({figure.low:.3f} to {figure.high:.3f})", {"class": "range"})


def _figure(drawn: str, caption: str) -> Any:
    """A plot with its words. The tables hold the same figures, so that nobody needs to see it."""
    picture = lxml.etree.fromstring(drawn.encode())
    for size in ("width", "height"):
        picture.attrib.pop(size, None)
    for group in picture.iter("{http://www.w3.org/2000/svg}g"):
        group.attrib.pop("id", None)  # several plots on one page would have the same ones
    picture.set("role", "img")
    picture.set("aria-label", caption)
    return tag.FIGURE(picture, tag.FIGCAPTION(caption))


def _of(rows: Iterable[Row], by: str) -> Iterator[Row]:
    return (row for row in rows if row.by == by)
