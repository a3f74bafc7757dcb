"""Who gets which configuration of an experiment. What a person may be shown is no part of a configuration."""

import hashlib
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import Final

from catalog.errors import Invalid
from catalog.ids import EmployeeId
from catalog.records import Arm, Experiment
from ranking.config import RankingOptions

FIXED: Final = frozenset({"max_size", "standing", "minimum_group", "fresh_for", "pinned", "kind_mix"})
"""Options that no arm may change: what callers, people and curators were promised, whatever is being tried."""

CHANGEABLE: Final = tuple(field.name for field in fields(RankingOptions) if field.name not in FIXED)


def assign(experiment: Experiment, person: EmployeeId) -> Arm:
    """The arm of a person: the same on every machine and for as long as it runs, and unlike that of any other one.

    A hash of both names gives the person a place in 0..1, on which the arms lie one after the other.
    """
    digest = hashlib.sha256(f"arm of {person} in {experiment.name}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    for arm in experiment.arms:
        if place < arm.share:
            return arm
        place -= arm.share
    return experiment.arms[-1]  # the shares sum to 1 but for a rounding


def options_of(arm: Arm, usual: RankingOptions) -> RankingOptions:
    """How the slates of an arm are made. Raises Invalid for an option that is none, is fixed, or has no such value."""
    given: dict[str, float] = {}
    for name, value in arm.options.items():
        if name not in CHANGEABLE:
            raise Invalid(f"arm {arm.name}: {name} is no option that may differ; these may: {', '.join(CHANGEABLE)}")
        whole = isinstance(getattr(usual, name), int)
        if not isfinite(value) or (whole and value != int(value)):
            raise Invalid(f"arm {arm.name}: {name} takes {'whole numbers' if whole else 'numbers'}, not {value}")
        given[name] = int(value) if whole else value
    try:
        return replace(usual, **given)  # type: ignore[arg-type]
    except ValueError as error:
        raise Invalid(f"arm {arm.name}: {error}") from error


@dataclass(frozen=True, slots=True)
class Setting:
    """What one person's slates are made with now; `ranker` is None for the one in charge."""

    options: RankingOptions
    experiment: str | None = None
    arm: str | None = None
    ranker: str | None = None


def setting(running: Experiment | None, person: EmployeeId, usual: RankingOptions) -> Setting:
    """The usual, or the person's arm of the experiment that is running."""
    if running is None:
        return Setting(usual)
    arm = assign(running, person)
    return Setting(options_of(arm, usual), running.name, arm.name, arm.ranker)
