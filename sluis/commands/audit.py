"""`sluis audit …`: proof that what was promised was kept."""

import typer

from catalog import slates
from catalog.errors import Conflict
from curation import audit
from sluis.console import AsJson, out, print_json, progress
from sluis.wiring import open_house

app = typer.Typer(help="Check what was served against what was allowed.", no_args_is_help=True)


class ReplayDiffers(Conflict):
    """The features of a served slate cannot be made again."""

    code = "replay_differs"


class IsolationBroken(Conflict):
    """Somebody was served what was not meant for them."""

    code = "isolation_broken"


@app.command()
def isolation(*, as_json: AsJson = False) -> None:
    """Replay every slate ever served against the audience as of then. Fails where one item was not for its reader."""
    house = open_house()
    with house.database.read() as connection, progress("Auditing", slates.count(connection, house.tenant)) as tick:
        found = audit.isolation(connection, house.tenant, tick)
    if as_json:
        print_json(found)
    else:
        out.print(f"{found.slates} slates, {found.items} items, {found.broken} violations")
    if found.violations:
        first = found.violations[0]
        raise IsolationBroken(
            f"{found.broken} violations; the first: slate {first.slate_id} served article {first.article_id}, "
            f"closed on {', '.join(first.axes)}: withdraw it with 'sluis review withdraw' and tell whoever owns privacy"
        )


@app.command()
def replay(*, as_json: AsJson = False) -> None:
    """Make the features of every slate served again, from the event log, and compare them bit for bit.

    Articles that were withdrawn, revised or tagged otherwise since, and erased people, show up as differences.
    """
    from evaluation.replay import replay as run

    house = open_house()
    with house.database.read() as connection:
        total = slates.count(connection, house.tenant)
    with progress("Replaying", total) as tick:
        found = run(house.database, house.tenant, house.ranking, progress=tick)
    if as_json:
        print_json(found)
    else:
        out.print(f"{total} slates, {len(found)} differences" + (" at least" if found else ""))
    if found:
        first = found[0]
        what = first.feature or "it is no candidate"
        raise ReplayDiffers(
            f"slate {first.slate} cannot be made again (article {first.article}, {what}): unless content was changed "
            "since, the ranker learns from something else than was served"
        )
