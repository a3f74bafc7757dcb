"""An organisation's own words: its concepts, what became of those it merged or retired, what it hides and borrows.

An id stays what it is for ever: the audit trail and what was learned from it are read through `Vocabulary.resolve`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, select, update

from catalog import tables, tenants
from catalog.database import insert, record, values
from catalog.ids import TenantId
from catalog.own_concepts import arranged
from catalog.records import WordChange
from catalog.standards import BorrowedText
from catalog.taxonomy import OWN_FACETS, Concept, Concepts, Taxonomy

_c = tables.concepts
_a = tables.concept_aliases
_h = tables.hidden_concepts
_b = tables.borrowed_texts
_n = tables.concept_changes

_NOT_STORED: Final = ("codes", "portraits", "borrowed")

Borrowed = Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]
"""Texts of standards by facet and concept, then by language."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words as they stand. `aliases` are by facet, from the id that was merged to the one it was merged into."""

    in_use: Mapping[str, Concepts]
    retired: Mapping[str, Concepts]
    aliases: Mapping[str, Mapping[str, str]]
    hidden: Mapping[str, frozenset[str]]
    borrowed: Borrowed

    def resolve(self, facet: str, concept: str) -> str:
        """What an id of any time is called now; an id that was never merged is itself."""
        return resolve(self.aliases.get(facet, {}), concept)

    def taxonomy(self, shipped: Taxonomy) -> Taxonomy:
        """The vocabulary that articles are tagged with: the shipped one and this."""
        return shipped.joined(self.in_use, self._past(), self.hidden).taught(self.borrowed)

    def _past(self) -> dict[str, Concepts]:
        past: dict[str, Concepts] = {}
        for facet, concepts in self.retired.items():
            if not concepts:
                continue
            known = {**concepts, **self.in_use.get(facet, {})}
            past[facet] = {name: known[self.resolve(facet, name)] for name in concepts}
        return past


def resolve(aliases: Mapping[str, str], concept: str) -> str:
    """Follow what was merged into what to its end. In a ring, which no command makes, it stays at the first id."""
    now, seen = concept, {concept}
    while now in aliases:
        now = aliases[now]
        if now in seen:
            return concept
        seen.add(now)
    return now


def load(connection: Connection, tenant: TenantId) -> Vocabulary:
    """All of an organisation's own words."""
    in_use: dict[str, list[Concept]] = {facet: [] for facet in OWN_FACETS}
    retired: dict[str, dict[str, Concept]] = {facet: {} for facet in OWN_FACETS}
    query = select(_c).where(_c.c.tenant_id == tenant).order_by(_c.c.created_at, _c.c.id)
    for row in connection.execute(query):
        concept = _concept(row)
        if row.retired_at is None:
            in_use[concept.facet].append(concept)
        else:
            retired[concept.facet][concept.id] = concept
    return Vocabulary(
        in_use={facet: arranged(concepts) for facet, concepts in in_use.items()},
        retired=retired,
        aliases=aliases(connection, tenant),
        hidden=_hidden(connection, tenant),
        borrowed=_borrowed(connection, tenant),
    )


def aliases(connection: Connection, tenant: TenantId) -> dict[str, dict[str, str]]:
    """What was merged into what, by facet."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in connection.execute(select(_a.c.facet, _a.c.old_id, _a.c.new_id).where(_a.c.tenant_id == tenant)):
        found[row.facet][row.old_id] = row.new_id
    return found


def save(connection: Connection, tenant: TenantId, concept: Concept, now: datetime) -> None:
    """Keep a concept, new or with other words."""
    said = values(concept, *_NOT_STORED)
    stored = insert(connection, _c).values(said | {"tenant_id": tenant, "created_at": now})
    connection.execute(stored.on_conflict_do_update(index_elements=_c.primary_key, set_=said))


def set_retired(connection: Connection, tenant: TenantId, facet: str, concept: str, at: datetime | None) -> None:
    """Take a concept out of use from now on, or back into use with None."""
    mine = (_c.c.tenant_id == tenant, _c.c.facet == facet, _c.c.id == concept)
    connection.execute(update(_c).where(*mine).values(retired_at=at))


def add_alias(
    connection: Connection, tenant: TenantId, facet: str, old: str, new: str, actor: str, now: datetime
) -> None:
    """Read `old` as `new` from now on."""
    row = {"tenant_id": tenant, "facet": facet, "old_id": old, "new_id": new, "at": now, "actor": actor}
    connection.execute(insert(connection, _a).values(row))


def set_hidden(connection: Connection, tenant: TenantId, facet: str, concept: str, *, hidden: bool) -> None:
    """Whether a shipped concept is out of use here."""
    mine = (_h.c.tenant_id == tenant, _h.c.facet == facet, _h.c.id == concept)
    connection.execute(delete(_h).where(*mine))
    if hidden:
        connection.execute(insert(connection, _h).values(tenant_id=tenant, facet=facet, id=concept))


def borrow(connection: Connection, tenant: TenantId, edition: str, texts: Sequence[BorrowedText]) -> None:
    """Keep what one edition of a standard says, in the place of all that was kept of that edition."""
    standard = texts[0].standard
    forget(connection, tenant, standard, edition)
    rows = [{"tenant_id": tenant, "edition": edition, "place": n, **values(text)} for n, text in enumerate(texts)]
    connection.execute(insert(connection, _b), rows)


def forget(connection: Connection, tenant: TenantId, standard: str, edition: str | None = None) -> int:
    """Drop what a standard says, in one edition or in all; how many texts that were."""
    gone = delete(_b).where(_b.c.tenant_id == tenant, _b.c.standard == standard)
    return connection.execute(gone if edition is None else gone.where(_b.c.edition == edition)).rowcount


def borrowed_counts(connection: Connection, tenant: TenantId) -> dict[tuple[str, str], int]:
    """How many texts are borrowed, by standard and language."""
    counted = select(_b.c.standard, _b.c.language, func.count()).where(_b.c.tenant_id == tenant)
    rows = connection.execute(counted.group_by(_b.c.standard, _b.c.language).order_by(_b.c.standard, _b.c.language))
    return {(standard, language): int(count) for standard, language, count in rows}


def note(connection: Connection, tenant: TenantId, change: WordChange) -> None:
    """Write a line of the vocabulary's trail, and say that it has changed: each line has a version of its own."""
    version = tenants.touch_vocabulary(connection, tenant)
    connection.execute(insert(connection, _n).values(tenant_id=tenant, seq=version, **values(change)))


def changes(connection: Connection, tenant: TenantId, facet: str, concepts: Iterable[str]) -> list[WordChange]:
    """All that was done to these concepts, oldest first."""
    where = (_n.c.tenant_id == tenant, _n.c.facet == facet, _n.c.concept.in_(list(concepts)))
    return [record(WordChange, row) for row in connection.execute(select(_n).where(*where).order_by(_n.c.seq))]


def _concept(row: Row[Any]) -> Concept:
    return record(
        Concept,
        row,
        codes=(),
        portraits={},
        borrowed={},
        examples={language: tuple(texts) for language, texts in row.examples.items()},
    )


def _hidden(connection: Connection, tenant: TenantId) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for row in connection.execute(select(_h.c.facet, _h.c.id).where(_h.c.tenant_id == tenant)):
        found[row.facet] |= {row.id}
    return found


def _borrowed(connection: Connection, tenant: TenantId) -> Borrowed:
    found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = defaultdict(dict)
    query = select(_b).where(_b.c.tenant_id == tenant).order_by(_b.c.standard, _b.c.edition, _b.c.place)
    for row in connection.execute(query):
        told = found[row.facet, row.concept]
        if row.text not in told.get(row.language, ()):  # two editions may share their notes
            told[row.language] = (*told.get(row.language, ()), row.text)
    return found


class Vocabularies:
    """Every organisation's taxonomy, made again when its words have changed since."""

    MOST: Final = 1000

    def __init__(self, shipped: Taxonomy) -> None:
        self.shipped = shipped
        self._kept: dict[TenantId, tuple[int, Taxonomy]] = {}

    def taxonomy(self, connection: Connection, tenant: TenantId) -> Taxonomy:
        """The words in use by this organisation, as this transaction sees them."""
        version = tenants.get(connection, tenant).vocabulary_version
        kept = self._kept.get(tenant)
        if kept is not None and kept[0] == version:
            return kept[1]
        made = load(connection, tenant).taxonomy(self.shipped) if version else self.shipped
        if len(self._kept) >= self.MOST:
            self._kept.clear()
        self._kept[tenant] = (version, made)
        return made
