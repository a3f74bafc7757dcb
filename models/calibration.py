"""A certificate out of curators' decisions: which threshold, if any, keeps the promise.

The unit is a story, because two tellings of one story are right or wrong together. Of each story one decided article
counts, and of that one value on each hard axis; both are drawn by a hash that neither tagger nor curator can steer. So
the losses are independent, each 0 or 1, and exact binomial tests hold. Thresholds are tested from strict to lenient
until one fails (Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then test", Annals of Applied Statistics 19(2),
2025; the fixed sequence is Bauer's, "Multiple testing in clinical trials", Statistics in Medicine 10, 1991).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
from mapie.risk_control import control_fwer
from numpy.typing import NDArray

from catalog.errors import Invalid
from catalog.ids import ArticleId
from models.certificate import Basis, Certificate, CertificateOptions, Part, Shortfall, needed, p_value, upper_bound
from models.drawing import drawn


@dataclass(frozen=True, slots=True)
class Judged:
    """One article after a person has decided: its `models.drawing.score`, and whether `is_wrong` of its drawn values.

    `story` is the story's id, `language` the detected one. Raises Invalid for a score that is no probability.
    """

    article: ArticleId
    story: str
    language: str
    score: float
    wrong: bool

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:
            raise Invalid(f"{self.article}: {self.score} is no probability: tag the article again")


class Outcome(NamedTuple):
    """What testing found: the last threshold that keeps the promise, or None; and counts where testing ended."""

    threshold: float | None
    n: int
    errors: int


def choose(scores: NDArray[np.float64], wrong: NDArray[np.bool_], options: CertificateOptions) -> Outcome:
    """The most lenient threshold that is proven, by one score and one loss per story, both of shape (stories,)."""
    grid = np.array(options.grid)
    reached = np.searchsorted(-grid, -scores)  # the strictest threshold that each score passes
    n = np.bincount(reached, minlength=len(grid) + 1)[: len(grid)].cumsum()
    errors = np.bincount(reached, weights=wrong, minlength=len(grid) + 1)[: len(grid)].cumsum().astype(int)
    start = int(np.searchsorted(n, max(needed(0, options), math.ceil(options.share * n[-1]))))
    if start == len(grid):
        return Outcome(None, int(n[-1]), int(errors[-1]))
    p_values = np.array([p_value(*counts, options.alpha) for counts in zip(n[start:], errors[start:], strict=True)])
    kept = len(control_fwer(p_values, 1 - options.confidence, "fixed_sequence"))
    place = int(np.searchsorted(n, n[start + max(kept - 1, 0)]))  # no more lenient than somebody made use of
    return Outcome(options.grid[place] if kept else None, int(n[place]), int(errors[place]))


def certify(
    judged: Iterable[Judged],
    basis: Basis,
    options: CertificateOptions,
    attempts: Mapping[str, int],
    *,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Certificate:
    """A certificate on the decisions between `since` and `until`; each language has a part in it, or a shortfall.

    `attempts` counts them per language, this one included; one that is not named is only ever tested once. The articles
    must have taken no part in fitting the tagger, and be such as would go live if they passed. Which of them were
    decided on may not depend on their tags: all were, or those drawn by `is_audited`. Their order does not matter.
    """
    by_language: dict[str, dict[str, Judged]] = {}
    for one in sorted(judged, key=lambda one: (drawn(one.article, "telling"), one.article)):
        by_language.setdefault(one.language, {}).setdefault(one.story, one)
    parts, shortfalls = list[Part](), list[Shortfall]()
    for language, stories in sorted(by_language.items()):
        strict = options.attempt(attempts[language]) if language in attempts else options
        found = _outcome(list(stories.values()), strict)
        counts = len(stories), found.n, found.errors
        if found.threshold is not None:
            bound = upper_bound(found.n, found.errors, strict.confidence)
            parts.append(Part(language, found.threshold, *counts, bound, strict.confidence))
        else:
            missing = _missing(found, len(stories), strict)
            tested = found.n >= needed(0, strict)
            shortfalls.append(Shortfall(language, *counts, missing, tested, strict.confidence))
    return Certificate(
        options.alpha, options.confidence, basis, tuple(parts), tuple(shortfalls), since, until, made_at=now
    )


def _outcome(stories: Sequence[Judged], options: CertificateOptions) -> Outcome:
    scores, wrong = np.array([one.score for one in stories]), np.array([one.wrong for one in stories], bool)
    return choose(scores, wrong, options)


def _missing(found: Outcome, decided: int, options: CertificateOptions) -> int:
    """Decisions, at the share that passes so far; where none passes, as if all would."""
    short = needed(found.errors, options) - found.n
    return math.ceil(short * decided / found.n) if found.n else short
