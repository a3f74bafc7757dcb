"""API keys: a prefix to find the row and a secret of 256 bits, of which only the SHA-256 is kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, update

from catalog import tables
from catalog.database import insert, record
from catalog.errors import NotFound, Unauthorised
from catalog.ids import KeyId, TenantId, new_id

_k = tables.api_keys


class Scope(StrEnum):
    """What a key opens."""

    RECOMMEND = "recommend"
    EVENTS = "events"
    CONTENT = "content"


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


def create(
    connection: Connection,
    tenant: TenantId,
    label: str,
    scopes: frozenset[Scope],
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    """Make a key and return it: this is the only time that it can be seen."""
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = {
        "tenant_id": tenant,
        "id": new_id(),
        "prefix": prefix,
        "secret_hash": _hash(secret),
        "label": label,
        "scopes": sorted(scopes),
        "created_at": now,
        "expires_at": expires_at,
    }
    connection.execute(insert(connection, _k).values(row))
    return f"sluis_{prefix}_{secret}"


def authenticate(connection: Connection, text: str, now: datetime) -> ApiKey:
    """The key that `text` is. Raises Unauthorised, with the same words whatever is wrong with it."""
    _, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    row = connection.execute(select(_k).where(_k.c.prefix == prefix)).one_or_none()
    fits = hmac.compare_digest(row.secret_hash if row else _hash(""), _hash(secret))
    key = _key(row) if row is not None and fits else None
    if key is None or key.revoked_at or (key.expires_at and key.expires_at <= now):
        raise Unauthorised("this API key is unknown, expired or revoked: make one with 'sluis key create'")
    return key


def every(connection: Connection, tenant: TenantId) -> list[ApiKey]:
    """All keys of a tenant, newest first."""
    rows = connection.execute(select(_k).where(_k.c.tenant_id == tenant).order_by(_k.c.created_at.desc(), _k.c.id))
    return [_key(row) for row in rows]


def revoke(connection: Connection, tenant: TenantId, prefix: str, now: datetime) -> None:
    """End a key at once."""
    mine = (_k.c.tenant_id == tenant, _k.c.prefix == prefix)
    if connection.execute(update(_k).where(*mine).values(revoked_at=now)).rowcount != 1:
        raise NotFound(f"there is no key with prefix {prefix}: 'sluis key list' shows those there are")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: Row[Any]) -> ApiKey:
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    return record(ApiKey, row, tenant=TenantId(row.tenant_id), scopes=scopes)
