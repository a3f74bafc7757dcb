"""What an identity provider says of people: who is there, in which groups, and whence a value on an axis comes."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    moment = catalog.columns.Moment(timezone=True)
    op.add_column("employees", sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("employees", sa.Column("changed_at", moment, nullable=True))
    key = ["tenant_id", "employee_id", "axis", "value"]
    with op.batch_alter_table("memberships") as memberships:
        memberships.add_column(sa.Column("origin", sa.String(length=36), nullable=False, server_default=""))
        memberships.drop_constraint("pk_memberships", type_="primary")
        memberships.create_primary_key("pk_memberships", [*key, "origin"])
    op.create_table(
        "provisioned",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=36), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("user_key", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("formatted", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_type", sa.Text(), nullable=True),
        sa.Column("email_primary", sa.Boolean(), nullable=True),
        sa.Column("preferred_language", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "employee_id"],
            ["employees.tenant_id", "employees.id"],
            name=op.f("fk_provisioned_tenant_id_employee_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "employee_id", name=op.f("pk_provisioned")),
        sa.UniqueConstraint("tenant_id", "user_key", name=op.f("uq_provisioned_tenant_id_user_key")),
    )
    op.create_table(
        "people_groups",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_people_groups")),
    )
    op.create_table(
        "group_members",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("employee_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["people_groups.tenant_id", "people_groups.id"],
            name=op.f("fk_group_members_tenant_id_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "employee_id"],
            ["employees.tenant_id", "employees.id"],
            name=op.f("fk_group_members_tenant_id_employee_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "group_id", "employee_id", name=op.f("pk_group_members")),
    )
    op.create_index("ix_group_members_employee", "group_members", ["tenant_id", "employee_id"])
    op.create_table(
        "group_rules",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("axis", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "name", "axis", "value", name=op.f("pk_group_rules")),
    )
