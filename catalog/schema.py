"""Bring a database to the tables this program knows, or say that it is not there yet."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from catalog import rows
from catalog.database import Database
from catalog.errors import Unavailable
from catalog.tables_edge import metadata


def upgrade(database: Database) -> None:
    """Run every migration that is missing, in one transaction. Raises Unavailable where a newer one has run."""
    with database.write() as connection:
        if _require_known(connection) != _head():
            rows.lift(connection)
            command.upgrade(_config(connection), "head")
        rows.secure(connection)


def require_current(database: Database) -> None:
    """Raise Unavailable, naming the remedy, unless the database is at this program's revision."""
    with database.read() as connection:
        at = _require_known(connection)
    if at != _head():
        raise Unavailable(f"the database is at revision {at or 'none'}, this program needs {_head()}: run 'sluis init'")


def _require_known(connection: Connection) -> str | None:
    """The revision that the database is at, None before the first. Raises Unavailable for one that is not ours."""
    at = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config(None)).walk_revisions()}
    if at is not None and at not in known:
        raise Unavailable(
            f"the database is at revision {at}, which a newer version of this program made: install that version, or "
            "restore the backup that was made before it"
        )
    return at


def draft(database: Database, message: str) -> None:
    """Write a migration from the database's tables to those in code, for a developer to read and correct."""
    with database.write() as connection:
        command.revision(_config(connection), message, autogenerate=True)


def drift(connection: Connection) -> list[object]:
    """What the tables in code have that the migrations do not make, or the other way round; empty when they agree."""
    opts = {"compare_type": True, "include_name": described}
    return list(compare_metadata(MigrationContext.configure(connection, opts=opts), metadata))


def described(name: str | None, kind: str, _parents: object) -> bool:
    """Whether `catalog.tables` says what this looks like.

    It leaves the words of `catalog.search` to each database; SQLite keeps them in several tables.
    """
    return kind != "table" or not (name or "").startswith("article_words")


def _head() -> str | None:
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
