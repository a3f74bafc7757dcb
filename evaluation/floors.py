"""The quality that must not be lost: `floors.toml` beside this file, and which floors a run has missed.

Speeds are not pinned: they say more about the machine and its neighbours than about the code.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from evaluation.benchmarks.figures import Figure

PINNED: Final = Path(__file__).with_suffix(".toml")

Floors = Mapping[str, float]
"""The least that is accepted, by figure, or by `figure / peer` for the ratio to that peer."""


def read(path: Path = PINNED) -> dict[str, Floors]:
    """The pinned floors by benchmark."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def missed(floors: Floors, figures: Iterable[Figure]) -> list[str]:
    """One line per floor that the figures do not reach. A figure that was not measured does not reach its floor."""
    reached: dict[str, float] = {}
    for figure in figures:
        reached[figure.name] = figure.ours
        reached[f"{figure.name} / {figure.peer}"] = figure.ratio
    return [
        f"{name}: {reached[name]:.3f} is under the floor of {floor}" if name in reached else f"{name}: not measured"
        for name, floor in floors.items()
        if not reached.get(name, float("nan")) >= floor
    ]
