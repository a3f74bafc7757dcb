"""A database that was in use before: every row is still there after an upgrade, and means the same."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from alembic import command
from sqlalchemy import text

from catalog import answers, items, keys, people, rows, schema, search, sources
from catalog.database import Database
from catalog.errors import Unavailable
from catalog.hosts import host_of
from catalog.ids import EmployeeId, SourceId, TenantId
from catalog.records import State
from catalog.words import asked
from tests.make import NOW

ADDRESSES = {
    "https://WWW.News.example/feed": "www.news.example",
    "http://user:secret@x.example:8080/": "x.example:8080",
    "http://user@x.example/": "x.example",
    "file:///srv/News": "",
    "push:cms": "",
    "https://[broken/feed": "",
    "": "",
}


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request, tmp_path) -> Iterator[Database]:
    """A database without any table, on both systems."""
    url = f"sqlite:///{tmp_path / 'old.db'}" if request.param == "sqlite" else request.getfixturevalue("owned")()
    database = Database(url)
    yield database
    database.close()


def at_0001(database: Database, tenant: TenantId) -> None:
    """The first tables, with a source and an item for each address."""
    moment = NOW.replace(tzinfo=None).isoformat(" ", "microseconds") if database.is_sqlite else NOW
    with database.write() as connection:
        command.upgrade(schema._config(connection), "0001")
        connection.execute(
            text("INSERT INTO tenants (tenant_id, name, hard_axes, seq, content_version, created_at)"
                 " VALUES (:of, 'Acme', '[]', 0, 0, :at)"),
            {"of": tenant, "at": moment},
        )  # fmt: skip
        for number, url in enumerate(ADDRESSES):
            row = {"of": tenant, "id": f"s{number}", "item": f"i{number}", "url": url, "at": moment, "no": False}
            connection.execute(
                text("INSERT INTO sources (tenant_id, id, url, title, internal, needs_legal, due_at, failures)"
                     " VALUES (:of, :id, :url, 'T', :no, :no, :at, 0)"),
                row,
            )  # fmt: skip
            connection.execute(
                text("INSERT INTO feed_items (tenant_id, id, source_id, key, url, title, summary, author, published_at,"
                     " digest, revisions, state, due_at, attempts)"
                     " VALUES (:of, :item, :id, 'one', :url, 'T', '', '', :at, 'd', 0, 'stored', :at, 0)"),
                row,
            )  # fmt: skip


def secured(database: Database) -> None:
    """As `sluis init` leaves it on PostgreSQL: who names no organisation finds no row, not even the tables' owner."""
    with database.write() as connection:
        rows.secure(connection)


def test_what_was_read_before_the_open_web_is_kept_and_has_its_host(empty, tenant):
    at_0001(empty, tenant)
    secured(empty)
    schema.upgrade(empty)
    with empty.of(tenant).read() as connection:
        assert schema.drift(connection) == []
        for table in ("sources", "feed_items"):
            found = connection.execute(text(f"SELECT url, host FROM {table}")).all()
            assert {row.url: row.host for row in found} == ADDRESSES
        assert {source.url for source in sources.every(connection, tenant)} == set(ADDRESSES)
        assert set(items.known(connection, tenant, SourceId("s0"), ["one"])) == {"one"}
        assert items.taken_since(connection, tenant, SourceId("s0"), NOW) == 1
        different = text("SELECT count(*) FROM feed_items WHERE announced_at IS NULL OR announced_at <> due_at")
        assert connection.execute(different).scalar_one() == 0


def test_the_migration_spells_hosts_as_the_program_does():
    assert {url: host_of(url) for url in ADDRESSES if "[" not in url} == {
        url: host for url, host in ADDRESSES.items() if "[" not in url
    }


def test_what_was_enriched_before_the_library_is_found_in_it(empty, tenant):
    at_0001(empty, tenant)
    moment = NOW.replace(tzinfo=None).isoformat(" ", "microseconds") if empty.is_sqlite else NOW
    with empty.write() as connection:
        for state in ("extracted", "approved"):
            connection.execute(
                text("INSERT INTO articles (tenant_id, id, url, title, lead, text, words, author, site_name, language,"
                     " published_at, created_at, digest, revision, state, internal, needs_legal)"
                     " VALUES (:of, :id, '', 'De bruggen', '', 'Open.', 1, '', '', 'nl', :at, :at, :digest, 1, :state,"
                     " :no, :no)"),
                {"of": tenant, "id": state, "digest": state, "state": state, "at": moment, "no": False},
            )  # fmt: skip
    secured(empty)
    schema.upgrade(empty)
    with empty.of(tenant).read() as connection:
        found = search.by_words(connection, tenant, asked("brug"), search.Filters(states=tuple(State)), 10)
        assert [each.id for each in found] == ["approved"]


def test_what_a_key_was_answered_is_remembered_for_the_caller_that_it_is(empty, tenant):
    moment = NOW.replace(tzinfo=None).isoformat(" ", "microseconds") if empty.is_sqlite else NOW
    at_0001(empty, tenant)
    with empty.write() as connection:
        command.upgrade(schema._config(connection), "0017")
        given = {"of": tenant, "at": moment, "body": b"{}"}
        connection.execute(
            text("INSERT INTO api_keys (tenant_id, id, prefix, secret_hash, label, scopes, created_at)"
                 " VALUES (:of, 'k', 'p', 'h', 'app', '[]', :at)"),
            given,
        )  # fmt: skip
        connection.execute(
            text("INSERT INTO remembered_answers (tenant_id, key_id, idempotency_key, request_hash, status, body, at)"
                 " VALUES (:of, 'k', 'a-1', 'r', 200, :body, :at)"),
            given,
        )  # fmt: skip
    schema.upgrade(empty)
    with empty.of(tenant).write() as connection:
        assert schema.drift(connection) == []
        key = keys.get(connection, tenant, "p")
        assert answers.begin(connection, key, "a-1", "r", NOW) == answers.Answer(200, b"{}")
        assert answers.begin(connection, replace(key, id="an application's"), "a-1", "r", NOW) is None


def test_a_database_of_a_newer_version_is_left_alone_in_our_own_words(empty):
    schema.upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for look in (schema.upgrade, schema.require_current):
        with pytest.raises(Unavailable, match="revision 9999, which a newer version of this program made"):
            look(empty)


def test_whoever_was_there_before_identity_providers_is_active_and_has_set_what_they_have(empty, tenant):
    at_0001(empty, tenant)
    moment = NOW.replace(tzinfo=None).isoformat(" ", "microseconds") if empty.is_sqlite else NOW
    with empty.write() as connection:
        command.upgrade(schema._config(connection), "0017")
        connection.execute(
            text("INSERT INTO employees (tenant_id, id, email, name, opted_in, pick_days, created_at)"
                 " VALUES (:of, 'e', 'ann@acme.example', 'Ann', :yes, '12345', :at)"),
            {"of": tenant, "yes": True, "at": moment},
        )  # fmt: skip
        for value in ("sales", "legal-compliance"):
            connection.execute(
                text("INSERT INTO memberships (tenant_id, employee_id, axis, value)"
                     " VALUES (:of, 'e', 'function', :value)"),
                {"of": tenant, "value": value},
            )  # fmt: skip
    schema.upgrade(empty)
    with empty.of(tenant).read() as connection:
        assert schema.drift(connection) == []
        person = people.get(connection, tenant, EmployeeId("e"))
    assert person.takes_part
    assert person.own == {"function": {"sales", "legal-compliance"}}
    assert person.lent == {}
