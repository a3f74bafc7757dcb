"""From tags to a proposed audience, and from what a curator says to a complete one."""

from collections.abc import Iterable, Mapping, Sequence

from catalog.errors import Invalid
from catalog.records import ALL, AXES, FUNCTION, Audience, Tag
from catalog.taxonomy import EVERYONE, Taxonomy

PROPOSE_FROM = 0.5
"""A function is proposed when the tagger finds it more likely than not."""

_FACET_OF_AXIS: Mapping[str, str] = {"function": "function", "industry": "industry"}
"""Axes whose values are concepts of the taxonomy; region, unit and language are the organisation's own words."""


class NoAudience(Invalid):
    """Nobody would see this article: a person must say who may."""

    code = "no_audience"


def propose(tags: Iterable[Tag]) -> Audience | None:
    """Whom the machine would show it to: everybody, the likely functions, or None where the tags are unclear.

    Everybody needs more than being likely: where a function is likelier still, the text is of that profession.
    """
    likely = {tag.concept: tag.probability for tag in tags if tag.facet == FUNCTION and tag.probability >= PROPOSE_FROM}
    for_all = likely.pop(EVERYONE, 0.0)
    if for_all and for_all >= max(likely.values(), default=0.0):
        return Audience({FUNCTION: frozenset({ALL})})
    return Audience({FUNCTION: frozenset(likely)}) if likely else None


def parse(words: Iterable[str], taxonomy: Taxonomy) -> Audience:
    """An audience from words `axis=value`; `axis=*` means everybody.

    Raises Invalid, UnknownConcept, or NobodysFunction for `function=everyone`.
    """
    axes: dict[str, set[str]] = {}
    for word in words:
        axis, _, value = word.partition("=")
        if axis not in AXES or not value:
            raise Invalid(f"{word!r} is no audience: write axis=value, with axis one of {', '.join(AXES)}, or axis=*")
        if value != ALL and axis in _FACET_OF_AXIS:
            taxonomy.require_values(_FACET_OF_AXIS[axis], [value])
        axes.setdefault(axis, set()).add(value)
    try:
        return Audience({axis: frozenset(values) for axis, values in axes.items()})
    except ValueError as error:
        raise Invalid(str(error)) from error


def require_complete(audience: Audience | None, hard_axes: Sequence[str]) -> Audience:
    """The audience, once it says something on every hard axis. Raises NoAudience, which names the axes left open."""
    missing = [axis for axis in hard_axes if not (audience and audience.axes.get(axis))]
    if audience is None or missing:
        example = " ".join(f"--audience {axis}=VALUE" for axis in missing)
        raise NoAudience(
            f"nobody would see it: no audience on {', '.join(missing)}. Say who may: {example} (or =* for everybody)"
        )
    return audience
