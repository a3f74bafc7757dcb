"""`sluis source list|show|stats`: how each source does, what it last said, and what it is good for."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from catalog import items, sources, yields
from catalog.clock import utcnow
from catalog.records import Axes, ItemState, Source, SourceKind, SourceStatus, SourceVisit
from catalog.yields import Yield
from sluis.commands.sources.change import Name
from sluis.commands.sources.words import ago, span, until
from sluis.console import AsJson, counted, out, print_json, show
from sluis.wiring import open_house

Days = Annotated[int, typer.Option(min=1, max=3650, help="How many days to look back.")]

NEW: Final = timedelta(days=7)
JUDGED: Final = timedelta(days=30)
"""How far `list` and `show` look back."""

_WIDE: Final = 120
"""Columns of a terminal from which all of `stats` fits; below, `_ROOM_FOR` is left out."""
_ROOM_FOR: Final = frozenset({"duplicates", "failed", "waiting", "opens", "shares"})
_VISITS: Final = 10
_TROUBLES: Final = 5


def list_sources(*, as_json: AsJson = False) -> None:
    """Show the sources and how each does. 'new' is how many items it announced in the last 7 days.

    'approved' is the share of its articles that a curator approved, and of how many, in the last 30 days.
    """
    house, now = open_house(), utcnow()
    with house.database.read() as connection:
        known = sources.every(connection, house.tenant)
        judged = yields.of_all(connection, house.tenant, now - JUDGED)
        news = yields.announced(connection, house.tenant, now - NEW)
    if as_json:
        print_json([_record(source, judged[source.id]) | {"new_items": news[source.id]} for source in known])
        return
    rows = [
        {
            "source": f"{source.title}\n{source.url}".strip(),
            "state": health(source),
            "next": _next(source, now),
            "new": news[source.id],
            "approved": _share(judged[source.id]),
            "problem": _problem(source),
        }
        for source in known
    ]
    show(rows, "No sources yet: 'sluis source add URL'.")


def show_source(name: Name, *, as_json: AsJson = False) -> None:
    """Show one source. What holds for it, what was tried, when it is next, and what became of its items."""
    house, now = open_house(), utcnow()
    with house.database.read() as connection:
        source = sources.named(connection, house.tenant, name)
        visits = sources.visits(connection, house.tenant, source.id, _VISITS)
        states = items.states(connection, house.tenant, source.id)
        troubles = items.troubled(connection, house.tenant, source.id, _TROUBLES)
        judged = yields.of_all(connection, house.tenant, now - JUDGED)[source.id]
    if as_json:
        counts = {state.value: count for state, count in states.items()}
        print_json(_record(source, judged) | {"visits": visits, "items": counts, "problems": troubles})
        return
    for line in _facts(source, now):
        out.print(escape(line), soft_wrap=True)
    if source.last_error:
        out.print(f"[yellow]last problem[/] {escape(_problem(source))}", soft_wrap=True)
    if source.kind is not SourceKind.PUSH:
        out.print()
        show([_visit_row(visit) for visit in visits], "Not visited yet.")
    out.print(f"\nitems: {_counts(states)}")
    for where, why in troubles:
        out.print(f"  {escape(why if where in why else f'{where}: {why}')}", soft_wrap=True)
    out.print(f"last {JUDGED.days} days: {_judged(judged)}")


def stats(
    days: Days = 30,
    *,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV for a spreadsheet, with every number.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what each source was good for. The most useful is first, so that you know which to drop.

    'approved' is approved of decided articles; 'engaged' is how many of the items put before somebody they opened,
    liked, saved, shared or got a click for. A narrow terminal leaves some columns out; --csv has them all.
    """
    house, now = open_house(), utcnow()
    with house.database.read() as connection:
        known = sources.every(connection, house.tenant)
        judged = yields.of_all(connection, house.tenant, now - timedelta(days=days))
    ranked = sorted(known, key=lambda source: judged[source.id].usefulness, reverse=True)
    rows = [
        {"id": source.id, "title": source.title, "url": source.url, "state": health(source)}
        | _numbers(judged[source.id])
        for source in ranked
    ]
    if as_json:
        print_json(rows)
    elif csv:
        _print_csv(rows)
    else:
        wide = out.width >= _WIDE
        show([_stats_row(source, judged[source.id], now, wide=wide) for source in ranked], "No sources yet.")
        _hint(ranked, judged, days)


def health(source: Source) -> str:
    """In a word or two, how a source does."""
    if source.status is not SourceStatus.ACTIVE:
        return str(source.status)
    if source.kind is SourceKind.PUSH:
        return "handed in"
    if source.failures:
        return f"failing {source.failures}x"
    if source.last_error:
        return "in part"
    return "ok" if source.checked_at else "new"


def _next(source: Source, now: datetime) -> str:
    waits = source.status is SourceStatus.ACTIVE and source.kind is not SourceKind.PUSH
    return until(source.due_at, now) if waits else "-"


def _problem(source: Source) -> str:
    """What went wrong last, without the address, which stands beside it."""
    return (source.last_error or "").removeprefix(f"{source.url}: ")


def _share(judged: Yield) -> str:
    share = judged.approved_share
    return "-" if share is None else f"{share:.0%} of {judged.decided}"


def _engaged(judged: Yield) -> str:
    share = judged.engagement
    return "-" if share is None else f"{share:.0%} of {judged.served}"


def _facts(source: Source, now: datetime) -> list[str]:
    """What is known of a source, a line per subject."""
    visited = f"visited {ago(source.checked_at, now)}" if source.checked_at else "not visited yet"
    visits = [] if source.kind is SourceKind.PUSH else [visited, f"next visit {_next(source, now)}"]
    ours = "our own" if source.internal else "external"
    facts = [source.language or "language not known", ours, f"trust {source.trust}"]
    facts += [f"owner {source.owner}"] if source.owner else []
    facts += ["legal must sign"] if source.needs_legal else []
    facts += [f"expires after {source.archive_days} days"] if source.archive_days else []
    facts += [f"at most {source.daily_cap} items a day"] if source.daily_cap else []
    lines = [source.title, source.url, " · ".join([f"id {source.id[:8]}", health(source), *visits]), " · ".join(facts)]
    lines += [f"for {_axes(source.audience.axes)}"] if source.audience else []
    lines += [f"tags {_axes(source.tags)}"] if source.tags else []
    return [line for line in lines if line]


def _visit_row(visit: SourceVisit) -> dict[str, Any]:
    return {
        "visited": visit.at,
        "outcome": visit.outcome,
        "new": visit.items_new,
        "seconds": f"{visit.seconds:.1f}",
        "detail": visit.detail or "",
    }


def _axes(axes: Axes) -> str:
    return "; ".join(f"{axis}: {', '.join(sorted(values))}" for axis, values in sorted(axes.items()))


def _counts(states: Mapping[ItemState, int]) -> str:
    return ", ".join(f"{states[state]} {state}" for state in ItemState if states[state]) or "none yet"


def _judged(judged: Yield) -> str:
    parts = [counted(judged.items, "item"), counted(judged.articles, "article"), f"{judged.waiting} waiting"]
    parts.append(f"approved {_share(judged)}" if judged.decided else "nothing decided")
    parts.append(
        f"readers used {_engaged(judged)} served, {counted(judged.shares, 'share')}"
        if judged.served
        else "never served"
    )
    return " · ".join(parts)


def _stats_row(source: Source, judged: Yield, now: datetime, *, wide: bool) -> dict[str, Any]:
    """A line of the table. Where there is little room, what a curator decides by goes before how it came about."""
    row = {
        "source": source.title or source.url,
        "items": judged.items,
        "duplicates": judged.duplicates,
        "failed": judged.failed,
        "articles": judged.articles,
        "waiting": judged.waiting,
        "approved": _share(judged),
        "engaged": _engaged(judged),
        "opens": judged.opens,
        "shares": judged.shares,
        "last item": ago(judged.last_item, now) if judged.last_item else "-",
    }
    return row if wide else {name: value for name, value in row.items() if name not in _ROOM_FOR}


def _hint(ranked: Sequence[Source], judged: Mapping[Any, Yield], days: int) -> None:
    """Name the sources that are visited in vain; not those that are new, nor those that nobody visits."""
    visited = [each for each in ranked if each.status is SourceStatus.ACTIVE and each.kind is not SourceKind.PUSH]
    seen = [each for each in visited if health(each) != "new"]
    silent = [each.title or each.url for each in seen if not judged[each.id].usefulness[0]]
    if silent:
        told = escape(", ".join(silent))
        since = span(timedelta(days=days))
        out.print(f"\nBrought nothing in {since}: {told}. 'sluis source pause NAME' stops visiting it.", soft_wrap=True)


def _record(source: Source, judged: Yield) -> dict[str, Any]:
    return {**asdict(source), "kind": source.kind, "health": health(source), "yield": _numbers(judged)}


def _numbers(judged: Yield) -> dict[str, Any]:
    shares = {"approved_share": judged.approved_share, "engagement": judged.engagement}
    return {**asdict(judged), "decided": judged.decided, **shares}


def _print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Titles are strangers' words: one that starts like a formula must not become one in a spreadsheet."""
    from defusedcsv import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(list(rows[0]) if rows else ["id", "title", "url"])
    for row in rows:
        writer.writerow([value.isoformat() if isinstance(value, datetime) else value for value in row.values()])
