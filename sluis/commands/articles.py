"""`sluis article …`: articles and addresses that people hand in themselves."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from catalog import articles, items, people
from catalog.clock import utcnow
from catalog.errors import Conflict, NotFound, SluisError
from catalog.records import Article
from curation import queue
from curation.review import Desk, Reviewer
from ingest.doors import FILES
from ingest.handed import Piece, Taken, external, push
from ingest.suggested import Suggestion
from ingest.suggested import suggest as hand_in
from sluis.console import out
from sluis.wiring import open_house

app = typer.Typer(help="Import, suggest and take back articles.", no_args_is_help=True)

_EXTERNAL = "ext:"


class NotImported(Conflict):
    """One article of a file was refused, and so none was taken."""

    code = "not_imported"


@app.command("import")
def import_articles(
    path: Annotated[Path, typer.Argument(help="A CSV file with a header, or JSONL; in UTF-8.")],
    source: Annotated[str, typer.Option(help="The push source they come through, without 'push:'.")] = FILES,
) -> None:
    """Hand in all articles of a file, under their own ids. One wrong line, and none is imported; safe to run again."""
    from sluis import listing

    house = open_house()
    pieces = listing.read(path, house.taxonomy)
    asked: list[int] = []
    try:
        with house.database.write() as connection:
            receipts = push(connection, house.tenant, source, _noted(pieces, asked), utcnow())
    except SluisError as error:
        where = f"{path}, line {asked[-1]}" if asked else str(path)
        raise NotImported(f"{where}: {error}; nothing was imported") from error
    counts = Counter(receipt.taken for receipt in receipts)
    told = ", ".join(f"{counts[taken]} {taken}" for taken in Taken)
    hint = "; 'sluis ingest' reads them" if counts[Taken.NEW] + counts[Taken.CHANGED] else ""
    out.print(told + hint)


@app.command()
def suggest(
    url: Annotated[str, typer.Argument(help="The address of the page.")],
    by: Annotated[str, typer.Option(help="The e-mail address of the employee who asks for it.")],
) -> None:
    """Have a page read because an employee would like others to see it."""
    house = open_house()
    with house.database.write() as connection:
        person = people.by_email(connection, house.tenant, by)
        found = hand_in(connection, house.tenant, person.id, url, utcnow())
        made = articles.get(connection, house.tenant, found.article_id) if found.article_id else None
    out.print(escape(_became(found, made)), soft_wrap=True)


@app.command()
def withdraw(
    article: Annotated[str, typer.Argument(help="The article's id or its beginning, or ext: and the external id.")],
    by: Annotated[str, typer.Option(help="Who decides; the audit trail names you.", envvar="SLUIS_REVIEWER")],
    reason: Annotated[str, typer.Option(help="Why, in a few words.")],
) -> None:
    """Take an article back, for good, also when it is live or has not been read yet."""
    house, reviewer = open_house(), Reviewer(by)
    with house.database.write() as connection:
        desk = Desk(connection, house.tenant, utcnow())
        if article.startswith(_EXTERNAL):
            key = external(article.removeprefix(_EXTERNAL))
            seen = items.handed_in(connection, house.tenant, key)
            if seen is None:
                raise NotFound(f"nothing was handed in as {key!r}: check the id")
            desk.take_back(seen, reviewer, reason=reason)
        else:
            desk.withdraw(queue.entry(connection, house.tenant, article).article.id, reviewer, reason=reason)
    out.print(f"{escape(article)} is withdrawn")


def _became(found: Suggestion, made: Article | None) -> str:
    """What happened to a suggested address, for whoever sent it in."""
    if not found.known:
        return f"suggested: {found.url}; 'sluis ingest' reads it"
    if found.waits:
        return f"waits to be read already: {found.url}"
    if made is None:
        return f"known already, another article has the same text: {found.url}"
    return f"known already, as article {made.id[:8]} ({made.state}): {found.url}"


def _noted(pieces: Mapping[int, Piece], asked: list[int]) -> Iterator[Piece]:
    """The pieces one by one; `asked` has the line of each that was asked for."""
    for line, piece in pieces.items():
        asked.append(line)
        yield piece
