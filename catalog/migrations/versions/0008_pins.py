"""What curators pinned, and for how long."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "pins",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pinned_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("pinned_by", sa.Text(), nullable=False),
        sa.Column("until", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("must_read", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_version", sa.Integer(), nullable=True),
        sa.Column("ended_at", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "article_id"],
            ["articles.tenant_id", "articles.id"],
            name=op.f("fk_pins_tenant_id_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "article_id", "version", name=op.f("pk_pins")),
    )
