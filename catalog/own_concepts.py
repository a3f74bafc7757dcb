"""What an own concept of an organisation must look like, and how concepts of one facet hang together."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from catalog.errors import Invalid
from catalog.taxonomy import LANGUAGES, OWN_FACETS, Concept, Taxonomy

FEWEST_EXAMPLES: Final = 3
MOST_EXAMPLES: Final = 50
"""Of one concept in one language: they are all encoded whenever the taggers are fitted."""
MOST_CONCEPTS: Final = 200
"""Of one facet."""
LONGEST_ID: Final = 64
LONGEST_LABEL: Final = 80
LONGEST_TEXT: Final = 500
"""Characters of a definition or an example."""

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHOWN: Final = 40


class BadConcept(Invalid):
    """A concept cannot be taken into the vocabulary as it is."""

    code = "bad_concept"


def own_concept(
    facet: str,
    name: str,
    *,
    labels: Mapping[str, str],
    definitions: Mapping[str, str] | None = None,
    examples: Mapping[str, Iterable[str]] | None = None,
    parent: str | None = None,
) -> Concept:
    """An own concept, its texts tidied; a label that is missing is that of the other language. Raises BadConcept."""
    require_own(facet)
    require_id(name)
    who = f"{facet} {name!r}"
    given = {
        language: _text(f"{who}: the label in {language}", text, LONGEST_LABEL)
        for language, text in labels.items()
        if text.strip()
    }
    if not given:
        raise BadConcept(f"{who} has no label: give one in nl or en, or in both")
    told = {language: _examples(who, language, texts) for language, texts in (examples or {}).items()}
    count = sum(map(len, told.values()))
    if count < FEWEST_EXAMPLES:
        raise BadConcept(
            f"{who} has {count or 'no'} example{'' if count == 1 else 's'}: give at least {FEWEST_EXAMPLES} "
            "different ones in all, as titles of articles would read, in Dutch, English or both"
        )
    defined = {
        language: _text(f"{who}: the definition in {language}", text, LONGEST_TEXT)
        for language, text in (definitions or {}).items()
        if text.strip()
    }
    return Concept(
        facet=facet,
        id=name,
        parent=parent,
        codes=(),
        labels={language: given.get(language) or next(iter(given.values())) for language in LANGUAGES},
        definitions={language: defined.get(language, "") for language in LANGUAGES},
        examples={language: told.get(language, ()) for language in LANGUAGES},
    )


def require_own(facet: str) -> None:
    """Raise BadConcept where the facet's concepts are not the organisation's own to make."""
    if facet not in OWN_FACETS:
        raise BadConcept(f"{_short(facet)} is no facet of your own: use one of {', '.join(OWN_FACETS)}")


def require_id(name: str) -> None:
    """Raise BadConcept where this is no id."""
    if len(name) > LONGEST_ID or not _ID.fullmatch(name):
        raise BadConcept(
            f"{_short(name)} is no id: use small letters, digits and single hyphens, such as clean-delta, "
            f"at most {LONGEST_ID} characters"
        )


def require_free(concept: Concept, shipped: Taxonomy) -> None:
    """Raise BadConcept where a shipped concept has this id: two that are spelled alike would be taken for one."""
    for facet, concepts in shipped.facets.items():
        if facet not in OWN_FACETS and concept.id in concepts:
            raise BadConcept(
                f"{concept.facet} {concept.id!r}: there is a shipped {facet} with this id; use another, such as "
                f"our-{concept.id}"
            )


def arranged(concepts: Iterable[Concept]) -> dict[str, Concept]:
    """Concepts of one facet by id, a parent before its children. Raises BadConcept for a parent that cannot be."""
    known = {concept.id: concept for concept in concepts}
    found: dict[str, Concept] = {}
    for concept in known.values():
        line = [concept]
        while (parent := line[-1].parent) is not None and parent not in found:
            if parent not in known:
                raise BadConcept(
                    f"{line[-1].facet} {line[-1].id!r}: there is no parent {_short(parent)}; name a concept of the "
                    "same facet, or leave the parent out"
                )
            if known[parent] in line:
                raise BadConcept(
                    f"{concept.facet} {parent!r} would stand below itself, by way of {line[-1].id!r}: leave out one of "
                    "the parents"
                )
            line.append(known[parent])
        found |= {each.id: each for each in reversed(line)}
    if len(found) > MOST_CONCEPTS:
        facet = next(iter(found.values())).facet
        raise BadConcept(f"{facet} would have {len(found)} concepts, where {MOST_CONCEPTS} are the most: merge some")
    return found


def _examples(who: str, language: str, texts: Iterable[str]) -> tuple[str, ...]:
    told = tuple(dict.fromkeys(_text(f"{who}: an example in {language}", text, LONGEST_TEXT) for text in texts))
    if len(told) > MOST_EXAMPLES:
        raise BadConcept(f"{who} has {len(told)} examples in {language}: keep the {MOST_EXAMPLES} most typical ones")
    return told


def _text(what: str, text: str, most: int) -> str:
    tidy = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    if not tidy:
        raise BadConcept(f"{what} is empty: write it, or leave it out")
    if len(tidy) > most:
        raise BadConcept(f"{what} has {len(tidy)} characters, where {most} are the most: shorten it")
    if not tidy.isprintable():
        raise BadConcept(f"{what} has a line break or a character that cannot be printed: type it again, on one line")
    return tidy


def _short(word: str) -> str:
    return repr(word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…")
