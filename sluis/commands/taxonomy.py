"""`sluis taxonomy`: the words that tags and audiences are made of."""

from typing import Annotated

import typer

from catalog.errors import Invalid
from sluis.console import AsJson, print_json, show
from sluis.wiring import open_house


def taxonomy(
    facet: Annotated[
        str, typer.Argument(help="topic, function, industry, kind, good_for, theme, product or department.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show the concepts of a facet, or how many each facet has."""
    facets = open_house().taxonomy.facets
    if not facet:
        counts = {name: len(concepts) for name, concepts in facets.items()}
        if as_json:
            print_json(counts)
            return
        show([{"facet": name, "concepts": count} for name, count in counts.items()])
        return
    if facet not in facets:
        raise Invalid(f"there is no facet {facet!r}: use one of {', '.join(facets)}")
    if as_json:
        print_json(list(facets[facet].values()))
        return
    rows = [
        {"id": c.id, "parent": c.parent, "nl": c.labels["nl"], "en": c.labels["en"], "codes": " ".join(c.codes)}
        for c in facets[facet].values()
    ]
    show(rows, "No concepts yet: 'sluis vocabulary add' or 'sluis vocabulary import' makes some.")
