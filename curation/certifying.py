"""How a certificate comes to be, is kept honest, and ends: asking blind, counting errors, lapsing.

Curators are asked blind about a sample of all articles, drawn before it matters how sure the machine is. Their answers
certify taggers; and while a certificate is in force, those about what went live under it are its running audit.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy import Connection

from catalog import articles, audits, certificates, reviews, tenants
from catalog.audits import Audit
from catalog.certificates import Kept
from catalog.errors import Conflict
from catalog.ids import CertificateId, TenantId, new_id
from catalog.records import ALL, Action, Article, Audience, Axes
from catalog.taxonomy import Taxonomy
from curation.audience import known_values, proposal
from models import audit as running
from models.calibration import Judged, certify, draw, is_wrong, score
from models.certificate import Basis, Certificate, CertificateOptions, lapse_reasons, needed
from models.splits import CALIBRATION_SHARE, held_out
from models.taggers import Taggers

_RENEWED_WITHIN: Final = timedelta(days=30)
_ERRORS_IN_RESERVE: Final = 2
"""A certificate is not planned for as if nothing could ever be wrong."""


class NotCertifying(Conflict):
    """Nobody is asked blind here, so nothing can be certified."""

    code = "not_certifying"


@dataclass(frozen=True, slots=True)
class InForce:
    """The certificate under which articles pass now."""

    id: CertificateId
    certificate: Certificate


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
        if not _is_drawn(article, self.share):
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
    return Rules(known, found, min(running.rate(wanted, passing) / CALIBRATION_SHARE, 1.0))


def basis(connection: Connection, tenant: TenantId, taggers: Taggers) -> Basis:
    """What a certificate of these taggers would be about now."""
    axes = tenants.get(connection, tenant).hard_axes
    return Basis(taggers.encoder, taggers.version, taggers.taxonomy, axes)


def in_force(
    connection: Connection, tenant: TenantId, about: Basis, options: CertificateOptions, now: datetime
) -> InForce | None:
    """The newest certificate that holds for what is in use, if one does."""
    for kept in certificates.every(connection, tenant):
        if kept.lapsed_at is None:
            certificate = read(kept)
            if not lapse_reasons(certificate, about, options, now):
                return InForce(kept.id, certificate)
    return None


def settle(connection: Connection, tenant: TenantId, asked: Audit, said: Audience | None, now: datetime) -> None:
    """Write down the answer to a question that was asked blind, None for a rejection.

    The certificate lapses where its running audit has shown by now that it errs more often than it promises.
    """
    wrong = is_wrong(asked.article_id, asked.drawn.axes, said.axes if said else None, {}) if asked.drawn else None
    audits.answer(connection, tenant, asked, said, wrong, now)
    if wrong and asked.certificate_id:
        [kept] = [each for each in certificates.every(connection, tenant) if each.id == asked.certificate_id]
        certificate = read(kept)
        results = audited(connection, tenant, kept.id)
        # only the audit can end it for good: taggers that were changed can be changed back
        if reasons := lapse_reasons(certificate, certificate.basis, _as_made(certificate), now, results):
            certificates.lapse(connection, tenant, kept.id, "; ".join(reasons), now)


def audited(connection: Connection, tenant: TenantId, certificate: CertificateId) -> Mapping[str, list[bool]]:
    """Per language, whether the values drawn from what went live were wrong, in the order of the answers."""
    results: dict[str, list[bool]] = defaultdict(list)
    for answer in audits.answered(connection, tenant, certificate):
        if answer.language is not None and answer.wrong is not None:
            results[answer.language].append(answer.wrong)
    return results


def evidence(connection: Connection, tenant: TenantId, taggers: Taggers, taxonomy: Taxonomy) -> list[Judged]:
    """What people said when asked blind, beside what these taggers say of the same articles.

    Only of stories that are kept for this: these taggers cannot have learned from them.
    """
    answered = {answer.article_id: answer for answer in audits.answered(connection, tenant)}
    hard_axes, known = tenants.get(connection, tenant).hard_axes, known_values(taxonomy)
    vectors = articles.vectors(connection, tenant, taggers.encoder, answered)
    found = [
        article
        for article in articles.many(connection, tenant, answered).values()
        if article.id in vectors and article.language and held_out(_story(article)) == "calibration"
    ]
    if not found:
        return []
    judged = []
    for article, tags in zip(found, taggers.tags(np.array([vectors[each.id] for each in found])), strict=True):
        proposed = proposal(tags, hard_axes)
        said = answered[article.id].audience
        wrong = is_wrong(
            article.id,
            {axis: frozenset(values) for axis, values in proposed.items()},
            said.axes if said else None,
            known,
        )
        judged.append(Judged(article.id, _story(article), article.language or "", score(proposed, hard_axes), wrong))
    return judged


@dataclass(frozen=True, slots=True)
class Attempt:
    """A certificate as it would be made now, and which attempt it is since the last one that came to anything."""

    number: int
    certificate: Certificate


def attempt(
    connection: Connection,
    tenant: TenantId,
    taggers: Taggers,
    taxonomy: Taxonomy,
    options: CertificateOptions,
    now: datetime,
) -> Attempt:
    """What the answers so far prove of these taggers. Each attempt must be kept, also one that proves nothing.

    Who tries until it works is fooled by chance sooner or later, so each attempt has half the chance of the one before.
    Raises NotCertifying.
    """
    since = tenants.get(connection, tenant).certify_since
    if since is None:
        raise NotCertifying("curators are not asked blind here: begin with 'sluis certificate start'")
    made = certificates.every(connection, tenant)
    vain = next((place for place, kept in enumerate(made) if read(kept).parts), len(made))
    judged = evidence(connection, tenant, taggers, taxonomy)
    about = basis(connection, tenant, taggers)
    stricter = options.attempt(vain + 1)
    return Attempt(vain + 1, certify(judged, about, stricter, since=since, until=now, now=now))


def is_ready(
    connection: Connection, tenant: TenantId, taggers: Taggers, taxonomy: Taxonomy, options: CertificateOptions
) -> bool:
    """Whether an attempt is worth its price: there are enough answers, and twice as many as at the one before.

    Only how many pass is looked at, not how many of them are wrong, so looking costs no confidence.
    """
    if tenants.get(connection, tenant).certify_since is None:
        return False
    judged = evidence(connection, tenant, taggers, taxonomy)
    passing = Counter(each.language for each in judged if each.score >= options.grid[-1])
    made = certificates.every(connection, tenant)
    tried = _decided(made[0]) if made and not read(made[0]).parts else 0
    return max(passing.values(), default=0) >= needed(0, options) and len(judged) >= 2 * tried


def keep(connection: Connection, tenant: TenantId, made: Attempt, by: str, now: datetime) -> Kept:
    """Write an attempt down. From then on it is in force, once its taggers are; one without any language never is."""
    content = made.certificate.to_bytes().decode()
    kept = Kept(CertificateId(new_id()), now, by, content)
    certificates.add(connection, tenant, kept)
    if not made.certificate.parts:
        certificates.lapse(connection, tenant, kept.id, "no language has enough answers", now)
    return kept


def read(kept: Kept) -> Certificate:
    """The certificate itself."""
    return Certificate.from_bytes(kept.content.encode())


def _decided(kept: Kept) -> int:
    certificate = read(kept)
    return sum(each.decided for each in (*certificate.parts, *certificate.shortfalls))


def _as_made(certificate: Certificate) -> CertificateOptions:
    return CertificateOptions(alpha=certificate.alpha, confidence=certificate.confidence, max_age=timedelta.max)


def _is_drawn(article: Article, share: float) -> bool:
    """Whether to ask about it: for good the same, whatever the machine thinks of it."""
    if held_out(_story(article)) != "calibration":
        return False
    digest = hashlib.sha256(f"asked blind {article.id} {article.revision}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def _story(article: Article) -> str:
    return article.story_id or article.id
