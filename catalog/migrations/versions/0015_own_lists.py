"""Which slates are a list of the caller's own; and which key said for whom an article is, without a curator."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("slates", sa.Column("listed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("feed_items", sa.Column("approved_by", sa.Text()))
