"""Tags as people write them on the command line."""

from collections.abc import Iterable

from catalog.errors import Invalid
from catalog.taxonomy import Taxonomy


def parse(words: Iterable[str], taxonomy: Taxonomy) -> dict[str, frozenset[str]]:
    """The concepts of each facet that is named, out of words `facet=concept`; `facet=` names one without any.

    Raises Invalid or UnknownConcept.
    """
    said: dict[str, set[str]] = {}
    for word in words:
        facet, separator, concept = word.partition("=")
        if not separator:
            raise Invalid(f"{word!r} is no tag: write facet=concept, or facet= for none")
        said.setdefault(facet, set()).update([concept] if concept else [])
    return {facet: taxonomy.require(facet, concepts) for facet, concepts in said.items()}
