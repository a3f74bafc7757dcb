"""The open web: what a curator can say about a source, its history, documents handed in, sketches of texts."""

from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "source_visits",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("items_new", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.id"],
            name=op.f("fk_source_visits_tenant_id_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_source_visits")),
    )
    op.create_index("ix_source_visits_at", "source_visits", ["tenant_id", "source_id", "at"])
    op.create_table(
        "documents",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "item_id"],
            ["feed_items.tenant_id", "feed_items.id"],
            name=op.f("fk_documents_tenant_id_item_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "item_id", name=op.f("pk_documents")),
    )
    # Only columns that SQLite can add in place: to copy a table would fire the cascades of those that refer to it.
    op.add_column("articles", sa.Column("barrier", sa.String(length=16)))
    op.add_column("articles", sa.Column("sketch", catalog.columns.Uint32s()))
    op.add_column("feed_items", sa.Column("host", sa.Text(), server_default="", nullable=False))
    op.add_column("feed_items", sa.Column("language", sa.String(length=8)))
    op.add_column("feed_items", sa.Column("image_url", sa.Text()))
    op.add_column("feed_items", sa.Column("audience", catalog.columns.AudienceJson(none_as_null=True)))
    op.add_column(
        "feed_items",
        sa.Column("tags", catalog.columns.AxesJson(none_as_null=True), server_default="{}", nullable=False),
    )
    op.add_column("feed_items", sa.Column("expires_at", catalog.columns.Moment(timezone=True)))
    op.add_column("feed_items", sa.Column("suggested_by", sa.String(length=36)))
    op.add_column("feed_items", sa.Column("announced_at", catalog.columns.Moment(timezone=True)))
    op.add_column("sources", sa.Column("host", sa.Text(), server_default="", nullable=False))
    op.add_column("sources", sa.Column("status", sa.String(length=16), server_default="active", nullable=False))
    op.add_column("sources", sa.Column("owner", sa.Text(), server_default="", nullable=False))
    op.add_column("sources", sa.Column("trust", sa.String(length=16), server_default="normal", nullable=False))
    op.add_column(
        "sources", sa.Column("tags", catalog.columns.AxesJson(none_as_null=True), server_default="{}", nullable=False)
    )
    op.add_column("sources", sa.Column("archive_days", sa.Integer()))
    op.add_column("sources", sa.Column("daily_cap", sa.Integer()))
    op.create_index("ix_feed_items_announced", "feed_items", ["tenant_id", "source_id", "announced_at"])
    op.create_index("ix_feed_items_lease", "feed_items", ["tenant_id", "lease_until"])
    op.create_index("ix_feed_items_suggested", "feed_items", ["tenant_id", "suggested_by"])
    op.drop_index("ix_feed_items_due", "feed_items")
    op.create_index("ix_feed_items_due", "feed_items", ["tenant_id", "state", "due_at", "id"])
    op.drop_index("ix_sources_due", "sources")
    op.create_index("ix_sources_due", "sources", ["tenant_id", "status", "due_at"])
    op.create_index("ix_sources_lease", "sources", ["tenant_id", "lease_until"])
    for table in ("sources", "feed_items"):
        _fill_hosts(table)
    found = sa.table("feed_items", sa.column("due_at"), sa.column("announced_at"))
    op.execute(sa.update(found).where(found.c.announced_at.is_(None)).values(announced_at=found.c.due_at))


def _fill_hosts(table: str) -> None:
    """Whose turn it is to be visited is a question of hosts, also for what was there before."""
    named = sa.table(table, sa.column("tenant_id"), sa.column("id"), sa.column("url"), sa.column("host"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(named.c.tenant_id, named.c.id, named.c.url)).all():
        mine = (named.c.tenant_id == row.tenant_id, named.c.id == row.id)
        connection.execute(sa.update(named).where(*mine).values(host=_host(row.url)))


def _host(url: str) -> str:
    """Host and port in one spelling, without a user's name; empty for what is not on the web."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc.rpartition("@")[2].lower() if parts.scheme in ("http", "https") else ""
