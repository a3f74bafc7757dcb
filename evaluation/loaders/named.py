"""Logs of the past by name: one way in for every benchmark that reads one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from catalog.errors import Invalid
from evaluation.loaders import deskdrop, ebnerd, mind, own
from evaluation.loaders.engagement import Engagement

LOADERS: Final[Mapping[str, Callable[[Path], Engagement]]] = {
    "deskdrop": deskdrop.load,
    "mind": mind.load,
    "ebnerd": ebnerd.load,
    "own": own.load,
}


def load(name: str, folder: Path) -> Engagement:
    """The log called `name`, out of `folder`. Raises Invalid for one that is not known, or cannot be read."""
    if name not in LOADERS:
        raise Invalid(f"there is no log of reading called {name!r}: use one of {', '.join(LOADERS)}")
    return LOADERS[name](folder)
