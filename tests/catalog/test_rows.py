"""PostgreSQL's own wall: with a query that forgot whom it is for, there is still nothing of anybody else."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from catalog import events, keys, people, schema, slates, tenants
from catalog.database import Database
from catalog.errors import Unavailable
from catalog.ids import TenantId, new_id
from catalog.keys import Scope
from catalog.tables_edge import metadata
from tests import make
from tests.make import NOW

OURS, THEIRS = TenantId("acme"), TenantId("theirs")
TABLES = [table for table in metadata.sorted_tables if "tenant_id" in table.c]


@pytest.fixture
def both(postgres_database):
    """Two organisations, each with people, an article, a slate, an event and a key."""
    for tenant in (OURS, THEIRS):
        with postgres_database.write() as connection:
            tenants.ensure(connection, tenant, tenant, NOW)
            person = make.employee("sales")
            people.upsert(connection, tenant, [person])
            article = make.store_live(connection, tenant, make.audience("sales"))
            offered = make.slate(person.id, [article.id])
            slates.save(connection, tenant, offered)
            events.append(connection, tenant, [make.event(offered)])
            keys.create(connection, tenant, "key", frozenset({Scope.EVENTS}), NOW)
    return postgres_database


def test_no_table_was_forgotten(postgres_database):
    with postgres_database.read() as connection:
        secured = set(
            connection.execute(
                text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'")
            ).scalars()
        )
        guarded = set(connection.execute(text("SELECT tablename FROM pg_policies")).scalars())
    wanted = {table.name for table in TABLES} | {"article_words"}
    assert wanted <= secured
    assert wanted <= guarded


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_query_that_forgot_the_tenant_returns_nothing_of_anybody_else(both, table):
    with both.read() as connection:
        there = connection.execute(select(func.count()).where(table.c.tenant_id == THEIRS)).scalar_one()
    with both.of(OURS).read() as connection:
        found = set(connection.execute(select(table.c.tenant_id)).scalars())
    assert THEIRS not in found
    assert not there or OURS in found  # both were filled alike, so this has seen something


def test_nothing_of_anybody_else_can_be_changed_or_made(both):
    employees = next(table for table in TABLES if table.name == "employees")
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
    with both.read() as connection:
        names = {row.tenant_id: row.name for row in connection.execute(select(employees))}
    assert names[OURS] == "changed"
    assert names[THEIRS] != "changed"


def test_a_transaction_leaves_nothing_behind_for_the_next_one(both):
    for tenant in (OURS, THEIRS, OURS):
        with both.of(tenant).read() as connection:
            assert {person.tenant_id for person in connection.execute(text("SELECT tenant_id FROM employees"))} == {
                tenant
            }
    with both.read() as connection:
        assert connection.execute(text("SELECT current_setting('sluis.tenant', true)")).scalar_one() in ("", None)


@pytest.fixture
def owner(postgres):
    """The address of an empty database whose owner is no superuser."""
    name = f"owned_{new_id().replace('-', '')[:12]}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
        server.execute(f"CREATE DATABASE {name} OWNER {name}")
        parts = urlsplit(postgres)
        host = parts.netloc.rpartition("@")[2]
        yield urlunsplit(parts._replace(netloc=f"{name}:secret@{host}", path=f"/{name}")), name, server
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        server.execute(f"REVOKE sluis_app FROM {name}")
        server.execute(f"DROP ROLE {name}")


def test_an_owner_who_may_not_make_roles_is_told_what_to_ask_for_and_then_reaches_only_what_it_names(owner):
    url, name, server = owner
    server.execute("DO $$ BEGIN CREATE ROLE sluis_app NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    server.execute(f"REVOKE sluis_app FROM {name}")
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
    with database.read() as connection:  # of nobody: no row at all but the one key that is named
        assert connection.execute(text("SELECT count(*) FROM tenants")).scalar_one() == 0
        assert keys.authenticate(connection, made.text, NOW).tenant == THEIRS
        assert connection.execute(text("SELECT count(*) FROM api_keys")).scalar_one() == 1
    database.close()


def test_on_sqlite_it_is_the_same_database(sqlite_database):
    with sqlite_database.of(OURS).read() as connection:
        assert tenants.get(connection, OURS).name == "Acme"
