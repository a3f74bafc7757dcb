"""Every table of the database. `tenant_id` is in each primary key; work says of itself that it is due.

Leases: `lease_until` and `lease_token` are set by `catalog.claims`; a row that starts over loses its lease.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from catalog.columns import (
    Address,
    AudienceJson,
    AxesJson,
    Float32s,
    Float64s,
    Moment,
    Uint32s,
    choice,
    identifier,
    reference,
    tenant,
)
from catalog.records import (
    LONGEST_EXTERNAL_ID,
    LONGEST_VALUE,
    WORKDAYS,
    Action,
    EventType,
    ItemState,
    Origin,
    SourceStatus,
    State,
    Trust,
    WordAction,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _lease() -> tuple[Column[object], Column[str]]:
    return Column("lease_until", Moment), identifier("lease_token")


tenants = Table(
    "tenants",
    metadata,
    tenant(),
    Column("name", Text, nullable=False),
    Column("hard_axes", JSON, nullable=False),
    Column("seq", BigInteger, nullable=False, default=0),
    Column("content_version", Integer, nullable=False, default=0),
    Column("encoder", String(64)),
    Column("certify_since", Moment),
    Column("certify_by", Text),
    Column("vocabulary_version", Integer, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
)

# --- what comes in -------------------------------------------------------------------------------------------------

sources = Table(
    "sources",
    metadata,
    tenant(),
    identifier(primary_key=True),
    Column("url", Text, nullable=False),
    Column("host", Text, nullable=False, server_default=""),
    Column("title", Text, nullable=False),
    Column("status", choice(SourceStatus), nullable=False, server_default=SourceStatus.ACTIVE.value),
    Column("owner", Text, nullable=False, server_default=""),
    Column("trust", choice(Trust), nullable=False, server_default=Trust.NORMAL.value),
    Column("language", String(8)),
    Column("internal", Boolean, nullable=False),
    Column("needs_legal", Boolean, nullable=False),
    Column("audience", AudienceJson),
    Column("tags", AxesJson, nullable=False, server_default="{}"),
    Column("archive_days", Integer),
    Column("daily_cap", Integer),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("due_at", Moment, nullable=False),
    Column("checked_at", Moment),
    Column("failures", Integer, nullable=False, default=0),
    Column("last_error", Text),
    *_lease(),
    UniqueConstraint("tenant_id", "url"),
    Index("ix_sources_due", "tenant_id", "status", "due_at"),
    Index("ix_sources_lease", "tenant_id", "lease_until"),
)

source_visits = Table(
    "source_visits",
    metadata,
    tenant(),
    identifier(primary_key=True),
    identifier("source_id", nullable=False),
    Column("at", Moment, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("items_new", Integer, nullable=False),
    Column("detail", Text),
    Column("seconds", Float, nullable=False),
    reference("source_id", "sources.id", ondelete="CASCADE"),
    Index("ix_source_visits_at", "tenant_id", "source_id", "at"),
)

feed_items = Table(
    "feed_items",
    metadata,
    tenant(),
    identifier(primary_key=True),
    identifier("source_id", nullable=False),
    Column("key", Text, nullable=False),
    Column("url", Address, nullable=False),
    Column("host", Text, nullable=False, server_default=""),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("language", String(8)),
    Column("image_url", Text),
    Column("audience", AudienceJson),
    Column("tags", AxesJson, nullable=False, server_default="{}"),
    Column("expires_at", Moment),
    identifier("suggested_by"),
    Column("approved_by", Text),
    Column("announced_at", Moment),
    Column("revisions", Integer, nullable=False, default=0),
    Column("state", choice(ItemState), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("last_error", Text),
    identifier("article_id"),
    *_lease(),
    reference("source_id", "sources.id", ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "source_id", "key"),
    Index("ix_feed_items_due", "tenant_id", "state", "due_at", "id"),
    Index("ix_feed_items_lease", "tenant_id", "lease_until"),
    Index("ix_feed_items_announced", "tenant_id", "source_id", "announced_at"),
    Index("ix_feed_items_suggested", "tenant_id", "suggested_by"),
)

documents = Table(
    "documents",
    metadata,
    tenant(),
    identifier("item_id", primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    reference("item_id", "feed_items.id", ondelete="CASCADE"),
)

articles = Table(
    "articles",
    metadata,
    tenant(),
    identifier(primary_key=True),
    identifier("source_id"),
    Column("url", Address, nullable=False),
    Column("title", Text, nullable=False),
    Column("lead", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("words", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("site_name", Text, nullable=False),
    Column("image_url", Text),
    Column("language", String(8)),
    Column("published_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", choice(State), nullable=False),
    Column("internal", Boolean, nullable=False),
    Column("needs_legal", Boolean, nullable=False),
    Column("live_from", Moment),
    Column("expires_at", Moment),
    identifier("story_id"),
    Column("barrier", String(16)),
    Column("second_language", String(8)),
    Column("sketch", Uint32s),
    *_lease(),
    reference("source_id", "sources.id"),
    UniqueConstraint("tenant_id", "digest"),
    Index("ix_articles_state", "tenant_id", "state", "published_at"),
    Index("ix_articles_story", "tenant_id", "story_id"),
)

# Every address under which a text was found: the second outlet that carries it gets a row here, not an article.
article_urls = Table(
    "article_urls",
    metadata,
    tenant(),
    Column("url", Text, primary_key=True),
    identifier("article_id", nullable=False),
    reference("article_id", "articles.id", ondelete="CASCADE"),
)

embeddings = Table(
    "embeddings",
    metadata,
    tenant(),
    identifier("article_id", primary_key=True),
    Column("encoder", String(64), primary_key=True),
    Column("vector", Float32s, nullable=False),
    reference("article_id", "articles.id", ondelete="CASCADE"),
)

tags = Table(
    "tags",
    metadata,
    tenant(),
    identifier("article_id", primary_key=True),
    Column("facet", String(32), primary_key=True),
    Column("concept", String(64), primary_key=True),
    Column("probability", Float, nullable=False),
    Column("origin", choice(Origin), nullable=False),
    Column("tagger", String(80), nullable=False),
    reference("article_id", "articles.id", ondelete="CASCADE"),
)

# --- the organisation's own words ------------------------------------------------------------------------------------

concepts = Table(
    "concepts",
    metadata,
    tenant(),
    Column("facet", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("parent", String(64)),
    Column("labels", JSON, nullable=False),
    Column("definitions", JSON, nullable=False),
    Column("examples", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("retired_at", Moment),
)

# What became of an id: tags that carry it are rewritten, what refers to it in the audit trail is read through this.
concept_aliases = Table(
    "concept_aliases",
    metadata,
    tenant(),
    Column("facet", String(32), primary_key=True),
    Column("old_id", String(64), primary_key=True),
    Column("new_id", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
)

hidden_concepts = Table(
    "hidden_concepts",
    metadata,
    tenant(),
    Column("facet", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
)

borrowed_texts = Table(
    "borrowed_texts",
    metadata,
    tenant(),
    Column("standard", String(16), primary_key=True),
    Column("edition", String(8), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("language", String(8), nullable=False),
    Column("facet", String(32), nullable=False),
    Column("concept", String(64), nullable=False),
    Column("code", String(32), nullable=False),
    Column("text", Text, nullable=False),
)

concept_changes = Table(
    "concept_changes",
    metadata,
    tenant(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", choice(WordAction), nullable=False),
    Column("facet", String(32), nullable=False),
    Column("concept", String(64)),
    Column("changes", JSON, nullable=False),
    Index("ix_concept_changes_concept", "tenant_id", "facet", "concept"),
)

# --- who may see it, and who said so ---------------------------------------------------------------------------------

# One row per admitted value ('*' for everybody on that axis). Rows are closed, never changed, so that the audience
# as of any moment can be read back: a row holds from `valid_from` until `valid_to`.
audiences = Table(
    "audiences",
    metadata,
    tenant(),
    identifier("article_id", primary_key=True),
    Column("axis", String(16), primary_key=True),
    Column("value", String(LONGEST_VALUE), primary_key=True),
    Column("valid_from", Moment, primary_key=True),
    Column("valid_to", Moment),
    Column("origin", choice(Origin), nullable=False),
    reference("article_id", "articles.id", ondelete="CASCADE"),
)

decisions = Table(
    "decisions",
    metadata,
    tenant(),
    identifier(primary_key=True),
    identifier("article_id", nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", choice(Action), nullable=False),
    Column("before", choice(State), nullable=False),
    Column("after", choice(State), nullable=False),
    Column("reason", Text, nullable=False),
    Column("changes", JSON, nullable=False),
    reference("article_id", "articles.id", ondelete="CASCADE"),
    Index("ix_decisions_article", "tenant_id", "article_id", "at"),
)

# Rows are ended, never changed otherwise, so that what was pinned when a slate was made can be read back.
pins = Table(
    "pins",
    metadata,
    tenant(),
    identifier("article_id", primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("pinned_at", Moment, nullable=False),
    Column("pinned_by", Text, nullable=False),
    Column("until", Moment, nullable=False),
    Column("must_read", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_version", Integer),
    Column("ended_at", Moment),
    Column("ended_by", Text),
    reference("article_id", "articles.id", ondelete="CASCADE"),
)

# What is asked without showing what the machine thinks: a sample of all, so that its errors can be counted.
audits = Table(
    "audits",
    metadata,
    tenant(),
    identifier("article_id", primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("language", String(8)),
    Column("drawn_at", Moment, nullable=False),
    identifier("certificate_id"),
    Column("drawn", AudienceJson),
    Column("answered_at", Moment),
    Column("audience", AudienceJson),
    Column("wrong", Boolean),
    reference("article_id", "articles.id", ondelete="CASCADE"),
    Index("ix_audits_certificate", "tenant_id", "certificate_id", "answered_at"),
)

certificates = Table(
    "certificates",
    metadata,
    tenant(),
    identifier(primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("lapsed_at", Moment),
    Column("lapse_reason", Text),
)

employees = Table(
    "employees",
    metadata,
    tenant(),
    identifier(primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("opted_in", Boolean, nullable=False),
    Column("pick_days", String(7), nullable=False, server_default=WORKDAYS),
    Column("created_at", Moment, nullable=False),
    Column("external_id", String(LONGEST_EXTERNAL_ID)),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("changed_at", Moment),
    UniqueConstraint("tenant_id", "email"),
    UniqueConstraint("tenant_id", "external_id"),
)

# What somebody has on an axis. `origin` is empty where it was set by hand or through the API, else it is the group, or
# the word of an identity provider, that gives it. One value may have several origins, and stays while one is left.
memberships = Table(
    "memberships",
    metadata,
    tenant(),
    identifier("employee_id", primary_key=True),
    Column("axis", String(16), primary_key=True),
    Column("value", String(LONGEST_VALUE), primary_key=True),
    Column("origin", String(36), primary_key=True, server_default=""),
    reference("employee_id", "employees.id", ondelete="CASCADE"),
)

consents = Table(
    "consents",
    metadata,
    tenant(),
    identifier("employee_id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("opted_in", Boolean, nullable=False),
    Column("via", Text, nullable=False),
    reference("employee_id", "employees.id", ondelete="CASCADE"),
)

# --- what was offered, and what came of it ---------------------------------------------------------------------------

slates = Table(
    "slates",
    metadata,
    tenant(),
    identifier(primary_key=True),
    identifier("employee_id", nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("content_version", Integer, nullable=False),
    Column("ranker", String(80), nullable=False),
    Column("degraded", Boolean, nullable=False),
    Column("axes", AxesJson, nullable=False),
    Column("hard_axes", JSON, nullable=False),
    Column("feature_names", JSON, nullable=False),
    Column("language", String(8)),
    Column("experiment", String(64)),
    Column("arm", String(64)),
    Column("listed", Boolean, nullable=False, server_default=false()),
    reference("employee_id", "employees.id", ondelete="CASCADE"),
    Index("ix_slates_employee", "tenant_id", "employee_id", "created_at"),
    Index("ix_slates_offered", "tenant_id", "created_at", "id"),
)

experiments = Table(
    "experiments",
    metadata,
    tenant(),
    Column("name", String(64), primary_key=True),
    Column("arms", JSON, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("stopped_at", Moment),
    Column("stopped_by", Text),
)

slate_items = Table(
    "slate_items",
    metadata,
    tenant(),
    identifier("slate_id", primary_key=True),
    Column("position", Integer, primary_key=True),
    identifier("article_id", nullable=False),
    Column("score", Float, nullable=False),
    Column("propensity", Float, nullable=False),
    Column("features", Float64s, nullable=False),
    Column("reasons", JSON, nullable=False),
    reference("slate_id", "slates.id", ondelete="CASCADE"),
    reference("article_id", "articles.id"),
    UniqueConstraint("tenant_id", "slate_id", "article_id"),
)

picks = Table(
    "picks",
    metadata,
    tenant(),
    identifier("employee_id", primary_key=True),
    Column("day", Date, primary_key=True),
    identifier("slate_id", nullable=False),
    reference("employee_id", "employees.id", ondelete="CASCADE"),
    reference("slate_id", "slates.id", ondelete="CASCADE"),
    Index("ix_picks_day", "tenant_id", "day"),
    Index("ix_picks_slate", "tenant_id", "slate_id"),
)

events = Table(
    "events",
    metadata,
    tenant(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    identifier("event_id", nullable=False),
    Column("type", choice(EventType), nullable=False),
    identifier("article_id", nullable=False),
    identifier("slate_id"),
    identifier("employee_id"),
    Column("axes", AxesJson, nullable=False),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("said_at", Moment),
    Column("sent_at", Moment),
    Column("body_hash", String(64), nullable=False),
    reference("article_id", "articles.id"),
    UniqueConstraint("tenant_id", "event_id"),
    Index("ix_events_employee", "tenant_id", "employee_id"),
    Index("ix_events_slate", "tenant_id", "slate_id"),
)

# Events that cannot have happened when they say: kept until a person releases or drops them.
quarantined_events = Table(
    "quarantined_events",
    metadata,
    tenant(),
    identifier("event_id", primary_key=True),
    Column("type", choice(EventType), nullable=False),
    identifier("article_id", nullable=False),
    identifier("slate_id", nullable=False),
    identifier("employee_id", nullable=False),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("said_at", Moment),
    Column("sent_at", Moment),
    Column("body_hash", String(64), nullable=False),
    Column("reason", String(16), nullable=False),
    reference("slate_id", "slates.id", ondelete="CASCADE"),
    Index("ix_quarantined_events_received", "tenant_id", "received_at", "event_id"),
)
