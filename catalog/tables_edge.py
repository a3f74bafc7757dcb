"""Tables of the edge: who may call, and what they were answered."""

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, String, Table, Text

from catalog.columns import Moment, identifier, reference, tenant
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
    identifier("key_id", primary_key=True),
    Column("idempotency_key", String(255), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("status", Integer),
    Column("body", LargeBinary),
    Column("at", Moment, nullable=False),
    reference("key_id", "api_keys.id", ondelete="CASCADE"),
    Index("ix_remembered_answers_at", "tenant_id", "at"),
)
