"""What a batch of a thousand needs: one parameter for all of its names, one statement for all of its rows.

A parameter for each takes longer to bind than the database takes to look it up, and a statement for each row to send.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import orjson
from sqlalchemy import ARRAY, ColumnElement, Connection, Table, Text, TextClause, bindparam, func, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator


def told(dialect: str) -> ColumnElement[str]:
    """The `names` of a statement as a column to select from, a row for each.

    A subquery per name looks in the index of that name, whatever PostgreSQL's figures say. Those of a young table say
    that it is empty: with all names in one condition the whole table would be read, by a plan that is kept.
    """
    if dialect == "postgresql":
        return func.unnest(bindparam("names", type_=ARRAY(Text))).column_valued("told")
    return func.json_each(bindparam("names", type_=Text)).table_valued("value").c.value


def one_of(dialect: str, column: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a column is one of the `names` of a statement, however many there are."""
    if dialect == "postgresql":
        return column == func.any(bindparam("names", type_=ARRAY(Text)))
    return column.in_(select(told(dialect)))


def names(dialect: str, given: Iterable[str | None]) -> list[str | None] | str:
    """What `told` and `one_of` take for the parameter `names`."""
    return list(given) if dialect == "postgresql" else _document(list(given))


def append(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that name every column, in half of the time that SQLAlchemy takes to bind them one by one.

    No column may hold bytes: to PostgreSQL they go as one JSON document, to SQLite as what its driver takes.
    """
    if not rows:
        return
    dialect, columns = connection.dialect, table.columns
    if dialect.name == "postgresql":
        own = {
            each.name: _bound(rows, each.name, partial(each.type.process_bind_param, dialect=dialect))
            for each in columns
            if isinstance(each.type, TypeDecorator)
        }
        said = [
            {**row, **dict(zip(own, changed, strict=True))} for row, *changed in zip(rows, *own.values(), strict=True)
        ]
        connection.execute(_from_document(table), {"rows": _document(said)})
    else:
        bound = zip(*(_bound(rows, each.name, each.type.bind_processor(dialect)) for each in columns), strict=True)
        places = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table.name} ({_names(table)}) VALUES ({places})"  # noqa: S608
        connection.exec_driver_sql(statement, list(bound))


def _bound(rows: Sequence[Mapping[str, Any]], name: str, bind: Callable[[Any], Any] | None) -> list[Any]:
    """One column as the driver takes it. Rows of a batch share moments, and who somebody was: each is made once."""
    said = [row[name] for row in rows]
    if bind is None:
        return said
    made = {id(value): value for value in said}
    made = {which: bind(value) for which, value in made.items()}
    return [made[id(value)] for value in said]


def _document(value: Any) -> str:
    return orjson.dumps(value).decode()


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


@cache
def _from_document(table: Table) -> TextClause:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    typed = ", ".join(f"{column.name} {column.type.compile(dialect)}" for column in table.columns)
    given = f"json_to_recordset(CAST(:rows AS json)) AS given ({typed})"
    return text(f"INSERT INTO {table.name} ({_names(table)}) SELECT {_names(table)} FROM {given}")  # noqa: S608
