"""`sluis taxonomy`: the words that tags and audiences are made of."""

from typing import Annotated

import typer

from catalog.errors import Invalid
from sluis.console import AsJson, show
from sluis.wiring import open_house


def taxonomy(
    facet: Annotated[str, typer.Argument(help="topic, function, industry, kind, good_for or theme.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show the concepts of a facet, or how many each facet has."""
    facets = open_house().taxonomy.facets
    if not facet:
        show([{"facet": name, "concepts": len(concepts)} for name, concepts in facets.items()], as_json)
        return
    if facet not in facets:
        raise Invalid(f"there is no facet {facet!r}: use one of {', '.join(facets)}")
    rows = [
        {"id": c.id, "parent": c.parent, "nl": c.labels["nl"], "en": c.labels["en"], "codes": " ".join(c.codes)}
        for c in facets[facet].values()
    ]
    show(rows, as_json, "No concepts yet: name a themes file in SLUIS_THEMES.")
