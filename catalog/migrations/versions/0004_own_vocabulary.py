"""An organisation's own vocabulary: concepts, what became of merged ones, what is hidden, borrowed texts, its trail."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "concepts",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("facet", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("parent", sa.String(length=64), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("definitions", sa.JSON(), nullable=False),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.Column("created_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("retired_at", catalog.columns.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "facet", "id", name=op.f("pk_concepts")),
    )
    op.create_table(
        "concept_aliases",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("facet", sa.String(length=32), nullable=False),
        sa.Column("old_id", sa.String(length=64), nullable=False),
        sa.Column("new_id", sa.String(length=64), nullable=False),
        sa.Column("at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "facet", "old_id", name=op.f("pk_concept_aliases")),
    )
    op.create_table(
        "hidden_concepts",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("facet", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "facet", "id", name=op.f("pk_hidden_concepts")),
    )
    op.create_table(
        "borrowed_texts",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("standard", sa.String(length=16), nullable=False),
        sa.Column("edition", sa.String(length=8), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("facet", sa.String(length=32), nullable=False),
        sa.Column("concept", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "standard", "edition", "place", name=op.f("pk_borrowed_texts")),
    )
    op.create_table(
        "concept_changes",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("facet", sa.String(length=32), nullable=False),
        sa.Column("concept", sa.String(length=64), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_concept_changes")),
    )
    op.create_index("ix_concept_changes_concept", "concept_changes", ["tenant_id", "facet", "concept"])
    op.add_column("tenants", sa.Column("vocabulary_version", sa.Integer(), server_default="0", nullable=False))
