"""Tables of the edge: who may call, what they were answered, what they are told, and what they say of people."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from catalog.columns import Moment, choice, identifier, reference, tenant
from catalog.records import LONGEST_GROUP, LONGEST_VALUE, PromotionState
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

# --- what an identity provider says ----------------------------------------------------------------------------------

# Of a person, as it said it: so that it finds again what it wrote, and compares it with what it has.
provisioned = Table(
    "provisioned",
    metadata,
    tenant(),
    identifier("employee_id", primary_key=True),
    Column("user_name", Text, nullable=False),
    Column("user_key", Text, nullable=False),
    Column("display_name", Text),
    Column("formatted", Text),
    Column("given_name", Text),
    Column("family_name", Text),
    Column("email", Text),
    Column("email_type", Text),
    Column("email_primary", Boolean),
    Column("preferred_language", Text),
    Column("locale", Text),
    Column("department", Text),
    reference("employee_id", "employees.id", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "user_key"),
)

people_groups = Table(
    "people_groups",
    metadata,
    tenant(),
    identifier(primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("external_id", Text),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

group_members = Table(
    "group_members",
    metadata,
    tenant(),
    identifier("group_id", primary_key=True),
    identifier("employee_id", primary_key=True),
    reference("group_id", "people_groups.id", ondelete="CASCADE"),
    reference("employee_id", "employees.id", ondelete="CASCADE"),
    Index("ix_group_members_employee", "tenant_id", "employee_id"),
)

# What an administrator said that a group or a department gives; an empty axis says: nothing.
group_rules = Table(
    "group_rules",
    metadata,
    tenant(),
    Column("kind", String(16), primary_key=True),
    Column("name", String(LONGEST_GROUP), primary_key=True),
    Column("axis", String(16), primary_key=True),
    Column("value", String(LONGEST_VALUE), primary_key=True),
)
