"""Secret addresses under which people read their picks."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0017"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "syndications",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=36), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "employee_id"],
            ["employees.tenant_id", "employees.id"],
            name=op.f("fk_syndications_tenant_id_employee_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "employee_id", name=op.f("pk_syndications")),
        sa.UniqueConstraint("tenant_id", "secret_hash", name=op.f("uq_syndications_tenant_id_secret_hash")),
    )
