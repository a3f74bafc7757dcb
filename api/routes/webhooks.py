"""Webhooks and keys: who is told, and who may ask."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from api.delivery.webhooks import address
from api.dependencies import V1, Reading, Wired, Writing
from api.idempotency import once
from api.paging import Cursor, Limit, Page, page, since
from api.schemas import Answer, Ask, Id, Moment
from api.security import Administering
from catalog import keys, outbox, webhooks
from catalog.errors import Forbidden
from catalog.ids import MessageId, WebhookId
from catalog.keys import ApiKey, Caller, Scope
from catalog.outbox import Delivery
from catalog.webhooks import Topic, Webhook
from ingest.urls import LONGEST

router = APIRouter(prefix=V1, tags=["administration"])

Prefix = Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="The key's prefix, as the list shows it.")]
Types = Annotated[list[Topic], Field(min_length=1, max_length=len(Topic))]


class WebhookIn(Ask):
    """Where to tell of what."""

    url: Annotated[str, Field(min_length=1, max_length=LONGEST, description="An https address on the public web.")]
    types: Types


class WebhookPatch(Ask):
    """Only what is there changes."""

    url: Annotated[str | None, Field(min_length=1, max_length=LONGEST)] = None
    types: Types | None = None
    enabled: bool | None = None


class WebhookOut(Answer):
    """One webhook."""

    id: str
    url: str
    types: list[Topic]
    created_at: datetime
    enabled: bool
    disabled_at: datetime | None
    disabled_why: str | None


class WebhookMade(WebhookOut):
    """One webhook with its secret, which is shown this once."""

    secret: str


class WebhooksOut(Answer):
    """All webhooks."""

    items: list[WebhookOut]


class DeliveryOut(Answer):
    """How telling one webhook of one thing goes."""

    message_id: str
    type: Topic
    attempts: int
    status: int | None
    problem: str | None
    due_at: datetime | None = Field(description="When it is tried next; null where it arrived or was given up.")
    delivered_at: datetime | None


class Told(Answer):
    """The message that is on its way."""

    message_id: str


class KeyIn(Ask):
    """A key to be made."""

    label: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_at: Moment | None = None


class KeyOut(Answer):
    """A key, without its secret."""

    prefix: str
    label: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyMade(KeyOut):
    """A key that was just made: `key` is the whole of it, and is shown this once."""

    key: str


class KeysOut(Answer):
    """All keys."""

    items: list[KeyOut]


class RotateIn(Ask):
    """For how long the old key goes on."""

    overlap_hours: Annotated[int, Field(ge=0, le=720)] = 24


@router.get("/webhooks", summary="Who is told of what")
def listed(key: Administering, connection: Reading) -> WebhooksOut:
    """Without secrets."""
    return WebhooksOut(items=[_webhook_out(each) for each in webhooks.every(connection, key.tenant)])


@router.post("/webhooks", status_code=201, summary="Be told of what happens")
@once
def add(wired: Wired, key: Administering, connection: Writing, said: WebhookIn) -> WebhookMade:
    """The answer holds the secret that messages are signed with. It is shown this once."""
    made = webhooks.add(connection, key.tenant, address(said.url), frozenset(said.types), wired.clock())
    return WebhookMade(**_webhook_out(made).model_dump(), secret=made.secret)


@router.get("/webhooks/{webhook_id}", summary="One webhook")
def one(key: Administering, connection: Reading, webhook_id: Id) -> WebhookOut:
    """Without its secret."""
    return _webhook_out(webhooks.get(connection, key.tenant, WebhookId(str(webhook_id))))


@router.patch("/webhooks/{webhook_id}", summary="Change a webhook")
@once
def change(wired: Wired, key: Administering, connection: Writing, webhook_id: Id, said: WebhookPatch) -> WebhookOut:
    """Also to enable one again that was disabled after days of failures."""
    types = frozenset(said.types) if said.types is not None else None
    url = address(said.url) if said.url is not None else None
    which, now = WebhookId(str(webhook_id)), wired.clock()
    told = webhooks.change(connection, key.tenant, which, url=url, types=types, enabled=said.enabled, now=now)
    return _webhook_out(told)


@router.delete("/webhooks/{webhook_id}", status_code=204, summary="Be told no more")
def remove(key: Administering, connection: Writing, webhook_id: Id) -> None:
    """For good, with what was still on its way."""
    webhooks.remove(connection, key.tenant, WebhookId(str(webhook_id)))


@router.post("/webhooks/{webhook_id}/rotate", summary="Another secret")
@once
def rotate(wired: Wired, key: Administering, connection: Writing, webhook_id: Id) -> WebhookMade:
    """For a day messages are signed with both."""
    made = webhooks.rotate(connection, key.tenant, WebhookId(str(webhook_id)), wired.clock())
    return WebhookMade(**_webhook_out(made).model_dump(), secret=made.secret)


@router.post("/webhooks/{webhook_id}/test", status_code=202, summary="Try a webhook out")
@once
def ping(wired: Wired, key: Administering, connection: Writing, webhook_id: Id) -> Told:
    """It is sent a message of type `ping`, whatever types it asked for."""
    webhook = webhooks.get(connection, key.tenant, WebhookId(str(webhook_id)))
    return Told(message_id=outbox.ping(connection, key.tenant, webhook, wired.clock()))


@router.get("/webhooks/{webhook_id}/deliveries", summary="What a webhook was told")
def deliveries(
    key: Administering, connection: Reading, webhook_id: Id, cursor: Cursor = None, limit: Limit = 50
) -> Page[DeliveryOut]:
    """The newest first, for thirty days."""
    webhook = webhooks.get(connection, key.tenant, WebhookId(str(webhook_id)))
    found = outbox.deliveries(connection, key.tenant, webhook=webhook.id, after=since(cursor), limit=limit + 1)
    return page(found, limit, _delivery_out, lambda each: (each.at.isoformat(), each.id))


@router.post(
    "/webhooks/{webhook_id}/deliveries/{message_id}/redeliver", status_code=202, summary="Tell a webhook again"
)
@once
def redeliver(wired: Wired, key: Administering, connection: Writing, webhook_id: Id, message_id: Id) -> Told:
    """Under the same id, from the first attempt on."""
    webhook, message = WebhookId(str(webhook_id)), MessageId(str(message_id))
    outbox.redeliver(connection, key.tenant, webhook, message, wired.clock())
    return Told(message_id=message)


@router.get("/keys", summary="The keys there are")
def listed_keys(key: Administering, connection: Reading) -> KeysOut:
    """Never their secrets."""
    return KeysOut(items=[_key_out(each) for each in keys.every(connection, key.tenant)])


@router.post("/keys", status_code=201, summary="Make a key")
@once
def make_key(wired: Wired, key: Administering, connection: Writing, said: KeyIn) -> KeyMade:
    """A key can give no scope that it does not have itself. `key` of the answer is shown this once."""
    _require(key, said.scopes, "make one with 'sluis key create'")
    made = keys.create(connection, key.tenant, said.label, frozenset(said.scopes), wired.clock(), said.expires_at)
    return KeyMade(**_key_out(made.key).model_dump(), key=made.text)


@router.post("/keys/{prefix}/rotate", status_code=201, summary="Change a key without an interruption")
@once
def rotate_key(wired: Wired, key: Administering, connection: Writing, prefix: Prefix, said: RotateIn) -> KeyMade:
    """Another one with the same scopes; both work until the old one ends."""
    old = keys.get(connection, key.tenant, prefix)
    _require(key, old.scopes, "rotate it with 'sluis key rotate'")
    made = keys.rotate(connection, key.tenant, prefix, wired.clock(), timedelta(hours=said.overlap_hours))
    return KeyMade(**_key_out(made.key).model_dump(), key=made.text)


@router.delete("/keys/{prefix}", status_code=204, summary="End a key")
def revoke_key(wired: Wired, key: Administering, connection: Writing, prefix: Prefix) -> None:
    """At once."""
    keys.revoke(connection, key.tenant, prefix, wired.clock())


def _require(key: Caller, scopes: Iterable[Scope], instead: str) -> None:
    """Raises Forbidden, with what to do `instead`, where `key` would give what it does not have."""
    missing = set(scopes) - key.scopes
    if missing:
        raise Forbidden(f"this key has no scope {min(missing)} to give: {instead}")


def _webhook_out(webhook: Webhook) -> WebhookOut:
    return WebhookOut(
        id=webhook.id,
        url=webhook.url,
        types=sorted(webhook.types),
        created_at=webhook.created_at,
        enabled=webhook.disabled_at is None,
        disabled_at=webhook.disabled_at,
        disabled_why=webhook.disabled_why,
    )


def _delivery_out(each: Delivery) -> DeliveryOut:
    return DeliveryOut(
        message_id=each.message_id,
        type=each.type,
        attempts=each.attempts,
        status=each.status,
        problem=each.problem,
        due_at=each.due_at,
        delivered_at=each.delivered_at,
    )


def _key_out(key: ApiKey) -> KeyOut:
    return KeyOut(
        prefix=key.prefix,
        label=key.label,
        scopes=sorted(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )
