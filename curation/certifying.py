"""A certificate out of what curators answered when they were asked blind. It stays out of the process that serves."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Connection

from catalog import articles, audits, certificates, tenants
from catalog.audits import Audit
from catalog.certificates import Kept
from catalog.errors import Conflict
from catalog.ids import ArticleId, CertificateId, TenantId, new_id
from catalog.records import Article
from catalog.taxonomy import Taxonomy
from curation.audience import known_values, proposal
from curation.passing import basis, read
from models.calibration import Judged, certify
from models.certificate import Certificate, CertificateOptions, needed
from models.drawing import is_wrong, score
from models.splits import held_out
from models.taggers import Taggers


class NotCertifying(Conflict):
    """Nobody is asked blind here, so nothing can be certified."""

    code = "not_certifying"


def answers(connection: Connection, tenant: TenantId, oldest: datetime) -> dict[ArticleId, Audit]:
    """What people said when asked blind, not before `oldest`, and since the last certificate that was disproved.

    An audit that ends a certificate says that what was true no longer is: older answers would outweigh it.
    """
    disproved = [
        kept.lapsed_at for kept in certificates.every(connection, tenant) if kept.lapsed_at and read(kept).parts
    ]
    since = max([oldest, *disproved])
    found = audits.answered(connection, tenant)
    return {each.article_id: each for each in found if each.answered_at and each.answered_at > since}


def evidence(
    connection: Connection,
    tenant: TenantId,
    taggers: Taggers,
    taxonomy: Taxonomy,
    answered: Mapping[ArticleId, Audit],
) -> list[Judged]:
    """The answers beside what these taggers say of the same articles.

    Only of stories that are kept for this: these taggers cannot have learned from them.
    """
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
    """A certificate as it would be made now, and which attempt it is since the last one that came to anything.

    `tested`: some language had enough answers to be put to the test. Only then has the attempt its price.
    """

    number: int
    certificate: Certificate
    tested: bool


def attempt(
    connection: Connection,
    tenant: TenantId,
    taggers: Taggers,
    taxonomy: Taxonomy,
    options: CertificateOptions,
    now: datetime,
) -> Attempt:
    """What the answers so far prove of these taggers. Each that was tested must be kept, also one that proves nothing.

    Who tries until it works is fooled by chance sooner or later, so each attempt has half the chance of the one before.
    Raises NotCertifying.
    """
    if tenants.get(connection, tenant).certify_since is None:
        raise NotCertifying("curators are not asked blind here: begin with 'sluis certificate start'")
    made = certificates.every(connection, tenant)
    vain = next((place for place, kept in enumerate(made) if read(kept).parts), len(made))
    answered = answers(connection, tenant, now - options.max_age)
    judged = evidence(connection, tenant, taggers, taxonomy, answered)
    moments = [each.answered_at for each in answered.values() if each.answered_at] or [now]
    stricter = options.attempt(vain + 1)
    about = basis(connection, tenant, taggers)
    made_now = certify(judged, about, stricter, since=min(moments), until=max(moments), now=now)
    least = needed(0, stricter)
    tested = bool(made_now.parts) or any(shortfall.passing >= least for shortfall in made_now.shortfalls)
    return Attempt(vain + 1, made_now, tested)


def is_ready(
    connection: Connection,
    tenant: TenantId,
    taggers: Taggers,
    taxonomy: Taxonomy,
    options: CertificateOptions,
    now: datetime,
) -> bool:
    """Whether an attempt is worth its price: there are enough answers, and twice as many as at the one before.

    Only how many pass is looked at, not how many of them are wrong, so looking costs no confidence.
    """
    if tenants.get(connection, tenant).certify_since is None:
        return False
    answered = answers(connection, tenant, now - options.max_age)
    judged = evidence(connection, tenant, taggers, taxonomy, answered)
    passing = Counter(each.language for each in judged if each.score >= options.grid[-1])
    made = certificates.every(connection, tenant)
    tried = _decided(made[0]) if made and not read(made[0]).parts else 0
    return max(passing.values(), default=0) >= needed(0, options) and len(judged) >= 2 * tried


def keep(connection: Connection, tenant: TenantId, made: Attempt, by: str, now: datetime) -> Kept | None:
    """Write down what was tested: in force from now on, once its taggers are; without any language it never is."""
    if not made.tested:
        return None
    content = made.certificate.to_bytes().decode()
    kept = Kept(CertificateId(new_id()), now, by, content)
    certificates.add(connection, tenant, kept)
    if not made.certificate.parts:
        certificates.lapse(connection, tenant, kept.id, "in no language the machine was right often enough", now)
    return kept


def _decided(kept: Kept) -> int:
    certificate = read(kept)
    proven = sum(part.decided for part in certificate.parts)
    return proven + sum(shortfall.decided for shortfall in certificate.shortfalls)


def _story(article: Article) -> str:
    return article.story_id or article.id
