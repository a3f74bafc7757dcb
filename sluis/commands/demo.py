"""`sluis demo`: see it work."""

from typing import Annotated

import typer


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the three feeds instead of serving.")] = False,
) -> None:
    """Show the whole way of an article on a fictional company, from its feed to three employees, then serve the API."""
    from sluis.demo.run import run

    run(once=once)
