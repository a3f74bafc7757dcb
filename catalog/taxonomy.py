"""The vocabulary that tags are made of: facets, their concepts, and the example headlines the taggers start from.

The shipped vocabulary is `catalog/data/taxonomy.toml`; an organisation adds its own themes (core values, strategy) in a
file of the same form. Codes tie concepts to IPTC Media Topics, ISCO-08 and NACE Rev. 2.1.
"""

import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from catalog.errors import Invalid

FACETS: Final = ("topic", "function", "industry", "kind", "good_for", "theme")
Language = Literal["nl", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
"""The languages in which people see this program."""

EVERYONE: Final = "everyone"
"""The function that marks what is for all employees: a tag only, nobody's function and no value of an audience."""

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
    """One value of a facet. Labels, definitions, examples and portraits are by language code.

    `portraits` are jobs that a function consists of, or companies of an industry: they teach, but are no headlines.
    """

    facet: str
    id: str
    parent: str | None
    codes: tuple[str, ...]
    labels: Mapping[str, str]
    definitions: Mapping[str, str]
    examples: Mapping[str, tuple[str, ...]]
    portraits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def label(self, language: str) -> str:
        """The label in `language`, or in English where there is none."""
        return self.labels.get(language, self.labels["en"])


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All concepts by facet, in the order of the file. `digest` changes with any word of it."""

    version: str
    digest: str
    facets: Mapping[str, Mapping[str, Concept]]

    def concept(self, facet: str, concept: str) -> Concept:
        """One concept. Raises UnknownConcept, which names the nearest spellings."""
        if facet not in self.facets:
            raise UnknownConcept(f"there is no facet {facet!r}: use one of {', '.join(self.facets)}")
        known = self.facets[facet]
        if concept not in known:
            near = difflib.get_close_matches(concept, known, n=3, cutoff=0.4) or list(known)[:5]
            listing = ", ".join(near) or "none yet: add them to your themes file"
            raise UnknownConcept(
                f"there is no {facet} {concept!r}: near to it are {listing} ('sluis taxonomy {facet}' shows all)"
            )
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

    def with_themes(self, path: Path) -> "Taxonomy":
        """This vocabulary with an organisation's own themes. Raises Invalid where the file is not of the right form."""
        themes = _facets(_read(path), path).get("theme", {})
        if not themes:
            raise Invalid(f"{path} defines no [[theme]]: see docs/data-scientists.md for the form")
        digest = hashlib.sha256(self.digest.encode() + path.read_bytes()).hexdigest()
        return replace(self, digest=digest, facets={**self.facets, "theme": themes})


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
