"""`sluis library …`: find articles by words and meaning, and those that are like one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from catalog import sources
from catalog.errors import Invalid
from catalog.records import State
from catalog.search import FOUND, Filters
from catalog.taxonomy import language_code
from curation import queue
from curation.librarian import Findings, Found
from sluis import tags
from sluis.console import AsJson, err, print_json, show
from sluis.moments import DATES, local
from sluis.wiring import House, open_house

app = typer.Typer(help="Search the articles, and find similar ones.", no_args_is_help=True)

Language = Annotated[str | None, typer.Option(help="Two letters: only articles in this language.")]
States = Annotated[
    list[State] | None,
    typer.Option("--state", help="Only this state; default: all but rejected and withdrawn. Repeat."),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", help="facet=concept that it has; of one facet any will do. Repeat."),
]
Since = Annotated[datetime | None, typer.Option(formats=DATES, help="Published then or later, local time.")]
Until = Annotated[datetime | None, typer.Option(formats=DATES, help="Published before then, local time.")]
Source = Annotated[str | None, typer.Option(help="Only of this source: its id or address, or the beginning of it.")]
Internal = Annotated[bool | None, typer.Option("--internal/--external", help="Only our own content, or none of it.")]
Limit = Annotated[int, typer.Option(min=1, max=100)]


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(help="What to look for, in any language.")],
    language: Language = None,
    state: States = None,
    tag: Tags = None,
    since: Since = None,
    until: Until = None,
    source: Source = None,
    internal: Internal = None,
    limit: Limit = 10,
    *,
    as_json: AsJson = False,
) -> None:
    """Find articles by words and meaning together, the best first; one per story, +2 where two others tell it."""
    house = open_house()
    period = {"since": local(since), "until": local(until)}
    filters = _filters(house, language, state, tag, source, internal=internal, **period)
    found = house.librarian().search(house.database, " ".join(words), filters, limit)
    _tell(found, "Nothing found: use other words, or fewer filters.", as_json)


@app.command()
def similar(
    article: Annotated[str, typer.Argument(help="The article's id, or the beginning of it.")],
    language: Language = None,
    state: States = None,
    limit: Limit = 10,
    *,
    as_json: AsJson = False,
) -> None:
    """Find what is nearest in meaning to an article, in any language; = marks what tells the same story."""
    house = open_house()
    filters = _filters(house, language, state)
    with house.database.read() as connection:
        known = queue.entry(connection, house.tenant, article).article
    found = house.librarian().similar(house.database, known.id, filters, limit)
    _tell(found, "Nothing is like it: use fewer filters.", as_json)


def _filters(
    house: House,
    language: str | None,
    states: Sequence[State] | None,
    tag: Sequence[str] | None = None,
    source: str | None = None,
    **given: Any,
) -> Filters:
    said = tags.parse(tag or (), house.taxonomy)
    unnamed = [facet for facet, concepts in said.items() if not concepts]
    if unnamed:
        raise Invalid(f"--tag {unnamed[0]}= names no concept: 'sluis taxonomy {unnamed[0]}' shows them")
    with house.database.read() as connection:
        of = sources.named(connection, house.tenant, source).id if source else None
    return Filters(
        states=tuple(states) if states else FOUND,
        language=language_code(language) if language else None,
        source=of,
        tags=said,
        **given,
    )


def _tell(findings: Findings, empty: str, as_json: bool) -> None:
    if as_json:
        print_json(findings)
        return
    if findings.note:
        err.print(findings.note, soft_wrap=True)
    show([_row(each) for each in findings.found], empty)


def _row(found: Found) -> dict[str, Any]:
    article = found.article
    others = f" +{found.others}" if found.others else ""
    return {
        "id": article.id[:8],
        "day": f"{article.published_at:%Y-%m-%d}",
        "in": article.language,
        "title": ("= " if found.same_story else "") + article.title + others,
        "state": article.state,
        "found by": ", ".join(found.ways),
    }
