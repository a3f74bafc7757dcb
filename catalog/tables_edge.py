"""Tables of the edge: who may call, what they were answered, and what they are told of their own accord."""

from sqlalchemy import JSON, Column, Float, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from catalog.columns import Moment, choice, identifier, reference, tenant
from catalog.records import PromotionState
from catalog.tables import metadata as metadata  # handed on: whoever needs all tables imports this last room

api_keys = Table(
    "api_keys",
    metadata,
    tenant(),
    identifier(primary_key=True),
    Column("prefix", String(16), nullable=False, unique=True),
    Column("secret_hash", String(64), nullable=False),
    Column("label", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
)

# Whose tokens are believed. One issuer and audience are one organisation's: a token must not mean two of them.
identity_providers = Table(
    "identity_providers",
    metadata,
    tenant(),
    identifier(primary_key=True),
    Column("issuer", String(500), nullable=False),
    Column("audience", String(255), nullable=False),
    Column("algorithms", JSON, nullable=False),
    Column("scope_claim", String(255), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("leeway", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    UniqueConstraint("issuer", "audience"),
)

# What signs that somebody was shown something. The newest signs, those before it are still believed for a while.
impression_keys = Table(
    "impression_keys",
    metadata,
    tenant(),
    Column("made_at", Moment, primary_key=True),
    Column("key", LargeBinary, nullable=False),
)

# What a request with an Idempotency-Key was answered, so that the same request again has no second effect.
remembered_answers = Table(
    "remembered_answers",
    metadata,
    tenant(),
    identifier("caller_id", primary_key=True),
    Column("idempotency_key", String(255), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("status", Integer),
    Column("body", LargeBinary),
    Column("at", Moment, nullable=False),
    Index("ix_remembered_answers_at", "tenant_id", "at"),
)

# --- what others are told --------------------------------------------------------------------------------------------

webhooks = Table(
    "webhooks",
    metadata,
    tenant(),
    identifier(primary_key=True),
    Column("url", Text, nullable=False),
    Column("types", JSON, nullable=False),
    Column("secret", Text, nullable=False),
    Column("old_secret", Text),
    Column("old_until", Moment),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Column("disabled_why", Text),
)

# Written in the transaction of what they tell of: either both are there or neither is.
messages = Table(
    "messages",
    metadata,
    tenant(),
    identifier(primary_key=True),
    Column("type", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", Text, nullable=False),
    Column("traceparent", String(55)),
    Index("ix_messages_at", "tenant_id", "at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    tenant(),
    identifier(primary_key=True),
    identifier("webhook_id", nullable=False),
    identifier("message_id", nullable=False),
    Column("due_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("status", Integer),
    Column("problem", Text),
    Column("delivered_at", Moment),
    Column("lease_until", Moment),
    identifier("lease_token"),
    reference("webhook_id", "webhooks.id", ondelete="CASCADE"),
    reference("message_id", "messages.id", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "webhook_id", "message_id"),
    Index("ix_deliveries_due", "tenant_id", "due_at"),
)

syndications = Table(
    "syndications",
    metadata,
    tenant(),
    identifier("employee_id", primary_key=True),
    Column("secret_hash", String(64), nullable=False),
    Column("made_at", Moment, nullable=False),
    reference("employee_id", "employees.id", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "secret_hash"),
)

# Rankers that were to rank: judged by the worker, or at a terminal.
promotions = Table(
    "promotions",
    metadata,
    tenant(),
    identifier(primary_key=True),
    Column("model", String(100), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("state", choice(PromotionState), nullable=False),
    Column("reason", Text, nullable=False),
    Column("slates", Integer),
    Column("difference", Float),
    Column("low", Float),
    Column("high", Float),
    Column("decided_at", Moment),
    Column("lease_until", Moment),
    identifier("lease_token"),
    Index("ix_promotions_model", "tenant_id", "model", "asked_at"),
)
