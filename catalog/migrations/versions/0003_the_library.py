"""The library: the words of each article, stemmed, as each database searches them best."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from catalog.words import stems, tsvector

revision = "0003"
down_revision = "0002"

_AT_ONCE = 500


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # our words are stems without accents already: nothing is left for the tokenizer but to cut at spaces
        op.execute(
            "CREATE VIRTUAL TABLE article_words USING fts5"
            " (tenant_id UNINDEXED, article_id, title, lead, text, tokenize = 'unicode61 remove_diacritics 0')"
        )
    else:
        op.create_table(
            "article_words",
            sa.Column("tenant_id", sa.String(length=64), nullable=False),
            sa.Column("article_id", sa.String(length=36), nullable=False),
            sa.Column("words", TSVECTOR(), nullable=False),
            sa.ForeignKeyConstraint(
                ["tenant_id", "article_id"],
                ["articles.tenant_id", "articles.id"],
                name=op.f("fk_article_words_tenant_id_article_id"),
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("tenant_id", "article_id", name=op.f("pk_article_words")),
        )
        op.create_index("ix_article_words_words", "article_words", ["words"], postgresql_using="gin")
    _fill()


def _fill() -> None:
    """Let what was enriched before be found as well."""
    connection = op.get_bind()
    columns = ("tenant_id", "id", "title", "lead", "text", "language", "state")
    old = sa.table("articles", *map(sa.column, columns))
    sqlite = connection.dialect.name == "sqlite"
    names = "tenant_id, article_id, title, lead, text" if sqlite else "tenant_id, article_id, words"
    given = ":tenant_id, :id, :title, :lead, :text" if sqlite else ":tenant_id, :id, CAST(:words AS tsvector)"
    into = sa.text(f"INSERT INTO article_words ({names}) VALUES ({given})")  # noqa: S608 - our own names
    rows = connection.execute(sa.select(old).where(old.c.state != "extracted"))
    for part in rows.mappings().partitions(_AT_ONCE):
        connection.execute(into, [_row(row, sqlite) for row in part])


def _row(row: Any, sqlite: bool) -> dict[str, str]:
    said = stems({part: row[part] for part in ("title", "lead", "text")}, row["language"])
    words = {part: " ".join(found) for part, found in said.items()} if sqlite else {"words": tsvector(said)}
    return {"tenant_id": row["tenant_id"], "id": row["id"], **words}
