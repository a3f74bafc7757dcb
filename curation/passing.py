"""Under a certificate: what may pass, what is asked blind about a sample, and when the certificate lapses.

The sample is drawn before it matters how sure the machine is. Its answers certify taggers; and while a certificate is
in force, those about what went live under it are its running audit.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from catalog import audits, certificates, reviews, tenants
from catalog.audits import Audit
from catalog.certificates import Kept
from catalog.ids import CertificateId, TenantId
from catalog.records import ALL, Action, Article, Audience, Axes
from catalog.taxonomy import Taxonomy
from curation.audience import known_values
from models import audit
from models.certificate import Basis, Certificate, CertificateOptions, lapse_reasons, needed
from models.drawing import draw, is_audited, is_wrong
from models.splits import SHARES, held_out
from models.taggers import Taggers

_RENEWED_WITHIN: Final = timedelta(days=30)
_ERRORS_IN_RESERVE: Final = 2
"""A certificate is not planned for as if nothing could ever be wrong."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The certificate under which articles pass now."""

    id: CertificateId
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Standing:
    """How certification stands: the certificate that counts, and why nothing passes under it, if nothing does."""

    state: Literal["none", "valid", "lapsed"]
    id: CertificateId | None = None
    certificate: Certificate | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """How an organisation that certifies its taggers sends tagged articles on.

    `share` of the stories that are kept for calibration are asked about blind; `known` are the values that `ALL` stands
    for.
    """

    known: Axes
    in_force: InForce | None
    share: float

    @property
    def certificate(self) -> Certificate | None:
        """Under which articles may pass; None where nothing may."""
        return self.in_force.certificate if self.in_force else None

    def ask(
        self, connection: Connection, tenant: TenantId, article: Article, passed: Audience | None, now: datetime
    ) -> None:
        """Ask about an article blind, if it is drawn. `passed` is the audience it went live for, if it did."""
        if not _is_asked(article, self.share):
            return
        asked = Audit(article.id, article.revision, article.language, now)
        if passed is not None and self.in_force is not None:
            values = {axis: self.known[axis] if ALL in given else given for axis, given in passed.axes.items()}
            drawn = {axis: frozenset({draw(article.id, axis, given)}) for axis, given in values.items()}
            asked = replace(asked, certificate_id=self.in_force.id, drawn=Audience(drawn))
        audits.draw(connection, tenant, asked)


def rules(
    connection: Connection,
    tenant: TenantId,
    about: Basis,
    taxonomy: Taxonomy,
    options: CertificateOptions,
    now: datetime,
) -> Rules | None:
    """How to send articles on now; None where this organisation does not certify, so a person decides on everything."""
    if tenants.get(connection, tenant).certify_since is None:
        return None
    known, found = known_values(taxonomy), in_force(connection, tenant, about, options, now)
    if found is None:
        return Rules(known, None, 1.0)
    passing = reviews.count(connection, tenant, Action.CERTIFY, now - _RENEWED_WITHIN)
    wanted = needed(_ERRORS_IN_RESERVE, options) * len(found.certificate.parts)
    return Rules(known, found, min(100 * audit.rate(wanted, passing) / SHARES["calibration"], 1.0))


def basis(connection: Connection, tenant: TenantId, taggers: Taggers) -> Basis:
    """What a certificate of these taggers would be about now."""
    axes = tenants.get(connection, tenant).hard_axes
    return Basis(taggers.encoder, taggers.version, taggers.taxonomy, axes)


def in_force(
    connection: Connection, tenant: TenantId, about: Basis, options: CertificateOptions, now: datetime
) -> InForce | None:
    """The newest certificate that holds for what is in use, if one does and this organisation still certifies."""
    if tenants.get(connection, tenant).certify_since is None:
        return None
    for kept in certificates.every(connection, tenant):
        if kept.lapsed_at is None:
            certificate = read(kept)
            if not lapse_reasons(certificate, about, options, now):
                return InForce(kept.id, certificate)
    return None


def standing(
    connection: Connection, tenant: TenantId, about: Basis, options: CertificateOptions, now: datetime
) -> Standing:
    """How it stands with what is in use: the certificate in force, else why the newest one is not."""
    found = in_force(connection, tenant, about, options, now)
    if found:
        return Standing("valid", found.id, found.certificate)
    kept = next(iter(certificates.every(connection, tenant)), None)
    if kept is None:
        return Standing("none")
    certificate = read(kept)
    reasons = lapse_reasons(certificate, about, options, now)
    if tenants.get(connection, tenant).certify_since is None:
        reasons = ["stopped: 'sluis certificate start' begins again"]
    if kept.lapsed_at is not None:
        reasons = [f"lapsed on {kept.lapsed_at:%Y-%m-%d %H:%M}: {kept.lapse_reason}"]
    return Standing("lapsed" if certificate.parts else "none", kept.id, certificate, tuple(reasons))


def settle(connection: Connection, tenant: TenantId, asked: Audit, said: Audience | None, now: datetime) -> None:
    """Write down the answer to a question that was asked blind, None for a rejection.

    The certificate lapses where its running audit has shown by now that it errs more often than it promises, and with
    it every other one of the same taggers: what is disproved of one is disproved of all.
    """
    wrong = is_wrong(asked.article_id, asked.drawn.axes, said.axes if said else None, {}) if asked.drawn else None
    audits.answer(connection, tenant, asked, said, wrong, now)
    if wrong and asked.certificate_id:
        [kept] = [each for each in certificates.every(connection, tenant) if each.id == asked.certificate_id]
        certificate = read(kept)
        results = audited(connection, tenant, kept.id)
        # only the audit can end it for good: taggers that were changed can be changed back
        if reasons := lapse_reasons(certificate, certificate.basis, _as_made(certificate), now, results):
            for each in certificates.every(connection, tenant):
                if read(each).basis == certificate.basis:
                    certificates.lapse(connection, tenant, each.id, "; ".join(reasons), now)


def audited(connection: Connection, tenant: TenantId, certificate: CertificateId) -> Mapping[str, list[bool]]:
    """Per language, whether the values drawn from what went live were wrong, in the order of the answers."""
    results: dict[str, list[bool]] = defaultdict(list)
    for answer in audits.answered(connection, tenant, certificate):
        if answer.language is not None and answer.wrong is not None:
            results[answer.language].append(answer.wrong)
    return results


def read(kept: Kept) -> Certificate:
    """The certificate itself."""
    return Certificate.from_bytes(kept.content.encode())


def _as_made(certificate: Certificate) -> CertificateOptions:
    return CertificateOptions(alpha=certificate.alpha, confidence=certificate.confidence, max_age=timedelta.max)


def _is_asked(article: Article, share: float) -> bool:
    return held_out(article.story) == "calibration" and is_audited(article.id, share)
