"""Who calls, and API keys: a prefix to find the row and a secret of 256 bits, of which only the SHA-256 is kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, select, update

from catalog import rows, tables_edge
from catalog.database import insert, record, values
from catalog.errors import Conflict, NotFound, Unauthorised
from catalog.ids import CallerId, TenantId, new_id

_k = tables_edge.api_keys

USED_EVERY: Final = timedelta(minutes=1)


class Scope(StrEnum):
    """What a key or a token opens. None opens what another one does."""

    RECOMMEND = "recommend"
    EVENTS = "events"
    CONTENT = "content"
    APPROVE = "content:approve"
    PEOPLE = "people"
    CURATE = "curate"
    MODELS = "models"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that asks, whatever it showed for it: a key, or a token of its organisation's identity provider.

    It is counted and remembered by its `id`, called by its `label` in trails, and by its `prefix` in logs.
    """

    id: CallerId
    tenant: TenantId
    label: str
    prefix: str
    scopes: frozenset[Scope]
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKey(Caller):
    """A key as it may be shown: never its secret."""

    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

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
    made = ApiKey(CallerId(new_id()), tenant, label, prefix, scopes, None, now, expires_at, None)
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
    rows.name(connection, _k.name, prefix)
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
    found = connection.execute(select(_k).where(_k.c.tenant_id == tenant).order_by(_k.c.created_at.desc(), _k.c.id))
    return [_key(row) for row in found]


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
