"""PostgreSQL's own wall: with a query that forgot whom it is for, there is still nothing of anybody else."""

import psycopg
import pytest
from sqlalchemy import MetaData, delete, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError

from catalog import keys, providers, schema, tenants
from catalog.database import Database
from catalog.errors import Unavailable
from catalog.ids import TenantId, new_id
from catalog.keys import Scope
from catalog.tables import employees
from catalog.tables_edge import metadata
from tests import make
from tests.make import NOW

OURS, THEIRS = TenantId("acme"), TenantId("theirs")
LITERALS = {"JSON": "[]", "BOOLEAN": "true", "TIMESTAMP": "2026-03-02 09:00+00", "DATE": "2026-03-02", "FLOAT": "1"}
LITERALS |= {"DOUBLE_PRECISION": "1", "BIGINT": "1", "INTEGER": "1"}


def of_tenants(database):
    """Every table with rows of an organisation, as PostgreSQL knows them; whoever is referred to first."""
    found = MetaData()
    with database.read() as connection:
        found.reflect(connection)
    return [table for table in found.sorted_tables if "tenant_id" in table.c]


def fill(database, tenant):
    """A row in every table. All texts and ids are the tenant's name, so references hold."""
    with database.of(tenant).write() as connection:
        for table in of_tenants(database):
            row = {each.name: LITERALS.get(type(each.type).__name__, tenant) for each in table.c if not each.nullable}
            said = ", ".join(f"'{value}'" for value in row.values())
            connection.execute(text(f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({said})"))


@pytest.fixture
def both(postgres_url):
    """Two organisations, each with a row in every table."""
    database = Database(postgres_url)
    for tenant in (OURS, THEIRS):
        fill(database, tenant)
    yield database
    database.close()


def whose(connection, table):
    """The answer to a query that forgot the tenant."""
    return set(connection.execute(text(f"SELECT tenant_id FROM {table.name}")).scalars())


def test_no_table_was_forgotten(both):
    tables = {table.name for table in of_tenants(both)}
    with both.read() as connection:
        secured = set(
            connection.execute(
                text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'")
            ).scalars()
        )
        guarded = set(connection.execute(text("SELECT tablename FROM pg_policies")).scalars())
    assert {table.name for table in metadata.sorted_tables if "tenant_id" in table.c} | {"article_words"} == tables
    assert tables == secured == guarded


def test_a_query_that_forgot_the_tenant_returns_nothing_of_anybody_else(both):
    for tenant in (OURS, THEIRS):
        with both.of(tenant).read() as connection:
            assert {table.name: whose(connection, table) for table in of_tenants(both)} == {
                table.name: {tenant}
                for table in of_tenants(both)  # so no table is empty, and none says too much
            }


def test_who_does_not_say_for_whom_finds_nothing_and_changes_nothing(both):
    with both.read() as connection:
        assert not [table.name for table in of_tenants(both) if whose(connection, table)]
    with both.write() as connection:
        assert not connection.execute(delete(employees)).rowcount
    with pytest.raises(DBAPIError, match="row-level security"), both.write() as connection:
        tenants.ensure(connection, TenantId("third"), "Third", NOW)


def test_nothing_of_anybody_else_can_be_changed_or_made(both):
    with both.of(OURS).write() as connection:
        connection.execute(update(employees).values(name="changed"))
        connection.execute(delete(employees).where(employees.c.tenant_id == THEIRS))
    row = {
        "tenant_id": THEIRS,
        "id": new_id(),
        "email": "x@x.example",
        "name": "x",
        "opted_in": True,
        "created_at": NOW,
    }
    with pytest.raises(DBAPIError, match="row-level security"), both.of(OURS).write() as connection:
        connection.execute(insert(employees).values(row))
    with pytest.raises(DBAPIError, match="row-level security"), both.of(OURS).write() as connection:
        connection.execute(update(employees).values(tenant_id=THEIRS))
    for tenant, name in ((OURS, "changed"), (THEIRS, THEIRS)):
        with both.of(tenant).read() as connection:
            assert connection.execute(select(employees.c.name)).scalars().all() == [name]


def test_a_transaction_leaves_nothing_behind_for_the_next_one(both):
    for tenant in (OURS, THEIRS, OURS):
        with both.of(tenant).read() as connection:
            assert {person.tenant_id for person in connection.execute(text("SELECT tenant_id FROM employees"))} == {
                tenant
            }
    with both.read() as connection:
        assert connection.execute(text("SELECT current_setting('sluis.tenant', true)")).scalar_one() in ("", None)


@pytest.fixture
def owner(postgres, owned):
    """The address of an empty database whose owner may not act as anybody else."""
    name, url = f"alone_{new_id()[:8]}", make_url(owned())
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
        server.execute(f"ALTER DATABASE {url.database} OWNER TO {name}")
        yield url.set(username=name, password="secret").render_as_string(hide_password=False), name, server
        server.execute(f"DROP DATABASE {url.database} WITH (FORCE)")
        server.execute(f"DROP ROLE {name}")


def test_an_owner_who_may_not_make_roles_is_told_what_to_ask_for_and_then_reaches_only_what_it_names(owner):
    url, name, server = owner
    database = Database(url)
    with pytest.raises(Unavailable, match=f"GRANT sluis_app TO {name}"):
        schema.upgrade(database)
    server.execute(f"GRANT sluis_app TO {name}")
    schema.upgrade(database)
    schema.upgrade(database)  # again, as after each upgrade
    for tenant in (OURS, THEIRS):
        with database.of(tenant).write() as connection:
            tenants.ensure(connection, tenant, tenant, NOW)
            made = keys.create(connection, tenant, "key", frozenset({Scope.EVENTS}), NOW)
            believed = make.provider(tenant, audience=tenant)
            providers.add(connection, believed)
            providers.add(connection, make.provider(tenant, "https://other.example", audience=tenant))
    with database.read() as connection:  # of nobody: no row at all but the one key, or the one issuer, that is named
        assert tenants.census(connection) == 0
        assert keys.authenticate(connection, made.text, NOW).tenant == THEIRS
        assert connection.execute(text("SELECT count(*) FROM api_keys")).scalar_one() == 1
        assert connection.execute(text("SELECT count(*) FROM identity_providers")).scalar_one() == 0
        assert {each.tenant for each in providers.of_issuer(connection, believed.issuer)} == {OURS, THEIRS}
        assert connection.execute(text("SELECT count(*) FROM identity_providers")).scalar_one() == 2
    with database.of(OURS).of_nobody().read() as connection:
        assert tenants.census(connection) == 0
    database.close()


def test_on_sqlite_it_is_the_same_database(sqlite_database):
    with sqlite_database.of(OURS).read() as connection:
        assert tenants.get(connection, OURS).name == "Acme"


def test_it_stands_in_whatever_schema_the_tables_are(owned):
    place = make_url(owned())
    with psycopg.connect(place.render_as_string(hide_password=False), autocommit=True) as server:
        server.execute('CREATE SCHEMA "Their own"')
        server.execute("CREATE TABLE public.of_somebody_else (tenant_id text)")
    elsewhere = place.update_query_dict({"options": '-csearch_path="Their\\ own"'})
    database = Database(elsewhere.render_as_string(hide_password=False))
    schema.upgrade(database)
    for tenant in (OURS, THEIRS):
        with database.of(tenant).write() as connection:
            tenants.ensure(connection, tenant, tenant, NOW)
            assert connection.execute(select(employees)).all() == []
            assert connection.execute(text("SELECT tenant_id FROM tenants")).scalars().all() == [tenant]
    with pytest.raises(DBAPIError, match="permission denied"), database.of(OURS).read() as connection:
        connection.execute(text("SELECT * FROM public.of_somebody_else"))
    database.close()
