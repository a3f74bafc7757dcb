"""Moments as people write them on the command line: without a zone, so in the machine's own."""

from datetime import datetime
from typing import Final, overload

from catalog.errors import Invalid

DATES: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
"""The forms that are understood."""


@overload
def local(moment: datetime) -> datetime: ...


@overload
def local(moment: None) -> None: ...


@overload
def local(moment: datetime | None) -> datetime | None: ...


def local(moment: datetime | None) -> datetime | None:
    """What was written, as an aware moment. Raises Invalid where the clock does not reach so far."""
    try:
        return moment.astimezone() if moment else None
    except (OverflowError, ValueError) as error:
        raise Invalid(f"{moment} is out of range: give a moment of our time") from error
