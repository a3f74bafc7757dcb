"""Webhooks: where others want to be told of what happens, of which things, and under which secret."""

import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update

from catalog import tables_edge
from catalog.database import insert, record, values
from catalog.errors import NotFound
from catalog.ids import TenantId, WebhookId, new_id

_w = tables_edge.webhooks

OVERLAP: Final = timedelta(hours=24)
"""How long messages are signed with the secret before as well, once there is another."""

_SECRET_BYTES: Final = 32


class Topic(StrEnum):
    """What can happen."""

    PICKS_READY = "picks.ready"
    ARTICLE_APPROVED = "article.approved"
    ARTICLE_WITHDRAWN = "article.withdrawn"
    ARTICLE_EXPIRED = "article.expired"
    CERTIFICATE_LAPSED = "certificate.lapsed"
    MODEL_PROMOTED = "model.promoted"
    PING = "ping"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address. Its secrets are for signing, and shown once."""

    id: WebhookId
    url: str
    types: frozenset[Topic]
    secret: str
    created_at: datetime
    old_secret: str | None = None
    old_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_why: str | None = None

    def signing(self, now: datetime) -> tuple[str, ...]:
        """The secrets that a message is signed with now: during a change two."""
        changing = self.old_secret is not None and self.old_until is not None and self.old_until > now
        return (self.secret, self.old_secret) if changing and self.old_secret else (self.secret,)


def add(connection: Connection, tenant: TenantId, url: str, types: frozenset[Topic], now: datetime) -> Webhook:
    """Tell this address of these things from now on. The caller has checked the address."""
    made = Webhook(WebhookId(new_id()), url, types, _secret(), now)
    row = values(made, "types") | {"tenant_id": tenant, "types": sorted(types)}
    connection.execute(insert(connection, _w).values(row))
    return made


def get(connection: Connection, tenant: TenantId, webhook: WebhookId) -> Webhook:
    """One of them."""
    row = connection.execute(select(_w).where(*_mine(tenant, webhook))).one_or_none()
    if row is None:
        raise NotFound(f"there is no webhook {webhook}: 'sluis webhook list' shows those there are")
    return _webhook(row)


def every(connection: Connection, tenant: TenantId) -> list[Webhook]:
    """All of them, the oldest first."""
    rows = connection.execute(select(_w).where(_w.c.tenant_id == tenant).order_by(_w.c.created_at, _w.c.id))
    return [_webhook(row) for row in rows]


def change(
    connection: Connection,
    tenant: TenantId,
    webhook: WebhookId,
    *,
    url: str | None = None,
    types: frozenset[Topic] | None = None,
    enabled: bool | None = None,
    now: datetime,
) -> Webhook:
    """Change what is given; what was disabled can be enabled again."""
    get(connection, tenant, webhook)
    told: dict[str, Any] = {}
    if url is not None:
        told["url"] = url
    if types is not None:
        told["types"] = sorted(types)
    if enabled is not None:
        told |= {"disabled_at": None if enabled else now, "disabled_why": None if enabled else "by hand"}
    if told:
        connection.execute(update(_w).where(*_mine(tenant, webhook)).values(told))
    return get(connection, tenant, webhook)


def rotate(connection: Connection, tenant: TenantId, webhook: WebhookId, now: datetime) -> Webhook:
    """Another secret; messages are signed with both for a day."""
    before = get(connection, tenant, webhook)
    told = {"secret": _secret(), "old_secret": before.secret, "old_until": now + OVERLAP}
    connection.execute(update(_w).where(*_mine(tenant, webhook)).values(told))
    return get(connection, tenant, webhook)


def disable(connection: Connection, tenant: TenantId, webhook: WebhookId, why: str, now: datetime) -> None:
    """Tell it nothing any more. The first reason stands."""
    on = (*_mine(tenant, webhook), _w.c.disabled_at.is_(None))
    connection.execute(update(_w).where(*on).values(disabled_at=now, disabled_why=why))


def remove(connection: Connection, tenant: TenantId, webhook: WebhookId) -> None:
    """For good, with what was still to be told."""
    get(connection, tenant, webhook)
    connection.execute(delete(_w).where(*_mine(tenant, webhook)))


def _mine(tenant: TenantId, webhook: WebhookId) -> tuple[Any, ...]:
    return (_w.c.tenant_id == tenant, _w.c.id == webhook)


def _secret() -> str:
    return f"whsec_{b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def _webhook(row: Row[Any]) -> Webhook:
    return record(Webhook, row, types=frozenset(Topic(each) for each in row.types))
