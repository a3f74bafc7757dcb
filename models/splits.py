"""Which decisions a tagger may learn from, which judge it, and which certify it: settled by the story."""

import hashlib
from collections.abc import Mapping
from typing import Final, Literal

Part = Literal["fit", "gate", "calibration"]

SHARES: Final[Mapping[Part, int]] = {"fit": 55, "gate": 15, "calibration": 30}
"""Percent of all stories. A first certificate takes hundreds of answers, so much is kept for it."""


def held_out(story: str) -> Part:
    """The part of a story, the same on every machine and for good: all its articles and decisions go with it.

    Two articles of one story are nearly the same text. Were they in two parts, a tagger would be judged on what it
    has learned by heart.
    """
    place = int.from_bytes(hashlib.sha256(f"part of story {story}".encode()).digest()[:8], "big") % 100
    for part, share in SHARES.items():
        if place < share:
            return part
        place -= share
    raise AssertionError("the shares sum to a hundred")
