"""LensKit as a peer, where it is installed (extra `peers`): its scores for questions, and how soon its lists are there.

It runs in a child process, see `lenskit_child`.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.errors import Unavailable
from evaluation.benchmarks import lenskit_child as child
from evaluation.benchmarks import serving
from evaluation.benchmarks.figures import NAN, Figure
from models.protocols import Progress

Codes = NDArray[np.int64]

SIZES: Final = (2800, 20_000)
_OPENED: Final = 6
"""How many people touch each article of the log that its lists are timed on."""
_ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "LK_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}


class PeerFailed(Unavailable):
    """LensKit is installed, but came to no end."""

    code = "peer_failed"


def installed() -> bool:
    """Whether there is anything to compare with."""
    return importlib.util.find_spec("lenskit") is not None


def scores(
    touches: tuple[Codes, Codes],
    known: Sequence[int],
    refits: Sequence[int],
    who: Sequence[int],
    candidates: Sequence[NDArray[np.intp]],
) -> dict[str, list[NDArray[np.float64]]]:
    """By way of scoring the scores of each question's candidates.

    `touches` are people and articles in order of time. Refit r has learned from the first `known[r]`; question i is
    answered by refit `refits[i]`, which may not fall.
    """
    sizes = [len(each) for each in candidates]
    told = _run(
        people=touches[0],
        articles=touches[1],
        known=np.array(known),
        refits=np.array(refits),
        who=np.array(who),
        sizes=np.array(sizes),
        candidates=np.concatenate(candidates),
    )
    return {name: np.split(found, np.cumsum(sizes)[:-1]) for name, found in told.items()}


def steps(options: serving.ServingOptions, sizes: Sequence[int] = SIZES) -> int:
    """How often `progress` of `latency` hears of one step."""
    return sum(replace(options, articles=size).fresh_steps for size in sizes) if installed() else 0


def latency(
    folder: Path,
    options: serving.ServingOptions,
    now: datetime,
    progress: Progress,
    sizes: Sequence[int] = SIZES,
) -> list[Figure]:
    """Our fresh slate, ranked and logged, beside the first ten of LensKit's ALS: as many articles and people.

    Without LensKit there is one line, which says so.
    """
    if not installed():
        return [Figure("fresh slate beside LensKit", "ms", NAN, "LensKit ALS, first 10 (not installed)")]
    found = []
    for size in sizes:
        sized = replace(options, articles=size)
        (place := folder / str(size)).mkdir()
        ours = serving.fresh(place, sized, now, progress)
        random = np.random.default_rng(options.seed)
        articles = np.repeat(np.arange(size), _OPENED)
        people = random.integers(options.people, size=len(articles))
        pairs = np.unique(np.stack([people, articles], axis=1), axis=0)
        theirs = _run(people=pairs[:, 0], articles=pairs[:, 1], who=np.arange(options.people))[child.ALS]
        found += [
            Figure(
                f"fresh slate, {size:,} articles {name}",
                "ms",
                1000 * float(np.quantile(ours, q)),
                "LensKit ALS, first 10",
                1000 * float(np.quantile(theirs, q)),
            )
            for name, q in serving.QUANTILES.items()
        ]
    return found


def _run(**asked: NDArray[np.int64] | NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / child.ASKED, **{key: np.asarray(value) for key, value in asked.items()})  # type: ignore[arg-type]
        command = [sys.executable, "-m", child.__name__, name]
        done = subprocess.run(command, env=os.environ | _ONE_THREAD, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        if done.returncode:
            raise PeerFailed(f"LensKit failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
        with np.load(folder / child.TOLD, allow_pickle=False) as told:
            return {key: told[key] for key in told}
