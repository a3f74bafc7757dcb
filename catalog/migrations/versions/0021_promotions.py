"""Rankers that were to rank, and what the gate said."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    moment = catalog.columns.Moment(timezone=True)
    op.create_table(
        "promotions",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("slates", sa.Integer(), nullable=True),
        sa.Column("difference", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_promotions")),
    )
    op.create_index("ix_promotions_model", "promotions", ["tenant_id", "model", "asked_at"])
