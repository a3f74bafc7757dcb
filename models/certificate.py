"""What a certificate is: on whose evidence, how surely and until when the machine may let articles go live by itself.

The promise: take a random story that goes live without a person, and a random value of its audience on each hard axis;
the chance that a person would not have given it is at most `alpha`. How one is drawn up is in `models.calibration`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NoReturn

from scipy import special

from catalog.clock import require_aware
from catalog.errors import ArtefactMismatch, Invalid
from models.audit import Audited

GRID: Final = (
    *(0.999, 0.998, 0.995, 0.99, 0.985, 0.98, 0.97, 0.96, 0.95, 0.93),
    *(0.9, 0.87, 0.84, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5),
)
"""Thresholds that are tried, strict to lenient. They are declared here, before any decision is looked at."""

_MOST: Final = 0.1
"""An error rate that is no promise any more."""

_SHARP: Final = 1e-9
"""How far a bound may be from the same one worked out on another machine."""


@dataclass(frozen=True, slots=True)
class CertificateOptions:
    """How much may be wrong (`alpha`), how sure that is (`confidence`), and until when (`max_age`).

    Testing begins at the strictest threshold of `grid` that enough stories pass for a test to have a chance, and at
    least `share` of those that pass the most lenient one. Raises Invalid for options that promise nothing.
    """

    alpha: float = 0.01
    confidence: float = 0.95
    grid: tuple[float, ...] = GRID
    share: float = 0.1
    max_age: timedelta = timedelta(days=180)

    def __post_init__(self) -> None:
        if not 0 < self.alpha <= _MOST:
            raise Invalid(f"alpha is the share that may be wrong, above 0 and at most {_MOST}, not {self.alpha}")
        if not 0.5 <= self.confidence < 1:
            raise Invalid(f"confidence is at least 0.5 and under 1, not {self.confidence}")
        if not 0 <= self.share <= 1:
            raise Invalid(f"share is from 0 to 1, not {self.share}")
        strict_first = all(strict > lenient for strict, lenient in pairwise(self.grid))
        if not self.grid or not strict_first or not all(0 < threshold <= 1 for threshold in self.grid):
            raise Invalid("grid needs thresholds above 0 and up to 1, the strictest first")
        if self.max_age <= timedelta(0):
            raise Invalid("max_age must be longer than nothing")

    def attempt(self, number: int) -> "CertificateOptions":
        """For attempt 1, 2, 3 … at one certificate, on ever more decisions: all of them together stay as sure as one.

        Who tries again until it works is fooled by chance sooner or later. Attempt k has 1/2**k of the chance of being
        wrong; that is cheap where each attempt waits until there are twice as many decisions.
        """
        if number < 1:
            raise Invalid(f"attempts are counted from 1, not {number}")
        return replace(self, confidence=1 - (1 - self.confidence) / 2**number)


def p_value(n: int, errors: int, alpha: float) -> float:
    """The chance of so few errors among `n` independent trials if each were wrong with probability `alpha`."""
    return float(special.bdtr(errors, n, alpha)) if n else 1.0


def upper_bound(n: int, errors: int, confidence: float) -> float:
    """What the true error rate is under, with this confidence (Clopper and Pearson 1934, one-sided); 1 without trials.

    It is at most alpha exactly where `p_value(n, errors, alpha)` is at most 1 - confidence.
    """
    return float(special.betaincinv(errors + 1, n - errors, confidence)) if errors < n else 1.0


def needed(errors: int, options: CertificateOptions) -> int:
    """How many stories must pass for a certificate, where the drawn values of `errors` of them are wrong."""
    enough = errors + 1
    while p_value(enough, errors, options.alpha) > 1 - options.confidence:
        enough *= 2
    short = enough // 2
    while enough - short > 1:
        middle = (short + enough) // 2
        if p_value(middle, errors, options.alpha) > 1 - options.confidence:
            short = middle
        else:
            enough = middle
    return enough


@dataclass(frozen=True, slots=True)
class Basis:
    """What a certificate is about. Under another encoder, tagger, taxonomy or set of hard axes it says nothing."""

    encoder: str
    tagger: str
    taxonomy: str
    axes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One language: of `decided` stories `n` pass `threshold`, and the drawn values of `errors` of these are wrong.

    `bound` is what the true error rate is under, with this `confidence`: the certificate's own, or more where it took
    several attempts.
    """

    language: str
    threshold: float
    decided: int
    n: int
    errors: int
    bound: float
    confidence: float

    def __post_init__(self) -> None:
        if not (0 < self.threshold <= 1 and 0 <= self.errors <= self.n <= self.decided and self.n > 0):
            raise Invalid(f"{self.language}: {self.errors} errors in {self.n} of {self.decided} at {self.threshold}")

    @property
    def coverage(self) -> float:
        """The share of the decided stories that would have passed without a person."""
        return self.n / self.decided


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One language that gets no part: the machine stays unproven until `missing` more stories are decided.

    `passing` stories and `errors` are those at the threshold where testing ended. `missing` is the least: it is enough
    if as large a share of them passes, and no other error turns up. `tested`: enough passed for the test to have a
    chance. It used up an attempt then; `confidence` is how sure it had to be.
    """

    language: str
    decided: int
    passing: int
    errors: int
    missing: int
    tested: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """Languages with and without a part, and all that the promise rests on.

    `confidence` is that of the promise itself, however many attempts it took. `since` and `until` are the
    window of the decisions. Raises Invalid where a part does not keep the promise.
    """

    alpha: float
    confidence: float
    basis: Basis
    parts: tuple[Part, ...]
    shortfalls: tuple[Shortfall, ...]
    since: datetime
    until: datetime
    made_at: datetime

    def __post_init__(self) -> None:
        for name in ("since", "until", "made_at"):
            require_aware(name, getattr(self, name))
        CertificateOptions(self.alpha, self.confidence)
        if not self.since <= self.until <= self.made_at:
            raise Invalid("a certificate is made after its decisions, whose window ends after it begins")
        languages = [*(part.language for part in self.parts), *(each.language for each in self.shortfalls)]
        if len(set(languages)) < len(languages):
            raise Invalid("a certificate has one part for a language, or a shortfall")
        for part in self.parts:
            bound = upper_bound(part.n, part.errors, part.confidence)
            sure = part.confidence >= self.confidence and bound <= self.alpha
            if not (sure and abs(part.bound - bound) <= _SHARP):
                raise Invalid(f"{part.language}: {part.errors} errors in {part.n} do not prove {part.bound}")

    def passes(self, language: str | None, score: float) -> bool:
        """Whether an article with this score (see `models.drawing.score`) may go live without a person."""
        return any(part.language == language and score >= part.threshold for part in self.parts)

    def tested(self) -> dict[str, int]:
        """The languages that were put to the test, proven or not, and the number of stories decided in each."""
        vain = {short.language: short.decided for short in self.shortfalls if short.tested}
        return vain | {part.language: part.decided for part in self.parts}

    def to_bytes(self) -> bytes:
        """The one spelling of this certificate, as JSON."""
        content = {name: getattr(self, name) for name in ("alpha", "confidence")}
        content |= {name: getattr(self, name).isoformat() for name in ("since", "until", "made_at")}
        content |= {name: [asdict(each) for each in getattr(self, name)] for name in ("parts", "shortfalls")}
        content["basis"] = asdict(self.basis)
        return json.dumps(content, sort_keys=True, indent=1, allow_nan=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Certificate":
        """Read back what `to_bytes` wrote, and nothing else. Raises ArtefactMismatch."""
        try:
            told = json.loads(content, parse_constant=_refuse)
            certificate = cls(
                alpha=told["alpha"],
                confidence=told["confidence"],
                basis=Basis(**{**told["basis"], "axes": tuple(told["basis"]["axes"])}),
                parts=tuple(Part(**part) for part in told["parts"]),
                shortfalls=tuple(Shortfall(**shortfall) for shortfall in told["shortfalls"]),
                since=datetime.fromisoformat(told["since"]),
                until=datetime.fromisoformat(told["until"]),
                made_at=datetime.fromisoformat(told["made_at"]),
            )
            genuine = certificate.to_bytes() == content
        except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError, Invalid) as error:
            raise ArtefactMismatch(f"this is no certificate of this version ({error}): make a new one") from error
        if not genuine:
            raise ArtefactMismatch("this certificate is not as it was written: make a new one")
        return certificate


def lapse_reasons(
    certificate: Certificate,
    basis: Basis,
    options: CertificateOptions,
    now: datetime,
    audits: Mapping[str, Sequence[bool]] | None = None,
) -> list[str]:
    """Why a certificate holds no longer, a line per reason; none while it holds.

    `basis` and `options` are what is in use now; a certificate that promises more than is asked still holds. `audits`
    are, per language, the results of the blind audit since it was made, in the order in which they were given: whether
    a drawn value was wrong.
    """
    reasons = [
        f"{field.name} is now {_named(getattr(basis, field.name))}, no longer {_named(was)}"
        for field in fields(Basis)
        if getattr(basis, field.name) != (was := getattr(certificate.basis, field.name))
    ]
    if certificate.alpha > options.alpha:
        reasons.append(f"it allows {certificate.alpha:.2%} to be wrong, now {options.alpha:.2%} is asked")
    if certificate.confidence < options.confidence:
        reasons.append(f"it is {certificate.confidence:.2%} sure, now {options.confidence:.2%} is asked")
    if now - certificate.until > options.max_age:
        reasons.append(f"its newest decision is over {options.max_age.days} days old")
    for language, results in (audits or {}).items():
        audited = Audited.of(results, certificate.alpha)
        if audited.broken((1 - certificate.confidence) / max(1, len(certificate.parts))):
            reasons.append(f"the audit of {language} found {audited.errors} errors in {audited.n}")
    return reasons


def _named(value: str | tuple[str, ...]) -> str:
    """Digests are told apart by their beginning."""
    return value[:20] if isinstance(value, str) else ", ".join(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
