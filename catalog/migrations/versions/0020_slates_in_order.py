"""Slates can be read on from a moment without sorting all of them."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_index("ix_slates_offered", "slates", ["tenant_id", "created_at", "id"])
