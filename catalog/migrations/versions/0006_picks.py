"""The picks of each day, and on which days of the week somebody wants them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("employees", sa.Column("pick_days", sa.String(length=7), nullable=False, server_default="12345"))
    op.create_table(
        "picks",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slate_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "employee_id"],
            ["employees.tenant_id", "employees.id"],
            name=op.f("fk_picks_tenant_id_employee_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "slate_id"],
            ["slates.tenant_id", "slates.id"],
            name=op.f("fk_picks_tenant_id_slate_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "employee_id", "day", name=op.f("pk_picks")),
    )
    op.create_index("ix_picks_day", "picks", ["tenant_id", "day"])
    op.create_index("ix_picks_slate", "picks", ["tenant_id", "slate_id"])
