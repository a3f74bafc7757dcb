"""How much of the processor a process and its descendants have used: what a path through several processes costs."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def family_seconds() -> float:
    """Processor seconds of this process and all its living descendants, with those that they have waited for.

    Not-a-number where the system does not tell (only Linux does).
    """
    if not (_PROC / "self" / "stat").exists():
        return float("nan")
    used, children = dict[int, float](), defaultdict[int, list[int]](list)
    for folder in _PROC.glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(") ")[2].split()
        except OSError:  # it ended since
            continue
        used[int(folder.name)] = sum(map(int, fields[11:15])) / _TICKS
        children[int(fields[1])].append(int(folder.name))
    total, waiting = 0.0, [os.getpid()]
    while waiting:
        one = waiting.pop()
        total += used.get(one, 0.0)
        waiting += children[one]
    return total


def peak_bytes() -> int:
    """The most memory that this process has ever held; 0 where the system does not tell."""
    status = _PROC / "self" / "status"
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)
