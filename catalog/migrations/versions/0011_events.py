"""Clocks of events, events that are set aside, and keys that sign impressions."""

import sqlalchemy as sa
from alembic import op

import catalog.columns
from catalog.records import EventType

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    moment = catalog.columns.Moment(timezone=True)
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("said_at", moment, nullable=True))
        events.add_column(sa.Column("sent_at", moment, nullable=True))
    op.create_table(
        "quarantined_events",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("type", catalog.columns.choice(EventType), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("slate_id", sa.String(length=36), nullable=False),
        sa.Column("employee_id", sa.String(length=36), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("said_at", moment, nullable=True),
        sa.Column("sent_at", moment, nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "slate_id"],
            ["slates.tenant_id", "slates.id"],
            name=op.f("fk_quarantined_events_tenant_id_slate_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "event_id", name=op.f("pk_quarantined_events")),
    )
    op.create_index("ix_quarantined_events_received", "quarantined_events", ["tenant_id", "received_at", "event_id"])
    op.create_table(
        "impression_keys",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "made_at", name=op.f("pk_impression_keys")),
    )
