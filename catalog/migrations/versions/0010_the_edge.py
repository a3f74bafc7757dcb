"""Ids of other programs for people, when keys were last used, and answers that are remembered."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("employees") as employees:
        employees.add_column(sa.Column("external_id", sa.String(length=200), nullable=True))
        employees.create_unique_constraint(op.f("uq_employees_tenant_id_external_id"), ["tenant_id", "external_id"])
    with op.batch_alter_table("api_keys") as keys:
        keys.add_column(sa.Column("last_used_at", catalog.columns.Moment(timezone=True), nullable=True))
    op.create_table(
        "remembered_answers",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "key_id"],
            ["api_keys.tenant_id", "api_keys.id"],
            name=op.f("fk_remembered_answers_tenant_id_key_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "key_id", "idempotency_key", name=op.f("pk_remembered_answers")),
    )
    op.create_index("ix_remembered_answers_at", "remembered_answers", ["tenant_id", "at"])
