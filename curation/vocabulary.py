"""Changes of an organisation's own words. Each one checks what is allowed, and writes its line of the trail.

The functions take the caller's connection: a change and its line are kept together or not at all. What was decided
under an old id is never rewritten: it is read under the new one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from catalog import tagged, tenants, vocabulary
from catalog.errors import Conflict, Invalid, NotFound
from catalog.ids import TenantId
from catalog.own_concepts import MOST_EXAMPLES, arranged, own_concept, require_free, require_own
from catalog.records import WordAction, WordChange
from catalog.standards import BorrowedText
from catalog.taxonomy import OWN_FACETS, Concept, Concepts, Taxonomy
from catalog.vocabulary import Vocabulary
from curation.review import Reviewer

FEWEST_LEFT: Final = 2
"""Concepts of a facet that stay in use: one alone is told from nothing."""


class NotInUse(Conflict):
    """The concept was retired or merged, so its id is not free."""

    code = "not_in_use"


class UnknownWord(NotFound):
    """There is no such own concept in use."""

    code = "unknown_word"


@dataclass(slots=True)
class Taken:
    """What an import did, by id."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WordDesk:
    """Where the vocabulary is changed: one tenant, one transaction, one moment, one person."""

    connection: Connection
    tenant: TenantId
    shipped: Taxonomy
    by: Reviewer
    now: datetime

    def add(self, concept: Concept) -> None:
        """Make a new concept. Raises Conflict where there is one, NotInUse where its id was used before."""
        known = self._read()
        if concept.id in known.in_use[concept.facet]:
            raise Conflict(
                f"there is a {concept.facet} {concept.id!r} already: 'sluis vocabulary import' changes what it says, "
                "'sluis vocabulary rename' its labels"
            )
        self._take(known, [concept])

    def take_over(self, concepts: Iterable[Concept]) -> Taken:
        """Add concepts, and bring known ones to what is said here; the others stay. All of them or none."""
        return self._take(self._read(), list(concepts))

    def rename(self, facet: str, name: str, labels: Mapping[str, str]) -> Concept:
        """Give a concept another label, in the languages named. Its id and all that carries it stay."""
        before = self._in_use(self._read(), facet, name)
        if not any(labels.values()):
            raise Invalid("nothing to change: give the new label with --nl or --en")
        said = {**before.labels, **{language: text for language, text in labels.items() if text}}
        checked = own_concept(facet, name, labels=said, examples=before.examples)
        renamed = replace(before, labels=checked.labels)
        if renamed != before:
            vocabulary.save(self.connection, self.tenant, renamed, self.now)
            self._note(WordAction.RENAME, facet, name, before=dict(before.labels), after=dict(renamed.labels))
        return renamed

    def merge(self, facet: str, old: str, new: str) -> int:
        """Let `old` be `new` from now on: on articles, on sources, and for all that reads the trail. It is for good.

        The examples of both teach the one that stays, and what stood below `old` stands below it. Returns how many
        articles carried `old`.
        """
        known = self._read()
        gone, stays = self._in_use(known, facet, old), self._in_use(known, facet, new)
        if old == new:
            raise Invalid(f"{facet} {old!r} cannot be merged into itself: name two")
        moved = _merged(known.in_use[facet], gone, stays)
        for concept in moved:
            vocabulary.save(self.connection, self.tenant, concept, self.now)
        vocabulary.set_retired(self.connection, self.tenant, facet, old, self.now)
        vocabulary.add_alias(self.connection, self.tenant, facet, old, new, str(self.by), self.now)
        articles = tagged.rewrite(self.connection, self.tenant, facet, old, new)
        self._note(WordAction.MERGE, facet, old, into=new, labels=dict(gone.labels), articles=articles)
        return articles

    def retire(self, facet: str, name: str) -> None:
        """Tag and offer a concept no longer. What carries it stays readable."""
        known = self._read()
        self._in_use(known, facet, name)
        if below := [concept.id for concept in known.in_use[facet].values() if concept.parent == name]:
            raise Conflict(f"{facet} {name!r} has concepts below it: retire or merge {', '.join(below)} first")
        vocabulary.set_retired(self.connection, self.tenant, facet, name, self.now)
        self._note(WordAction.RETIRE, facet, name)

    def restore(self, facet: str, name: str) -> None:
        """Use a retired concept again, below what its parent has become."""
        require_own(facet)
        known = self._read()
        if name in known.aliases.get(facet, {}):
            raise NotInUse(_merged_away(known, facet, name))
        if name not in known.retired[facet]:
            raise NotFound(f"no retired {facet} is called {name!r}: 'sluis vocabulary list {facet}' shows them")
        before = known.retired[facet][name]
        concept = replace(before, parent=before.parent and known.resolve(facet, before.parent))
        arranged([*known.in_use[facet].values(), concept])
        vocabulary.save(self.connection, self.tenant, concept, self.now)
        vocabulary.set_retired(self.connection, self.tenant, facet, name, None)
        self._note(WordAction.RESTORE, facet, name)

    def hide(self, facet: str, name: str) -> None:
        """Tag and offer a shipped concept no longer, nor what stands below it."""
        if facet in OWN_FACETS:
            raise Invalid(f"{facet} is a facet of your own: 'sluis vocabulary retire {facet} {name}' ends a concept")
        words = self._read().taxonomy(self.shipped)
        if name in words.hidden.get(facet, {}):
            return
        words.concept(facet, name)
        left = words.joined({}, {}, {facet: frozenset({name})}).facets[facet]
        if len(left) < FEWEST_LEFT:
            number = f"{len(left)} concept{'' if len(left) == 1 else 's'}"
            raise Conflict(f"{number} of {facet} would be left, and taggers need {FEWEST_LEFT}: keep it")
        vocabulary.set_hidden(self.connection, self.tenant, facet, name, hidden=True)
        self._note(WordAction.HIDE, facet, name)

    def unhide(self, facet: str, name: str) -> None:
        """Use a hidden concept again."""
        if name not in self._read().hidden.get(facet, ()):
            raise NotFound(f"no {facet} {name!r} was hidden: 'sluis vocabulary list' shows what is")
        vocabulary.set_hidden(self.connection, self.tenant, facet, name, hidden=False)
        self._note(WordAction.UNHIDE, facet, name)

    def borrow(self, edition: str, texts: Sequence[BorrowedText], **origin: str) -> None:
        """Teach the taggers what an edition of a standard says, in the place of what it said before."""
        self._read()
        vocabulary.borrow(self.connection, self.tenant, edition, texts)
        told = {"standard": texts[0].standard, "edition": edition, "texts": len(texts), **origin}
        self._note(WordAction.BORROW, texts[0].facet, None, **told)

    def forget(self, standard: str) -> int:
        """Drop all that a standard said; how many texts."""
        self._read()
        gone = vocabulary.forget(self.connection, self.tenant, standard)
        if not gone:
            raise NotFound(f"nothing of {standard!r} is kept: 'sluis vocabulary list' shows what is")
        self._note(WordAction.FORGET, "", None, standard=standard, texts=gone)
        return gone

    def _take(self, known: Vocabulary, concepts: list[Concept]) -> Taken:
        taken = Taken()
        wanted = {facet: dict(known.in_use[facet]) for facet in OWN_FACETS}
        for concept in concepts:
            before = wanted[concept.facet].get(concept.id)
            if before is None:
                self._require_unused(known, concept)
            wanted[concept.facet][concept.id] = concept
            seen = taken.added if before is None else taken.unchanged if before == concept else taken.changed
            seen.append(concept.id)
        for facet in OWN_FACETS:
            arranged(wanted[facet].values())
        for concept in concepts:
            before = known.in_use[concept.facet].get(concept.id)
            if before != concept:
                vocabulary.save(self.connection, self.tenant, concept, self.now)
                action = WordAction.ADD if before is None else WordAction.EDIT
                self._note(action, concept.facet, concept.id, before=_said(before), after=_said(concept))
        return taken

    def _require_unused(self, known: Vocabulary, concept: Concept) -> None:
        require_free(concept, self.shipped)
        if concept.id in known.aliases.get(concept.facet, {}):
            raise NotInUse(_merged_away(known, concept.facet, concept.id))
        if concept.id in known.retired[concept.facet]:
            raise NotInUse(
                f"{concept.facet} {concept.id!r} was retired: 'sluis vocabulary restore {concept.facet} {concept.id}' "
                "brings it back, or use another id"
            )

    def _in_use(self, known: Vocabulary, facet: str, name: str) -> Concept:
        if facet in self.shipped.facets and facet not in OWN_FACETS:
            raise Invalid(f"{facet} is a shipped facet: 'sluis vocabulary hide {facet} {name}' is what can be done")
        require_own(facet)
        if name not in known.in_use[facet]:
            raise UnknownWord(known.taxonomy(self.shipped).why_not(facet, name))
        return known.in_use[facet][name]

    def _read(self) -> Vocabulary:
        """The words as they stand; nobody else changes them, or writes tags, until this transaction ends."""
        tenants.get(self.connection, self.tenant, lock=True)
        return vocabulary.load(self.connection, self.tenant)

    def _note(self, action: WordAction, facet: str, name: str | None, **changes: Any) -> None:
        vocabulary.note(self.connection, self.tenant, WordChange(self.now, str(self.by), action, facet, name, changes))


def _merged(concepts: Concepts, gone: Concept, stays: Concept) -> list[Concept]:
    """`stays` with the examples of both, and the children of `gone` below it."""
    examples = {
        language: tuple(dict.fromkeys((*texts, *gone.examples[language])))[:MOST_EXAMPLES]
        for language, texts in stays.examples.items()
    }
    parent = gone.parent if _is_below(concepts, stays, gone) else stays.parent
    children = [each for each in concepts.values() if each.parent == gone.id and each.id != stays.id]
    return [replace(stays, parent=parent, examples=examples), *(replace(each, parent=stays.id) for each in children)]


def _is_below(concepts: Concepts, concept: Concept, above: Concept) -> bool:
    while concept.parent is not None and concept.parent != above.id:
        concept = concepts[concept.parent]
    return concept.parent is not None


def _merged_away(known: Vocabulary, facet: str, name: str) -> str:
    return f"{facet} {name!r} was merged into {known.resolve(facet, name)!r}, for good: use that, or another id"


def _said(concept: Concept | None) -> dict[str, Any] | None:
    """A concept as the trail keeps it."""
    if concept is None:
        return None
    return {name: getattr(concept, name) for name in ("parent", "labels", "definitions", "examples")}
