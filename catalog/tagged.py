"""Where concepts are used: on articles, by sources, in decisions; and what a merge does to those places."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Table, Text, cast, delete, func, select, update

from catalog import tables, tenants, vocabulary
from catalog.database import parts
from catalog.ids import TenantId
from catalog.records import Action, Origin, Tag
from catalog.taxonomy import OWN_FACETS

_t = tables.tags
_d = tables.decisions

_WEIGHT: Final = {Origin.MACHINE: 0, Origin.SOURCE: 1, Origin.PERSON: 2}

Uses = Counter[tuple[str, str]]
"""How often, by facet and concept."""


def on_articles(connection: Connection, tenant: TenantId) -> Uses:
    """How many articles carry each own concept."""
    counted = select(_t.c.facet, _t.c.concept, func.count())
    query = counted.where(_t.c.tenant_id == tenant, _t.c.facet.in_(OWN_FACETS)).group_by(_t.c.facet, _t.c.concept)
    return Counter({(facet, concept): int(count) for facet, concept, count in connection.execute(query)})


def in_decisions(connection: Connection, tenant: TenantId) -> Uses:
    """How many decisions gave each own concept, by what it is called now. They are read from the trail as it stands."""
    aliases = vocabulary.aliases(connection, tenant)
    found: Uses = Counter()
    query = select(_d.c.changes).where(_d.c.tenant_id == tenant, _d.c.action == Action.EDIT)
    for said in connection.execute(query).scalars():
        for facet in OWN_FACETS:
            given = said.get(facet, {}).get("after", ())
            found.update({(facet, vocabulary.resolve(aliases.get(facet, {}), concept)) for concept in given})
    return found


def resolved(connection: Connection, tenant: TenantId, tags: Iterable[Tag]) -> list[Tag]:
    """Tags under the ids of now: a tagger or a source may still speak of what was merged a moment ago."""
    given = list(tags)
    if not any(tag.facet in OWN_FACETS for tag in given):
        return given
    aliases = vocabulary.aliases(connection, tenant)
    found: dict[tuple[str, str], Tag] = {}
    for tag in given:
        now = replace(tag, concept=vocabulary.resolve(aliases.get(tag.facet, {}), tag.concept))
        key = now.facet, now.concept
        found[key] = max(found.get(key, now), now, key=_strength)  # of equals the first
    return list(found.values())


def rewrite(connection: Connection, tenant: TenantId, facet: str, old: str, new: str) -> int:
    """Let everything that carries `old` carry `new`: articles, sources, items that wait. How many articles it was.

    Where an article has both, what a person said outweighs a source, and a source the machine. The caller holds the
    tenant's lock.
    """
    mine = (_t.c.tenant_id == tenant, _t.c.facet == facet)
    rows = connection.execute(select(_t).where(*mine, _t.c.concept.in_([old, new]))).all()
    before = {row.article_id: row for row in rows if row.concept == old}
    both = {row.article_id: row for row in rows if row.concept == new and row.article_id in before}
    loses = {article: new if _strength(before[article]) > _strength(row) else old for article, row in both.items()}
    for concept in (old, new):
        for part in parts([article for article, loser in loses.items() if loser == concept]):
            connection.execute(delete(_t).where(*mine, _t.c.concept == concept, _t.c.article_id.in_(part)))
    connection.execute(update(_t).where(*mine, _t.c.concept == old).values(concept=new))
    for table in (tables.sources, tables.feed_items):
        _rename_said(connection, tenant, table, facet, old, new)
    tenants.touch(connection, tenant)
    return len(before)


def _strength(tag: Any) -> tuple[int, float]:
    """What is compared of two tags, or rows of them."""
    return _WEIGHT[tag.origin], tag.probability


def _rename_said(connection: Connection, tenant: TenantId, table: Table, facet: str, old: str, new: str) -> None:
    """What a source or an item says of its articles."""
    named = cast(table.c.tags, Text).contains(f'"{old}"', autoescape=True)
    query = select(table.c.id, table.c.tags).where(table.c.tenant_id == tenant, named)
    for row in connection.execute(query).all():
        if old in row.tags.get(facet, ()):
            said = {**row.tags, facet: (row.tags[facet] - {old}) | {new}}
            mine = (table.c.tenant_id == tenant, table.c.id == row.id)
            connection.execute(update(table).where(*mine).values(tags=said))
