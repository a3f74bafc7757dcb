"""The second wall between organisations: PostgreSQL itself shows a transaction the rows of its own organisation only.

The first wall are the queries, which all name the tenant. Where one forgot, this one would still return nothing. SQLite
knows no such policies; there the first wall is the only one.
"""

from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from catalog.errors import Unavailable
from catalog.ids import TenantId

ROLE: Final = "sluis_app"
"""Who transactions act as. It owns nothing and may not log in, so policies hold for it whoever has logged in."""

_TENANT: Final = "sluis.tenant"

_NAMED: Final = {"api_keys": "prefix", "identity_providers": "issuer"}
"""What is looked up before we know for whom, and the column by which: only rows with the value that was named show."""

_BIND: Final = text(f"SELECT set_config('role', '{ROLE}', true), set_config('{_TENANT}', :tenant, true)")
_NAME: Final = text("SELECT set_config(:setting, :value, true)")
_OURS: Final = """
    SELECT quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE n.nspname = current_schema() AND c.relkind = 'r' AND
"""
_OPEN: Final = text(f"{_OURS} NOT c.relforcerowsecurity")
_SECURED: Final = text(f"{_OURS} c.relforcerowsecurity")


def bind(connection: Connection, tenant: TenantId) -> None:
    """Let the transaction that has just begun see and write the rows of one organisation. One round trip."""
    connection.execute(_BIND, {"tenant": tenant})


def name(connection: Connection, table: str, value: str) -> None:
    """Let the transaction see the API key with this prefix, or providers that issue so: whose is what we ask."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NAME, {"setting": f"sluis.{_NAMED[table]}", "value": value})


def secure(connection: Connection) -> None:
    """Put policies on every table with a `tenant_id` that has none in force. Nothing to do on SQLite.

    Raises Unavailable, with the statements a database administrator runs, where the login may not make the role.
    """
    if connection.dialect.name != "postgresql":
        return
    _require_role(connection)
    for table in connection.execute(_OPEN).scalars().all():
        own = f"tenant_id = current_setting('{_TENANT}', true)"
        for statement in (
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"DROP POLICY IF EXISTS own_rows ON {table}",
            f"CREATE POLICY own_rows ON {table} USING ({own}) WITH CHECK ({own})",
        ):
            connection.exec_driver_sql(statement)
        if table in _NAMED:
            named = f"{_NAMED[table]} = current_setting('sluis.{_NAMED[table]}', true)"
            connection.exec_driver_sql(f"DROP POLICY IF EXISTS named_row ON {table}")
            connection.exec_driver_sql(f"CREATE POLICY named_row ON {table} FOR SELECT USING ({named})")
    place = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {place} TO {ROLE}")
    connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {place} TO {ROLE}")


def lift(connection: Connection) -> None:
    """Show the owner of the tables all rows until `secure`, in the same transaction: migrations are of all of them."""
    if connection.dialect.name == "postgresql":
        for table in connection.execute(_SECURED).scalars().all():
            connection.exec_driver_sql(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


def _require_role(connection: Connection) -> None:
    there = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": ROLE}).first()
    ours = "SELECT pg_has_role(current_user, :role, 'MEMBER')"
    if there and connection.execute(text(ours), {"role": ROLE}).scalar_one():
        return
    login = connection.execute(text("SELECT quote_ident(current_user)")).scalar_one()
    make = [] if there else [f"CREATE ROLE {ROLE} NOLOGIN NOBYPASSRLS"]
    statements = [*make, f"GRANT {ROLE} TO {login}"]
    try:
        with connection.begin_nested():
            for statement in statements:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        raise Unavailable(
            f"the login {login} may not make the role that keeps organisations apart. Let an administrator of the "
            f"database run: {'; '.join(statements)};"
        ) from error
