"""Does a certificate keep its promise? A thousand of them, in made-up worlds where the true error rate is known.

The promise is kept unless a certificate is given for a threshold whose true error rate is above alpha; that may happen
in 5 of 100 calibrations. Peers see the same decisions. What they give away or overlook:

* *MAPIE as it comes*: `BinaryClassificationController` for precision, with its own grid and correction.
* *the least threshold that looks right*: the observed error rate is at most alpha.
* *every pair*: our own test, but on all values of all tellings of a story, as if they were independent.
* *the same test each time*: our own test, tried again on more decisions without account of the attempts before.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from mapie.risk_control import BinaryClassificationController
from numpy.typing import NDArray
from scipy import special

from evaluation.benchmarks.figures import Figure
from models.audit import log_evidence
from models.calibration import choose
from models.certificate import CertificateOptions
from models.protocols import Progress

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Chooser = Callable[["Decided", CertificateOptions], float | None]
"""The threshold that a way of calibrating finds, if any."""

_POINTS: Final = 200_000


@dataclass(frozen=True)
class World:
    """Stories whose scores are spread as the logistic of a normal variable, and how often each score is wrong.

    `error` gives the true error rate by the score's log odds. A story has 1 to `most_pairs` pairs of article and value,
    which are right or wrong together.
    """

    name: str
    error: Callable[[Numbers], Numbers]
    most_pairs: int = 1
    centre: float = 2.5
    spread: float = 2.0

    @cached_property
    def truth(self) -> tuple[Numbers, Numbers]:
        """From strict to lenient, scores of equal probability and the true error rate of all down to each."""
        odds = self.centre + self.spread * special.ndtri(1 - (np.arange(_POINTS) + 0.5) / _POINTS)
        return special.expit(odds), np.cumsum(self.error(odds)) / np.arange(1, _POINTS + 1)

    def passing(self, threshold: float) -> tuple[float, float]:
        """The share of stories that pass, and the true error rate among them."""
        scores, risk = self.truth
        place = int(np.searchsorted(-scores, -threshold, side="right"))
        return place / _POINTS, float(risk[max(place - 1, 0)])

    def decide(self, stories: int, random: np.random.Generator) -> "Decided":
        """What curators said about so many stories."""
        odds = random.normal(self.centre, self.spread, stories)
        wrong = random.random(stories) < self.error(odds)
        return Decided(special.expit(odds), wrong, random.integers(1, self.most_pairs + 1, stories))


@dataclass(frozen=True, slots=True)
class Decided:
    """Per story its score, whether its drawn value is wrong, and how many pairs it has; each of shape (stories,)."""

    scores: Numbers
    wrong: Flags
    pairs: NDArray[np.int64]

    def first(self, stories: int) -> "Decided":
        """As it was after so many."""
        return Decided(self.scores[:stories], self.wrong[:stories], self.pairs[:stories])


WORLDS: Final = (
    World("usual", lambda odds: special.expit(-1.0 - 1.2 * odds)),  # its probabilities are not what they say
    World("just too bad", lambda odds: np.full_like(odds, 0.0101)),
    World("surest is worst", lambda odds: np.where(odds > 5.0, 0.04, 0.007)),
    World("told in pairs", lambda odds: np.full_like(odds, 0.0101), most_pairs=5),
)
"""All but the first are there to break the promise: no threshold in them deserves a certificate."""


@dataclass(frozen=True, slots=True)
class Trials:
    """How many calibrations of how many decisions; and audits, of `audited` results each."""

    calibrations: int = 1000
    decisions: tuple[int, ...] = (600, 1500, 5000)
    hard: int = 1500
    attempts: int = 5
    audits: int = 1000
    audited: int = 2000
    factors: tuple[int, ...] = (2, 3, 5)

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return self.calibrations * (len(self.decisions) + len(WORLDS)) + 1 + len(self.factors)


def ours(decided: Decided, options: CertificateOptions) -> float | None:
    """One pair per story, exact tests, strict to lenient."""
    return choose(decided.scores, decided.wrong, options).threshold


def every_pair(decided: Decided, options: CertificateOptions) -> float | None:
    """The same on all pairs."""
    return choose(np.repeat(decided.scores, decided.pairs), np.repeat(decided.wrong, decided.pairs), options).threshold


def looks_right(decided: Decided, options: CertificateOptions) -> float | None:
    """The least threshold whose observed error rate is at most alpha."""
    for threshold in reversed(options.grid):
        passing = decided.scores >= threshold
        if passing.any() and decided.wrong[passing].mean() <= options.alpha:
            return threshold
    return None


def mapie(decided: Decided, options: CertificateOptions) -> float | None:
    """The library as it comes: it is told the promise, and nothing else."""
    controller = BinaryClassificationController(
        lambda scores: np.column_stack([1 - scores, scores]),
        "precision",
        target_level=1 - options.alpha,
        confidence_level=options.confidence,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it warns where there is no such threshold
        found = controller.calibrate(decided.scores, ~decided.wrong).best_predict_param
    return None if found is None else float(found)


PEERS: Final[Mapping[str, Chooser]] = {
    "MAPIE as it comes": mapie,
    "the least that looks right": looks_right,
    "every pair": every_pair,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Of all calibrations: the share with a certificate, the share without a false one, and what is approved."""

    had: float
    kept: float
    coverage: float


def measure(trials: Trials, options: CertificateOptions, progress: Progress) -> list[Figure]:
    """All figures; a step of `progress` is a calibration, or one row of audits."""
    usual, *hard = WORLDS
    found = list[Figure]()
    for decisions in trials.decisions:
        kept = _kept(usual, decisions, trials.calibrations, options, progress)
        found += _figures(f"{decisions} decisions", kept, ("had", "kept", "coverage"))
    for world in hard:
        kept = _kept(world, trials.hard, trials.calibrations, options, progress)
        found += _figures(world.name, kept, ("kept",))
    return [*found, _attempts(hard[0], trials, options, progress), *_audits(trials, options, progress)]


_TITLES: Final = {
    "had": "has a certificate",
    "kept": "promise kept",
    "coverage": "approved without a person",
}


def _figures(of: str, kept: Mapping[str, Kept], asked: tuple[str, ...]) -> Iterator[Figure]:
    for name in asked:
        for peer in PEERS:
            if peer in kept:
                reached = [getattr(kept[who], name) for who in ("ours", peer)]
                yield Figure(f"{of}: {_TITLES[name]}", "share", reached[0], peer, reached[1])


def _kept(
    world: World, decisions: int, calibrations: int, options: CertificateOptions, progress: Progress
) -> dict[str, Kept]:
    """Everybody on the same decisions; *every pair* where a story has more than one, the others where it has not."""
    paired = world.most_pairs > 1
    choosers = {"ours": ours} | {name: peer for name, peer in PEERS.items() if paired == (peer is every_pair)}
    rows = np.tile([0.0, 1.0, 0.0], (calibrations, len(choosers), 1))
    for number in range(calibrations):
        decided = world.decide(decisions, np.random.default_rng([number, decisions]))
        for place, chooser in enumerate(choosers.values()):
            threshold = chooser(decided, options)
            if threshold is not None:
                share, risk = world.passing(threshold)
                rows[number, place] = 1, risk <= options.alpha, share
        progress(1)
    return {who: Kept(*means) for who, means in zip(choosers, rows.mean(axis=0).tolist(), strict=True)}


def _attempts(world: World, trials: Trials, options: CertificateOptions, progress: Progress) -> Figure:
    """Whoever fails tries again, each time with twice as many decisions."""
    rows = np.zeros((trials.calibrations, 2))
    for number in range(trials.calibrations):
        most = trials.decisions[0] * 2 ** (trials.attempts - 1)
        decided = world.decide(most, np.random.default_rng([number, most]))
        for attempt in range(1, trials.attempts + 1):
            so_far = decided.first(trials.decisions[0] * 2 ** (attempt - 1))
            rows[number] += [ours(so_far, each) is not None for each in (options.attempt(attempt), options)]
        progress(1)
    kept, repeated = (rows == 0).mean(axis=0).tolist()
    name = f"{world.name}, {trials.attempts} attempts: {_TITLES['kept']}"
    return Figure(name, "share", kept, "the same test each time", repeated)


def _audits(trials: Trials, options: CertificateOptions, progress: Progress) -> Iterator[Figure]:
    """Lapses for nothing, beside a test that is repeated after every result; and how soon a real one is found."""
    wrong = np.random.default_rng(0).random((trials.audits, trials.audited)) < options.alpha
    repeated = special.bdtrc(wrong.cumsum(axis=1) - 1.0, np.arange(1, trials.audited + 1), options.alpha)
    holds = ~_lapsed(wrong, options).any(axis=1), (repeated > 1 - options.confidence).all(axis=1)
    progress(1)
    ours_holds, theirs_holds = (float(each.mean()) for each in holds)
    yield Figure("audit: holds at alpha", "share", ours_holds, "a binomial test each time", theirs_holds)
    for factor in trials.factors:
        wrong = np.random.default_rng(factor).random((trials.audits, 4 * trials.audited)) < factor * options.alpha
        lapsed = _lapsed(wrong, options)
        after = np.where(lapsed.any(axis=1), lapsed.argmax(axis=1) + 1.0, np.inf)
        progress(1)
        yield Figure(f"audit: lapses at {factor} alpha after", "results", float(np.median(after)))


def _lapsed(wrong: Flags, options: CertificateOptions) -> Flags:
    """After each result, whether the evidence is over its bound."""
    return np.asarray(log_evidence(wrong, options.alpha) >= -np.log(1 - options.confidence))
