"""An organisation's own concepts as a TOML file: read all of them or none, and write them back.

It has the form of the shipped vocabulary: `[[theme]]`, `[[product]]` and `[[department]]`, each with an id and, in
Dutch, English or both, a label, a definition and examples.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from api import wording
from catalog.errors import Invalid
from catalog.own_concepts import own_concept
from catalog.taxonomy import OWN_FACETS, Concept

MAX_BYTES: Final = 5_000_000
_SHOWN: Final = 5


class BadWordList(Invalid):
    """The file cannot be taken over."""

    code = "bad_word_list"


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Words(_Strict):
    """What a concept is called and looks like in one language."""

    label: str = ""
    definition: str = ""
    examples: list[str] = []


class _Entry(_Strict):
    id: str
    parent: str | None = None
    nl: _Words = _Words()
    en: _Words = _Words()


class _File(_Strict):
    theme: list[_Entry] = []
    product: list[_Entry] = []
    department: list[_Entry] = []


def read(path: Path) -> list[Concept]:
    """The concepts in the file. Raises BadWordList, which names what is wrong and the remedy."""
    try:
        file = _File.model_validate(tomllib.loads(_text(path)))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadWordList(f"{path} cannot be read as TOML ({error}): correct that place") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadWordList(
            f"{path}: {wording.where(first)}: {wording.said(first)} (docs/data-scientists.md shows the form)"
        ) from error
    found: dict[tuple[str, str], Concept] = {}
    problems: list[str] = []
    for facet, entry in _entries(file):
        try:
            concept = _concept(facet, entry)
            if (facet, concept.id) in found:
                raise BadWordList(f"{facet} {concept.id!r} is there twice: give one of them another id")
            found[facet, concept.id] = concept
        except Invalid as error:
            problems.append(str(error))
    if problems:
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        raise BadWordList(f"{path}: nothing was imported. {'; '.join(problems[:_SHOWN])}{more}")
    if not found:
        raise BadWordList(f"{path} defines no {', '.join(f'[[{facet}]]' for facet in OWN_FACETS)}")
    return list(found.values())


def write(concepts: Iterable[Concept]) -> str:
    """The concepts as such a file."""
    return "\n".join("\n".join(_lines(concept)) for concept in concepts)


def _entries(file: _File) -> Iterator[tuple[str, _Entry]]:
    for facet in OWN_FACETS:
        for entry in getattr(file, facet):
            yield facet, entry


def _concept(facet: str, entry: _Entry) -> Concept:
    spoken: Mapping[str, _Words] = {"nl": entry.nl, "en": entry.en}
    return own_concept(
        facet,
        entry.id,
        labels={language: words.label for language, words in spoken.items()},
        definitions={language: words.definition for language, words in spoken.items()},
        examples={language: words.examples for language, words in spoken.items()},
        parent=entry.parent,
    )


def _lines(concept: Concept) -> Iterator[str]:
    yield f"[[{concept.facet}]]"
    yield f"id = {_quoted(concept.id)}"
    if concept.parent is not None:
        yield f"parent = {_quoted(concept.parent)}"
    for language, label in concept.labels.items():
        yield f"{language}.label = {_quoted(label)}"
        if definition := concept.definitions[language]:
            yield f"{language}.definition = {_quoted(definition)}"
        if examples := concept.examples[language]:
            yield f"{language}.examples = ["
            yield from (f"  {_quoted(example)}," for example in examples)
            yield "]"
    yield ""


def _quoted(text: str) -> str:
    """A text of ours, which has no control characters, as TOML: JSON spells it alike."""
    return json.dumps(text, ensure_ascii=False)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise BadWordList(f"{path}: {error.strerror}") from error
    if content is None:
        raise BadWordList(f"{path} has more than {MAX_BYTES // 1_000_000} MB: split it, or leave out examples")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadWordList(f"{path} is not UTF-8: save it again, as UTF-8") from None
