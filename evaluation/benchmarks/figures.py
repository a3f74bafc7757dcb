"""What a benchmark answers: figures of ours, each beside a peer's from the same run on the same machine."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` in `unit` and, where there is one, what the `peer` reached: `theirs`. A figure has a line per peer."""

    name: str
    unit: str
    ours: float
    peer: str = ""
    theirs: float = NAN

    @property
    def ratio(self) -> float:
        """Ours / theirs; not-a-number without a peer. For times and milliseconds less is better, else more."""
        return self.ours / self.theirs if self.theirs else NAN

    def to_row(self) -> dict[str, Any]:
        """For a table and for `--json`; what is not there is None."""
        return {
            "figure": self.name,
            "ours": self.ours,
            "unit": self.unit,
            "peer": self.peer or None,
            "theirs": self.theirs if self.peer else None,
            "ratio": self.ratio if self.peer else None,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The opposite of `to_row`, also when it went through JSON, where not-a-number is null."""
        ours, theirs = (NAN if row[side] is None else float(row[side]) for side in ("ours", "theirs"))
        return cls(row["figure"], row["unit"], ours, row["peer"] or "", theirs)


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes, by the wall clock."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
