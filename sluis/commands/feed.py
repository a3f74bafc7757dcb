"""`sluis feed`: one person's feed in the terminal, through the same door as the API."""

from typing import Annotated

import typer
from rich.markup import escape

from catalog import people
from catalog.clock import utcnow
from catalog.database import values
from catalog.ids import EmployeeId
from catalog.records import Slate
from catalog.taxonomy import Language
from ranking.explain import in_words
from sluis.console import AsJson, err, out, print_json
from sluis.wiring import House, open_house


def feed(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    size: Annotated[int, typer.Option(min=1, max=50)] = 10,
    language: Annotated[Language, typer.Option(help="The language of the reasons.")] = "en",
    *,
    as_json: AsJson = False,
) -> None:
    """Show what one person is offered, and why. It counts as an offer: the slate is logged."""
    house = open_house()
    with house.database.read() as connection:
        person = people.by_email(connection, house.tenant, email)
    service = house.feeds()
    slate = service.serve(house.database, EmployeeId(person.id), utcnow(), size)
    if as_json:
        print_json({**values(slate), "degraded_reason": service.why_degraded(slate)})
        return
    if slate.degraded:
        why = service.why_degraded(slate) or "see the log of the process that made it"
        err.print(f"[yellow]degraded[/] the heuristic ranked in place of what was promoted: {why}", soft_wrap=True)
    if not slate.items:
        out.print("Nothing yet: no live article is meant for this person. 'sluis review list' shows what waits.")
    for line in lines(house, slate, language):
        out.print(line)


def lines(house: House, slate: Slate, language: Language) -> list[str]:
    """A slate as lines for the terminal: title and source, then the reasons."""
    from ranking.feed import shown

    with house.database.read() as connection:
        offered = shown(connection, house.tenant, slate, utcnow())
    found, words = [], house.taxonomy
    for item, article in offered:
        reasons = "; ".join(in_words(reason, language, words) for reason in item.reasons)
        found.append(f"{item.position:2}. [bold]{escape(article.title)}[/] [dim]({escape(article.site_name)})[/]")
        found.append(f"    [green]{escape(reasons)}[/]")
    return found
