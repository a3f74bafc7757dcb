"""What people answered when they were asked whether they want to be offered articles."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0014"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("opted_in", sa.Boolean(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "employee_id"],
            ["employees.tenant_id", "employees.id"],
            name=op.f("fk_consents_tenant_id_employee_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "employee_id", "number", name=op.f("pk_consents")),
    )
