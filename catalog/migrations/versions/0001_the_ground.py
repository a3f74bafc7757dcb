"""The ground."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("revoked_at", catalog.columns.Moment(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_table(
        "employees",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opted_in", sa.Boolean(), nullable=False),
        sa.Column("created_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_employees")),
        sa.UniqueConstraint("tenant_id", "email", name=op.f("uq_employees_tenant_id_email")),
    )
    op.create_table(
        "sources",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("needs_legal", sa.Boolean(), nullable=False),
        sa.Column("audience", catalog.columns.AudienceJson(none_as_null=True), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("due_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("checked_at", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("lease_until", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sources")),
        sa.UniqueConstraint("tenant_id", "url", name=op.f("uq_sources_tenant_id_url")),
    )
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.create_index("ix_sources_due", ["tenant_id", "due_at"], unique=False)

    op.create_table(
        "tenants",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hard_axes", sa.JSON(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        sa.Column("encoder", sa.String(length=64), nullable=True),
        sa.Column("created_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenants")),
    )
    op.create_table(
        "articles",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("source_id", sa.String(length=36), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("site_name", sa.Text(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("published_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "extracted",
                "tagged",
                "in_review",
                "legal_review",
                "approved",
                "rejected",
                "withdrawn",
                name="state",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("needs_legal", sa.Boolean(), nullable=False),
        sa.Column("live_from", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("expires_at", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("story_id", sa.String(length=36), nullable=True),
        sa.Column("lease_until", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.id"],
            name=op.f("fk_articles_tenant_id_source_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_articles")),
        sa.UniqueConstraint("tenant_id", "digest", name=op.f("uq_articles_tenant_id_digest")),
    )
    with op.batch_alter_table("articles", schema=None) as batch_op:
        batch_op.create_index("ix_articles_state", ["tenant_id", "state", "published_at"], unique=False)
        batch_op.create_index("ix_articles_story", ["tenant_id", "story_id"], unique=False)

    op.create_table(
        "feed_items",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("published_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("revisions", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("due", "stored", "duplicate", "failed", name="itemstate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("due_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("article_id", sa.String(length=36), nullable=True),
        sa.Column("lease_until", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["sources.tenant_id", "sources.id"],
            name=op.f("fk_feed_items_tenant_id_source_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_feed_items")),
        sa.UniqueConstraint("tenant_id", "source_id", "key", name=op.f("uq_feed_items_tenant_id_source_id_key")),
    )
    with op.batch_alter_table("feed_items", schema=None) as batch_op:
        batch_op.create_index("ix_feed_items_due", ["tenant_id", "state", "due_at"], unique=False)

    op.create_table(
        "memberships",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("employee_id", sa.String(length=36), nullable=False),
        sa.Column("axis", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "employee_id"],
            ["employees.tenant_id", "employees.id"],
            name=op.f("fk_memberships_tenant_id_employee_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "employee_id", "axis", "value", name=op.f("pk_memberships")),
    )
    op.create_table(
        "slates",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("employee_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("content_version", sa.Integer(), nullable=False),
        sa.Column("ranker", sa.String(length=80), nullable=False),
        sa.Column("degraded", sa.Boolean(), nullable=False),
        sa.Column("axes", catalog.columns.AxesJson(none_as_null=True), nullable=False),
        sa.Column("hard_axes", sa.JSON(), nullable=False),
        sa.Column("feature_names", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "employee_id"],
            ["employees.tenant_id", "employees.id"],
            name=op.f("fk_slates_tenant_id_employee_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_slates")),
    )
    with op.batch_alter_table("slates", schema=None) as batch_op:
        batch_op.create_index("ix_slates_employee", ["tenant_id", "employee_id", "created_at"], unique=False)

    op.create_table(
        "article_urls",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "article_id"],
            ["articles.tenant_id", "articles.id"],
            name=op.f("fk_article_urls_tenant_id_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "url", name=op.f("pk_article_urls")),
    )
    op.create_table(
        "audiences",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("axis", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("valid_from", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("valid_to", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column(
            "origin",
            sa.Enum("machine", "person", "source", name="origin", native_enum=False, length=16),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "article_id"],
            ["articles.tenant_id", "articles.id"],
            name=op.f("fk_audiences_tenant_id_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "article_id", "axis", "value", "valid_from", name=op.f("pk_audiences")),
    )
    op.create_table(
        "decisions",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "route", "approve", "reject", "edit", "sign", "withdraw", name="action", native_enum=False, length=16
            ),
            nullable=False,
        ),
        sa.Column(
            "before",
            sa.Enum(
                "extracted",
                "tagged",
                "in_review",
                "legal_review",
                "approved",
                "rejected",
                "withdrawn",
                name="state",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "after",
            sa.Enum(
                "extracted",
                "tagged",
                "in_review",
                "legal_review",
                "approved",
                "rejected",
                "withdrawn",
                name="state",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "article_id"],
            ["articles.tenant_id", "articles.id"],
            name=op.f("fk_decisions_tenant_id_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index("ix_decisions_article", ["tenant_id", "article_id", "at"], unique=False)

    op.create_table(
        "embeddings",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("encoder", sa.String(length=64), nullable=False),
        sa.Column("vector", catalog.columns.Float32s(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "article_id"],
            ["articles.tenant_id", "articles.id"],
            name=op.f("fk_embeddings_tenant_id_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "article_id", "encoder", name=op.f("pk_embeddings")),
    )
    op.create_table(
        "events",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "seen",
                "open",
                "like",
                "save",
                "click",
                "share",
                "dismiss",
                name="eventtype",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("slate_id", sa.String(length=36), nullable=True),
        sa.Column("employee_id", sa.String(length=36), nullable=True),
        sa.Column("axes", catalog.columns.AxesJson(none_as_null=True), nullable=False),
        sa.Column("at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("received_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "article_id"],
            ["articles.tenant_id", "articles.id"],
            name=op.f("fk_events_tenant_id_article_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_events")),
        sa.UniqueConstraint("tenant_id", "event_id", name=op.f("uq_events_tenant_id_event_id")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_employee", ["tenant_id", "employee_id"], unique=False)
        batch_op.create_index("ix_events_slate", ["tenant_id", "slate_id"], unique=False)

    op.create_table(
        "slate_items",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("slate_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("propensity", sa.Float(), nullable=False),
        sa.Column("features", catalog.columns.Float64s(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "article_id"],
            ["articles.tenant_id", "articles.id"],
            name=op.f("fk_slate_items_tenant_id_article_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "slate_id"],
            ["slates.tenant_id", "slates.id"],
            name=op.f("fk_slate_items_tenant_id_slate_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "slate_id", "position", name=op.f("pk_slate_items")),
        sa.UniqueConstraint(
            "tenant_id", "slate_id", "article_id", name=op.f("uq_slate_items_tenant_id_slate_id_article_id")
        ),
    )
    op.create_table(
        "tags",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("facet", sa.String(length=32), nullable=False),
        sa.Column("concept", sa.String(length=64), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column(
            "origin",
            sa.Enum("machine", "person", "source", name="origin", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("tagger", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "article_id"],
            ["articles.tenant_id", "articles.id"],
            name=op.f("fk_tags_tenant_id_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "article_id", "facet", "concept", name=op.f("pk_tags")),
    )


def downgrade() -> None:
    op.drop_table("tags")
    op.drop_table("slate_items")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_slate")
        batch_op.drop_index("ix_events_employee")

    op.drop_table("events")
    op.drop_table("embeddings")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index("ix_decisions_article")

    op.drop_table("decisions")
    op.drop_table("audiences")
    op.drop_table("article_urls")
    with op.batch_alter_table("slates", schema=None) as batch_op:
        batch_op.drop_index("ix_slates_employee")

    op.drop_table("slates")
    op.drop_table("memberships")
    with op.batch_alter_table("feed_items", schema=None) as batch_op:
        batch_op.drop_index("ix_feed_items_due")

    op.drop_table("feed_items")
    with op.batch_alter_table("articles", schema=None) as batch_op:
        batch_op.drop_index("ix_articles_story")
        batch_op.drop_index("ix_articles_state")

    op.drop_table("articles")
    op.drop_table("tenants")
    with op.batch_alter_table("sources", schema=None) as batch_op:
        batch_op.drop_index("ix_sources_due")

    op.drop_table("sources")
    op.drop_table("employees")
    op.drop_table("api_keys")
