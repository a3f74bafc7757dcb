"""`sluis init`: make or migrate the database."""

from typing import Annotated

import typer

from catalog import tenants
from catalog.database import Database
from catalog.errors import Invalid
from catalog.ids import TenantId
from catalog.records import AXES
from sluis.console import out
from sluis.settings import read_settings
from sluis.wiring import prepare


def init(
    hard_axis: Annotated[
        list[str] | None,
        typer.Option(
            help=f"An axis on which audience and employee must meet, of {', '.join(AXES)}; function always. "
            "Added to those there are; none is ever taken away."
        ),
    ] = None,
) -> None:
    """Make the database and the organisation, or bring them up to date. Safe to run again."""
    unknown = sorted(set(hard_axis or ()) - set(AXES))
    if unknown:
        raise Invalid(f"unknown axis {', '.join(unknown)}: use {', '.join(AXES)}")
    settings = read_settings()
    database = Database(settings.database)
    prepare(database, settings)
    tenant = TenantId(settings.tenant)
    with database.of(tenant).write() as connection:
        axes = tenants.get(connection, tenant).hard_axes
        if hard_axis:
            axes = tuple(axis for axis in AXES if axis in {*axes, *hard_axis})
            tenants.set_hard_axes(connection, tenant, axes)
    out.print(f"{tenant} is ready in {database.engine.url!r}; hard axes: {', '.join(axes)}")
