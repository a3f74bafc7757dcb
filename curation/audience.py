"""From tags to a proposed audience, and from what a curator says to a complete one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from catalog.errors import Invalid
from catalog.records import ALL, AXES, Audience, Axes, Tag
from catalog.taxonomy import EVERYONE, Taxonomy
from models.drawing import Proposal

PROPOSE_FROM: Final = 0.5
"""A function is proposed when the tagger finds it more likely than not."""

FACET_OF_AXIS: Final[Mapping[str, str]] = {"function": "function", "industry": "industry"}
"""Axes whose values are concepts of the taxonomy; region, unit and language are the organisation's own words."""


class NoAudience(Invalid):
    """Nobody would see this article: a person must say who may."""

    code = "no_audience"


def proposal(tags: Iterable[Tag], hard_axes: Sequence[str]) -> Proposal:
    """What the tags say on the hard axes that they know of: values that are more likely than not, each with how likely.

    Everybody, where that is the likeliest of all functions.
    """
    known = list(tags)
    return {axis: _likely(known, facet) for axis, facet in FACET_OF_AXIS.items() if axis in hard_axes}


def propose(tags: Iterable[Tag], hard_axes: Sequence[str]) -> Audience | None:
    """Whom the tags would show it to; None where they are unclear on a hard axis.

    Axes of which the tags know nothing, such as a region, stay open: a person must fill them in.
    """
    found = proposal(tags, hard_axes)
    return Audience({axis: frozenset(values) for axis, values in found.items()}) if all(found.values()) else None


def known_values(taxonomy: Taxonomy) -> Axes:
    """Every value there is on the axes whose values are concepts: what `ALL` stands for."""
    return {axis: frozenset(taxonomy.facets[facet]) - {EVERYONE} for axis, facet in FACET_OF_AXIS.items()}


def _likely(tags: Iterable[Tag], facet: str) -> dict[str, float]:
    found = {tag.concept: tag.probability for tag in tags if tag.facet == facet and tag.probability >= PROPOSE_FROM}
    everyone = found.pop(EVERYONE, 0.0)
    return {ALL: everyone} if everyone >= max(found.values(), default=PROPOSE_FROM) else found


def parse(words: Iterable[str], taxonomy: Taxonomy) -> Audience:
    """An audience from words `axis=value`; `axis=*` means everybody.

    Raises Invalid, UnknownConcept, or NobodysFunction for `function=everyone`.
    """
    axes: dict[str, set[str]] = {}
    for word in words:
        axis, _, value = word.partition("=")
        if axis not in AXES or not value:
            raise Invalid(f"{word!r} is no audience: write axis=value, with axis one of {', '.join(AXES)}, or axis=*")
        if value != ALL and axis in FACET_OF_AXIS:
            taxonomy.require_values(FACET_OF_AXIS[axis], [value])
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
