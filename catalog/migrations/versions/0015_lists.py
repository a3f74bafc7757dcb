"""Which slates are a list of the caller's own."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("slates", sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.false()))
