"""Who somebody is, checked: the words of a roster, of another program or of an identity provider become an employee."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from catalog.errors import Invalid
from catalog.records import LONGEST_EXTERNAL_ID, LONGEST_VALUE, TOPIC, Axes
from catalog.taxonomy import Taxonomy, language_code

NAME_CHARACTERS: Final = 200
ADDRESS_CHARACTERS: Final = 320
MOST_VALUES: Final = 100
"""Of one person on one axis."""

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CONCEPTS: Final[Mapping[str, str]] = {"function": "function", "industry": "industry", TOPIC: "topic"}
"""The facet whose concepts are the values of an axis; on other axes an organisation uses words of its own."""


class BadPerson(Invalid):
    """Something about a person cannot be taken over."""

    code = "bad_person"


def address(text: str) -> str:
    """An e-mail address as it is kept. Raises BadPerson."""
    found = text.strip().lower()
    if not _EMAIL.fullmatch(found) or not found.isprintable() or len(found) > ADDRESS_CHARACTERS:
        raise BadPerson(f"{text[:ADDRESS_CHARACTERS]!r} is no e-mail address")
    return found


def name(text: str) -> str:
    """A name as it is kept. Raises BadPerson."""
    found = text.strip()
    if not found or not found.isprintable() or len(found) > NAME_CHARACTERS:
        raise BadPerson(f"a name has 1 to {NAME_CHARACTERS} characters that can be printed")
    return found


def external_id(text: str | None) -> str | None:
    """What another program calls somebody. Raises BadPerson."""
    if text is not None and not (text.isprintable() and 0 < len(text) <= LONGEST_EXTERNAL_ID):
        raise BadPerson(f"an external id has 1 to {LONGEST_EXTERNAL_ID} characters that can be printed")
    return text


def axes(said: Mapping[str, Iterable[str]], taxonomy: Taxonomy) -> Axes:
    """Values per axis, each checked against the vocabulary where it has one; axes without a value are left out.

    Raises BadPerson, and what the vocabulary says of a concept it does not know.
    """
    found = {axis: _values(axis, list(values), taxonomy) for axis, values in said.items()}
    return {axis: values for axis, values in found.items() if values}


def weekdays(names: Iterable[str]) -> str:
    """ISO numbers of the days that were named. Raises BadPerson."""
    said = [each.strip().lower() for each in names]
    unknown = [each for each in said if each not in DAYS]
    if unknown:
        raise BadPerson(f"{unknown[0]!r} is no day of the week: name some of {', '.join(DAYS)}")
    return "".join(sorted({str(DAYS.index(each) + 1) for each in said}))


def _values(axis: str, given: list[str], taxonomy: Taxonomy) -> frozenset[str]:
    if len(given) > MOST_VALUES:
        raise BadPerson(f"{axis}: {len(given)} values are too many for one person: at most {MOST_VALUES}")
    if axis in _CONCEPTS:
        return taxonomy.require_values(_CONCEPTS[axis], given)
    if axis == "language":
        return frozenset(map(language_code, given))
    words = frozenset(word.strip() for word in given)
    for word in words:
        if not word or not word.isprintable():
            raise BadPerson(f"{axis}: a value has characters, and all of them can be printed")
        if len(word) > LONGEST_VALUE:
            raise BadPerson(f"{axis}: {word[:20]!r}… is longer than {LONGEST_VALUE} characters: use a shorter name")
    return words
