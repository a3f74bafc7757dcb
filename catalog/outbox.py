"""What happened, written down to be told: in the transaction of the thing itself, so none is told of what was undone.

Work is a query: a delivery says when it is due. What leaves the house may arrive twice, under the same id, never less.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import orjson
from sqlalchemy import Connection, bindparam, delete, select, tuple_, update

from catalog import tables, tables_edge, webhooks
from catalog.claims import Claim, ClaimQuery, claim, finish
from catalog.database import insert, record
from catalog.errors import NotFound
from catalog.ids import MessageId, TenantId, WebhookId, new_id
from catalog.records import State
from catalog.webhooks import Topic, Webhook

_m = tables_edge.messages
_d = tables_edge.deliveries

KEPT: Final = timedelta(days=30)
"""How long it is remembered what was told."""
LOOKED_BACK: Final = timedelta(days=1)
"""So long after it expired an article is still told of: a worker may have been away."""

TRACE: Final[ContextVar[str | None]] = ContextVar("trace", default=None)
"""What the request under way is part of, as W3C's `traceparent` says it; None where nobody follows it."""

_DUE = ClaimQuery(_d, _d.c.due_at <= bindparam("now", type_=_d.c.due_at.type), _d.c.due_at)
_SPACE: Final = UUID("6f1d2a34-9d3e-5b0c-8a77-2b9a4c1e7d50")
"""Makes an id out of what happened, for what must be told once however often it is noticed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one webhook (`due_at` says when it is tried), or there, or given up."""

    id: str
    webhook_id: WebhookId
    message_id: MessageId
    type: Topic
    at: datetime
    body: str
    due_at: datetime | None
    attempts: int
    status: int | None
    problem: str | None
    delivered_at: datetime | None
    traceparent: str | None


def put(
    connection: Connection, tenant: TenantId, topic: Topic, data: Mapping[str, Any], now: datetime, *, once: str = ""
) -> None:
    """Tell every webhook that wants to hear of this; nothing is written where none does.

    `once` names what happened, where it is noticed more than once and must be told once.
    """
    wanted = [each for each in webhooks.every(connection, tenant) if topic in each.types and not each.disabled_at]
    if wanted:
        _tell(connection, tenant, topic, data, now, wanted, once)


def ping(connection: Connection, tenant: TenantId, webhook: Webhook, now: datetime) -> MessageId:
    """A message to one webhook alone, to try it out."""
    return _tell(connection, tenant, Topic.PING, {"webhook_id": webhook.id}, now, [webhook], "")


def notice_expired(connection: Connection, tenant: TenantId, now: datetime) -> None:
    """Tell of articles that the clock ended since yesterday: nobody did it, so somebody must look."""
    if not any(Topic.ARTICLE_EXPIRED in each.types for each in webhooks.every(connection, tenant)):
        return
    a = tables.articles
    lately = (a.c.expires_at > now - LOOKED_BACK, a.c.expires_at <= now, a.c.state == State.APPROVED)
    query = select(a.c.id, a.c.expires_at).where(a.c.tenant_id == tenant, *lately).order_by(a.c.expires_at, a.c.id)
    for article, expired in connection.execute(query).all():
        once = f"{article} {expired.isoformat()}"
        put(connection, tenant, Topic.ARTICLE_EXPIRED, {"article_id": article}, now, once=once)


def claim_due(connection: Connection, tenant: TenantId, limit: int, now: datetime, lease: timedelta) -> Claim:
    """Deliveries that are due and nobody's; read them with `deliveries`."""
    return claim(connection, _DUE, tenant, limit, now, lease)


def finish_delivery(connection: Connection, tenant: TenantId, delivery: str, token: str, **outcome: Any) -> None:
    """Write down how it went: `due_at` None ends it. Raises LeaseLost."""
    finish(connection, _d, tenant, delivery, token, outcome)


def deliveries(
    connection: Connection,
    tenant: TenantId,
    *,
    ids: list[str] | None = None,
    webhook: WebhookId | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int = 1000,
) -> list[Delivery]:
    """Some by id, or those to one webhook, the newest message first, from the place `after`."""
    joined = _d.join(_m, (_m.c.tenant_id == _d.c.tenant_id) & (_m.c.id == _d.c.message_id))
    query = (
        select(_d, _m.c.type, _m.c.body, _m.c.at, _m.c.traceparent).select_from(joined).where(_d.c.tenant_id == tenant)
    )
    if ids is not None:
        query = query.where(_d.c.id.in_(ids))
    if webhook is not None:
        query = query.where(_d.c.webhook_id == webhook)
    if after is not None:
        query = query.where(tuple_(_m.c.at, _d.c.id) < after)
    rows = connection.execute(query.order_by(_m.c.at.desc(), _d.c.id.desc()).limit(limit))
    return [record(Delivery, row, type=Topic(row.type)) for row in rows]


def redeliver(connection: Connection, tenant: TenantId, webhook: WebhookId, message: MessageId, now: datetime) -> None:
    """Tell it again, from the first attempt on. Raises NotFound."""
    mine = (_d.c.tenant_id == tenant, _d.c.webhook_id == webhook, _d.c.message_id == message)
    anew = {"due_at": now, "attempts": 0, "delivered_at": None, "lease_until": None, "lease_token": None}
    if connection.execute(update(_d).where(*mine).values(anew)).rowcount != 1:
        raise NotFound(f"message {message} was never for webhook {webhook}: 'sluis webhook deliveries' lists what was")


def forget_old(connection: Connection, tenant: TenantId, now: datetime) -> None:
    """Forget what was told more than `KEPT` ago."""
    connection.execute(delete(_m).where(_m.c.tenant_id == tenant, _m.c.at < now - KEPT))


def _tell(
    connection: Connection,
    tenant: TenantId,
    topic: Topic,
    data: Mapping[str, Any],
    now: datetime,
    wanted: list[Webhook],
    once: str,
) -> MessageId:
    message = MessageId(str(uuid5(_SPACE, f"{tenant} {topic} {once}")) if once else new_id())
    body = orjson.dumps({"type": topic, "timestamp": now.isoformat(), "data": data}).decode()
    row = {"tenant_id": tenant, "id": message, "type": topic, "at": now, "body": body, "traceparent": TRACE.get()}
    written = insert(connection, _m).values(row).on_conflict_do_nothing().returning(_m.c.id)
    if connection.execute(written).one_or_none() is not None:
        rows = [
            {
                "tenant_id": tenant,
                "id": new_id(),
                "webhook_id": each.id,
                "message_id": message,
                "due_at": now,
                "attempts": 0,
            }
            for each in wanted
        ]
        connection.execute(insert(connection, _d), rows)
    return message
