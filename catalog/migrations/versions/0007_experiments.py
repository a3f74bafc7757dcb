"""Experiments, and in which arm of which one a slate was made."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("slates", sa.Column("experiment", sa.String(length=64)))
    op.add_column("slates", sa.Column("arm", sa.String(length=64)))
    op.create_table(
        "experiments",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("arms", sa.JSON(), nullable=False),
        sa.Column("started_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("stopped_at", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_experiments")),
    )
