"""The vocabulary that tags are made of: facets, their concepts, and the example headlines the taggers start from.

The shipped vocabulary is `catalog/data/taxonomy.toml`; an organisation's own themes, products and departments join it
from the database (`catalog.vocabulary`). Codes tie concepts to IPTC Media Topics, ISCO-08 and NACE Rev. 2.1.
"""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from catalog.errors import Invalid

OWN_FACETS: Final = ("theme", "product", "department")
"""Facets whose concepts are an organisation's own. All concepts of the others are shipped."""

FACETS: Final = ("topic", "function", "industry", "kind", "good_for", *OWN_FACETS)
Language = Literal["nl", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
"""The languages in which people see this program."""

EVERYONE: Final = "everyone"
"""The function of articles that are for all, whatever they do. Nobody has it: an audience says `ALL` instead."""

SHIPPED: Final = Path(__file__).parent / "data" / "taxonomy.toml"


class UnknownConcept(Invalid):
    """No such facet, or no such concept in it."""

    code = "unknown_tag"


class NobodysFunction(Invalid):
    """`everyone` was named as a function that somebody has."""

    code = "nobodys_function"

    def __init__(self) -> None:
        super().__init__(
            f"function {EVERYONE!r} is only a tag: an audience of all employees is function=*, "
            "and a person has functions of their own ('sluis taxonomy function' shows them)"
        )


@dataclass(frozen=True, slots=True)
class Concept:
    """One value of a facet. Labels, definitions, examples, portraits and borrowed texts are by language code.

    `portraits` are jobs that a function consists of, or companies of an industry; `borrowed` are texts about it out of
    a standard that the organisation imported. Both teach, but are no headlines.
    """

    facet: str
    id: str
    parent: str | None
    codes: tuple[str, ...]
    labels: Mapping[str, str]
    definitions: Mapping[str, str]
    examples: Mapping[str, tuple[str, ...]]
    portraits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    borrowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def label(self, language: str) -> str:
        """The label in `language`, or in English where there is none."""
        return self.labels.get(language, self.labels["en"])


Concepts = Mapping[str, Concept]
"""Concepts of one facet by id; a parent stands before its children."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All concepts in use, by facet. `digest` changes with any word that taggers are fitted on.

    `hidden` are shipped concepts that the organisation does not use: nobody is offered them, and taggers know them only
    as what the others are not. `past` tells what an id of earlier stands for: a retired concept, or the one that it
    was merged into.
    """

    version: str
    digest: str
    facets: Mapping[str, Concepts]
    hidden: Mapping[str, Concepts] = field(default_factory=dict)
    past: Mapping[str, Concepts] = field(default_factory=dict)

    def concept(self, facet: str, concept: str) -> Concept:
        """One concept in use. Raises UnknownConcept, which says what became of it, or names the nearest spellings."""
        if facet not in self.facets:
            raise UnknownConcept(f"there is no facet {facet!r}: use one of {', '.join(self.facets)}")
        known = self.facets[facet]
        if concept not in known:
            raise UnknownConcept(self.why_not(facet, concept))
        return known[concept]

    def require(self, facet: str, concepts: Iterable[str]) -> frozenset[str]:
        """The concepts as a set, each checked."""
        return frozenset(self.concept(facet, concept).id for concept in concepts)

    def require_values(self, facet: str, concepts: Iterable[str]) -> frozenset[str]:
        """The concepts as a set, each one that a person can have and an audience can name. Raises NobodysFunction."""
        found = self.require(facet, concepts)
        if facet == "function" and EVERYONE in found:
            raise NobodysFunction
        return found

    def label(self, facet: str, concept: str, language: str) -> str:
        """How a tag reads, also one of a concept that is no longer in use; its id where nobody knows it any more."""
        for known in (self.facets, self.hidden, self.past):
            if found := known.get(facet, {}).get(concept):
                return found.label(language)
        return concept

    def joined(
        self, own: Mapping[str, Concepts], past: Mapping[str, Concepts], hidden: Mapping[str, frozenset[str]]
    ) -> "Taxonomy":
        """This vocabulary with an organisation's own concepts, and without the families of those it has `hidden`."""
        if not any(own.values()) and not any(hidden.values()):
            return replace(self, past=past)
        kept, away = dict[str, Concepts](), dict[str, Concepts]()
        for facet, concepts in self.facets.items():
            gone = _family(concepts, hidden.get(facet, frozenset()))
            kept[facet] = {name: concept for name, concept in concepts.items() if name not in gone}
            away[facet] = {name: concept for name, concept in concepts.items() if name in gone}
        own = {facet: own.get(facet, {}) for facet in OWN_FACETS}
        return replace(self, facets=kept | own, hidden=away, past=past)._digested()

    def taught(self, borrowed: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]) -> "Taxonomy":
        """This vocabulary with texts that were borrowed, by facet and concept, then by language."""
        if not borrowed:
            return self
        facets = {
            facet: {
                name: replace(concept, borrowed=borrowed.get((facet, name), {})) for name, concept in concepts.items()
            }
            for facet, concepts in self.facets.items()
        }
        return replace(self, facets=facets)._digested()

    def unborrowed(self) -> "Taxonomy":
        """This vocabulary without any text of a standard."""
        if not any(concept.borrowed for concepts in self.facets.values() for concept in concepts.values()):
            return self
        plain = {
            facet: {name: replace(concept, borrowed={}) for name, concept in concepts.items()}
            for facet, concepts in self.facets.items()
        }
        return replace(self, facets=plain)._digested()

    def _digested(self) -> "Taxonomy":
        words = [
            [asdict(concept) for concept in concepts.values()]
            for facets in (self.facets, self.hidden)
            for concepts in facets.values()
        ]
        told = json.dumps([self.version, words], sort_keys=True)
        return replace(self, digest=hashlib.sha256(told.encode()).hexdigest())

    def why_not(self, facet: str, concept: str) -> str:
        """What to tell somebody who named a concept of this facet that is not in use."""
        now = self.past.get(facet, {}).get(concept)
        if now is not None and now.id != concept:
            return f"{facet} {concept!r} was merged into {now.id!r}: use that"
        if now is not None:
            return f"{facet} {concept!r} is retired: 'sluis vocabulary restore {facet} {concept}' brings it back"
        if concept in self.hidden.get(facet, {}):
            return f"{facet} {concept!r} is hidden: 'sluis vocabulary unhide {facet} {concept}' brings it back"
        known = self.facets[facet]
        near = difflib.get_close_matches(concept, known, n=3, cutoff=0.4) or list(known)[:5]
        listing = ", ".join(near) or "none yet, 'sluis vocabulary add' makes one"
        return f"there is no {facet} {concept!r}: near to it are {listing} ('sluis taxonomy {facet}' shows all)"


def _family(concepts: Concepts, heads: frozenset[str]) -> set[str]:
    """These concepts and all below them."""
    family = set(heads)
    for concept in concepts.values():  # a child stands after its parent
        if concept.parent in family:
            family.add(concept.id)
    return family


def language_code(text: str) -> str:
    """A language as two small letters. Raises Invalid for anything else."""
    code = text.strip().lower()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise Invalid(f"{text!r} is no language: write two letters, such as nl or en")
    return code


@cache
def load() -> Taxonomy:
    """The shipped vocabulary."""
    content = _read(SHIPPED)
    digest = hashlib.sha256(SHIPPED.read_bytes()).hexdigest()
    facets = _facets(content, SHIPPED)
    return Taxonomy(content["version"], digest, {facet: facets.get(facet, {}) for facet in FACETS})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(f"{path} cannot be read as TOML: {error}") from error


def _facets(content: Mapping[str, Any], path: Path) -> dict[str, dict[str, Concept]]:
    facets: dict[str, dict[str, Concept]] = {}
    for facet in FACETS:
        concepts: dict[str, Concept] = {}
        for entry in content.get(facet, []):
            concept = _concept(facet, entry, path)
            if concept.id in concepts:
                raise Invalid(f"{path}: {facet} {concept.id!r} is there twice")
            if concept.parent is not None and concept.parent not in concepts:
                raise Invalid(f"{path}: {facet} {concept.id!r} comes before its parent {concept.parent!r}")
            concepts[concept.id] = concept
        if concepts:
            facets[facet] = concepts
    return facets


def _concept(facet: str, entry: Mapping[str, Any], path: Path) -> Concept:
    try:
        return Concept(
            facet=facet,
            id=entry["id"],
            parent=entry.get("parent"),
            codes=tuple(entry.get("codes", ())),
            labels={language: entry[language]["label"] for language in LANGUAGES},
            definitions={language: entry[language]["definition"] for language in LANGUAGES},
            examples={language: tuple(entry[language]["examples"]) for language in LANGUAGES},
            portraits={language: tuple(entry[language].get("portraits", ())) for language in LANGUAGES},
        )
    except KeyError as error:
        raise Invalid(
            f"{path}: {facet} {entry.get('id', '(without id)')} has no {error}: give id and, for nl and en, "
            "label, definition, examples"
        ) from error
