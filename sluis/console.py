"""What a person at a terminal sees: tables, one-line errors, progress; and JSON where a program asks."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from models.protocols import Progress as Tick

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

_SHORT = frozenset({"id", "day", "state", "kind", "name", "opted in"})
"""Columns whose values are looked up or typed again, so they stay on one line."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def show(rows: Sequence[Mapping[str, Any]], empty: str = "Nothing there.") -> None:
    """A table with a column per key of the first row. For people: programs are given records, as JSON."""
    if not rows:
        out.print(empty)
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name, value in rows[0].items():
            table.add_column(
                name.replace("_", " "), overflow="fold", no_wrap=isinstance(value, datetime | int) or name in _SHORT
            )
        for row in rows:
            table.add_row(*(Text(_cell(value)) for value in row.values()))  # a stranger's title is no markup
        out.print(table)


def counted(number: int, thing: str) -> str:
    """So many of a thing, in the plural where it is not one."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def print_json(value: Any) -> None:
    """A value as JSON, on standard output."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    sys.stdout.buffer.write(orjson.dumps(value, default=_plain, option=options))
    sys.stdout.flush()


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Tick]:
    """A bar on standard error while the block runs; the block calls what it gets with each number of steps done."""
    count = MofNCompleteColumn() if total is not None else TextColumn("{task.completed}")
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeElapsedColumn())
    with Progress(*columns, console=err, transient=not err.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)
