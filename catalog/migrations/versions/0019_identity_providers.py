"""Identity providers whose tokens are believed, and what a message is part of.

Answers are remembered for whoever called, not for keys alone.
"""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    moment = catalog.columns.Moment(timezone=True)
    op.create_table(
        "identity_providers",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("audience", sa.String(length=255), nullable=False),
        sa.Column("algorithms", sa.JSON(), nullable=False),
        sa.Column("scope_claim", sa.String(length=255), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("leeway", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_used_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_identity_providers")),
        sa.UniqueConstraint("issuer", "audience", name=op.f("uq_identity_providers_issuer_audience")),
    )
    with op.batch_alter_table("remembered_answers") as batch:
        batch.drop_constraint("fk_remembered_answers_tenant_id_key_id", type_="foreignkey")
        batch.alter_column("key_id", new_column_name="caller_id", existing_type=sa.String(length=36))
    op.add_column("messages", sa.Column("traceparent", sa.String(length=55), nullable=True))
