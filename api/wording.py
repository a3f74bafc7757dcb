"""What is wrong with a request or a line of a file, in our words: where, and what to write instead."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

MOST_PROBLEMS: Final = 20
"""Of one request: who sends more than that is helped by the first."""

_PART_CHARACTERS: Final = 64
_MOMENT: Final = "2026-03-02T10:01:00+01:00"
_NO_MOMENT: Final = f"write a moment, as in {_MOMENT}"
_WORDS: Final[Mapping[str, str]] = {
    "missing": "it is needed",
    "extra_forbidden": "there is no such field",
    "timezone_aware": f"say the time zone, as in {_MOMENT}",
    "datetime_type": _NO_MOMENT,
    "datetime_parsing": _NO_MOMENT,
    "datetime_from_date_parsing": _NO_MOMENT,
    "datetime_object_invalid": _NO_MOMENT,
    "string_type": "write it as text",
    "string_unicode": "it has half a character in it: send proper Unicode",
    "string_too_short": "it is empty",
    "string_too_long": "it is too long: at most {max_length} characters",
    "string_pattern_mismatch": "write two small letters, such as nl",
    "list_type": "write it as a list",
    "dict_type": "write it as an object",
    "model_attributes_type": "write it as an object",
    "too_short": "it is empty",
    "too_long": "too many: at most {max_length}",
    "uuid_type": "it is no id: write a UUID as text",
    "uuid_parsing": "it is no id: write a UUID",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "enum": "use one of {expected}",
    "literal_error": "use one of {expected}",
    "json_invalid": "the body is no JSON: {error}",
}


def said(found: Mapping[str, Any]) -> str:
    """What one error of pydantic means to whoever wrote the field. What they wrote is not repeated."""
    words = _WORDS.get(found["type"])
    return words.format_map(found.get("ctx", {})) if words else found["msg"].removeprefix("Value error, ")


def where(found: Mapping[str, Any]) -> str:
    """The way to the field, with dots; names that are no names are cut short."""
    return ".".join(str(part)[:_PART_CHARACTERS] for part in found["loc"])


def told(errors: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The first errors, in our words."""
    return [{"where": where(found), "what": said(found)} for found in islice(errors, MOST_PROBLEMS)]
