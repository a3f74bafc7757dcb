"""Certificates of taggers, and the articles that curators are asked about blind so that there can be any."""

import sqlalchemy as sa
from alembic import op

import catalog.columns

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("tenants", sa.Column("certify_since", catalog.columns.Moment(timezone=True)))
    op.add_column("tenants", sa.Column("certify_by", sa.Text()))
    op.add_column("articles", sa.Column("second_language", sa.String(length=8)))
    op.create_table(
        "audits",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("drawn_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("certificate_id", sa.String(length=36), nullable=True),
        sa.Column("drawn", catalog.columns.AudienceJson(none_as_null=True), nullable=True),
        sa.Column("answered_at", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("audience", catalog.columns.AudienceJson(none_as_null=True), nullable=True),
        sa.Column("wrong", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "article_id"],
            ["articles.tenant_id", "articles.id"],
            name=op.f("fk_audits_tenant_id_article_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "article_id", "revision", name=op.f("pk_audits")),
    )
    op.create_index("ix_audits_certificate", "audits", ["tenant_id", "certificate_id", "answered_at"])
    op.create_table(
        "certificates",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("made_at", catalog.columns.Moment(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("lapsed_at", catalog.columns.Moment(timezone=True), nullable=True),
        sa.Column("lapse_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_certificates")),
    )
