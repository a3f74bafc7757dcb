"""API keys: a prefix to find the row and a secret of 256 bits, of which only the SHA-256 is kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, select, update

from catalog import tables_edge
from catalog.database import insert, record, values
from catalog.errors import Conflict, NotFound, Unauthorised
from catalog.ids import KeyId, TenantId, new_id
from catalog.rows import name_key

_k = tables_edge.api_keys

USED_EVERY: Final = timedelta(minutes=1)


class Scope(StrEnum):
    """What a key opens. None opens what another one does."""

    RECOMMEND = "recommend"
    EVENTS = "events"
    CONTENT = "content"
    APPROVE = "content:approve"
    PEOPLE = "people"
    CURATE = "curate"
    MODELS = "models"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be shown: never its secret."""

    id: KeyId
    tenant: TenantId
    label: str
    prefix: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. `text` is the whole of it, and can be seen this once."""

    key: ApiKey
    text: str


def create(
    connection: Connection,
    tenant: TenantId,
    label: str,
    scopes: frozenset[Scope],
    now: datetime,
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key; what comes back is the only time that it can be seen."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    made = ApiKey(KeyId(new_id()), tenant, label, prefix, scopes, now, expires_at, None, None)
    row = values(made, "tenant") | {"tenant_id": tenant, "secret_hash": _hash(secret), "scopes": sorted(scopes)}
    connection.execute(insert(connection, _k).values(row))
    return NewKey(made, f"sluis_{prefix}_{secret}")


def rotate(connection: Connection, tenant: TenantId, prefix: str, now: datetime, overlap: timedelta) -> NewKey:
    """Make another key like this one, which itself lives on for `overlap`, so that nobody is locked out meanwhile.

    The new one lives as long as the old one was meant to. Raises NotFound, and Conflict for one that opens nothing.
    """
    old = get(connection, tenant, prefix)
    if not old.is_live(now):
        raise Conflict(f"key {prefix} has ended: make a new one with 'sluis key create'")
    lasting = now + (old.expires_at - old.created_at) if old.expires_at else None
    end = min(now + overlap, old.expires_at or now + overlap)
    connection.execute(update(_k).where(*_mine(tenant, prefix)).values(expires_at=end))
    return create(connection, tenant, old.label, old.scopes, now, lasting)


def authenticate(connection: Connection, text: str, now: datetime) -> ApiKey:
    """The key that `text` is. Raises Unauthorised, with the same words whatever is wrong with it."""
    _, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    name_key(connection, prefix)
    row = connection.execute(select(_k).where(_k.c.prefix == prefix)).one_or_none()
    fits = hmac.compare_digest(row.secret_hash if row else _hash(""), _hash(secret))
    key = _key(row) if row is not None and fits else None
    if key is None or not key.is_live(now):
        raise Unauthorised("this API key is unknown, expired or revoked: make one with 'sluis key create'")
    return key


def used(connection: Connection, key: ApiKey, now: datetime) -> None:
    """Write down when a key was last used, to the nearest `USED_EVERY`: not every request is worth a write."""
    connection.execute(update(_k).where(*_mine(key.tenant, key.prefix)).values(last_used_at=now))


def get(connection: Connection, tenant: TenantId, prefix: str) -> ApiKey:
    """One key by its prefix."""
    row = connection.execute(select(_k).where(*_mine(tenant, prefix))).one_or_none()
    if row is None:
        raise NotFound(f"there is no key with prefix {prefix}: 'sluis key list' shows those there are")
    return _key(row)


def every(connection: Connection, tenant: TenantId) -> list[ApiKey]:
    """All keys of a tenant, newest first."""
    rows = connection.execute(select(_k).where(_k.c.tenant_id == tenant).order_by(_k.c.created_at.desc(), _k.c.id))
    return [_key(row) for row in rows]


def revoke(connection: Connection, tenant: TenantId, prefix: str, now: datetime) -> None:
    """End a key at once."""
    get(connection, tenant, prefix)
    connection.execute(update(_k).where(*_mine(tenant, prefix)).values(revoked_at=now))


def _mine(tenant: TenantId, prefix: str) -> tuple[ColumnElement[bool], ...]:
    return (_k.c.tenant_id == tenant, _k.c.prefix == prefix)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: Row[Any]) -> ApiKey:
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return record(ApiKey, row, tenant=TenantId(row.tenant_id), scopes=scopes)
