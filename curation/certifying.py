"""A certificate out of what curators answered when they were asked blind. It stays out of the process that serves."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import Connection

from catalog import articles, audits, certificates, stories, tenants
from catalog.audits import Audit
from catalog.certificates import Kept
from catalog.errors import Conflict
from catalog.ids import ArticleId, CertificateId, TenantId, new_id
from catalog.records import State
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
    made = certificates.every(connection, tenant)
    disproved = [kept.lapsed_at for kept in made if kept.lapsed_at and kept.came_into_force]
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

    Only of stories that are kept for this, and of which these taggers learned from no telling: one that was decided on
    may have turned out to tell a kept story since.
    """
    hard_axes, known = tenants.get(connection, tenant).hard_axes, known_values(taxonomy)
    vectors = articles.vectors(connection, tenant, taggers.encoder, answered)
    found = [
        article
        for article in articles.many(connection, tenant, answered).values()
        if article.id in vectors and article.language and held_out(article.story) == "calibration"
    ]
    learned = _learned(connection, tenant, taggers, {article.story for article in found})
    found = [article for article in found if article.story not in learned]
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
        judged.append(Judged(article.id, article.story, article.language or "", score(proposed, hard_axes), wrong))
    return judged


def attempt(
    connection: Connection,
    tenant: TenantId,
    taggers: Taggers,
    taxonomy: Taxonomy,
    options: CertificateOptions,
    now: datetime,
    languages: Collection[str] | None = None,
) -> Certificate:
    """What the answers so far prove of these taggers: what was tested must be kept, also where it proves nothing.

    Who tries until it works is fooled by chance sooner or later, so in each language an attempt has half the chance of
    the one before; only `languages` are put to the test where they are given. Raises NotCertifying.
    """
    if tenants.get(connection, tenant).certify_since is None:
        raise NotCertifying("curators are not asked blind here: begin with 'sluis certificate start'")
    answered = answers(connection, tenant, now - options.max_age)
    judged = evidence(connection, tenant, taggers, taxonomy, answered)
    if languages is not None:
        judged = [each for each in judged if each.language in languages]
    vain = _in_vain(certificates.every(connection, tenant))
    attempts = {each.language: 1 + len(vain[each.language]) for each in judged}
    moments = [each.answered_at for each in answered.values() if each.answered_at] or [now]
    about = basis(connection, tenant, taggers)
    return certify(judged, about, options, attempts, since=min(moments), until=max(moments), now=now)


def ready(
    connection: Connection,
    tenant: TenantId,
    taggers: Taggers,
    taxonomy: Taxonomy,
    options: CertificateOptions,
    now: datetime,
) -> frozenset[str]:
    """The languages in which an attempt is worth its price: enough stories, twice as many as at the one before.

    Only how many pass is looked at, not how many of them are wrong, so looking costs no confidence.
    """
    if tenants.get(connection, tenant).certify_since is None:
        return frozenset()
    judged = evidence(connection, tenant, taggers, taxonomy, answers(connection, tenant, now - options.max_age))
    vain = _in_vain(certificates.every(connection, tenant))
    decided = Counter(language for language, _ in {(each.language, each.story) for each in judged})
    sure = {(each.language, each.story) for each in judged if each.score >= options.grid[-1]}
    passing = Counter(language for language, _ in sure)
    return frozenset(
        language
        for language in decided
        if passing[language] >= needed(0, options.attempt(1 + len(vain[language])))
        and decided[language] >= 2 * max(vain[language], default=0)
    )


def keep(
    connection: Connection, tenant: TenantId, made: Certificate, by: str, now: datetime, obstacle: str = ""
) -> Kept | None:
    """Write down what was tested: in force from now on, once its taggers are.

    It never is where it proves no language, or for an `obstacle`.
    """
    if not made.tested():
        return None
    kept = Kept(CertificateId(new_id()), now, by, made.to_bytes().decode())
    certificates.add(connection, tenant, kept)
    if not made.parts:
        obstacle = "in no language the machine was right often enough"
    if obstacle:
        certificates.lapse(connection, tenant, kept.id, obstacle, now)
    return kept


def _in_vain(made: Sequence[Kept]) -> Mapping[str, list[int]]:
    """Per language how many stories were decided at each attempt since it last had a certificate in force."""
    vain: dict[str, list[int]] = defaultdict(list)
    settled: set[str] = set()
    for kept in made:  # newest first
        certificate = read(kept)
        if kept.came_into_force:
            settled |= {part.language for part in certificate.parts}
        for language, decided in certificate.tested().items():
            if language not in settled:
                vain[language].append(decided)
    return vain


def _learned(
    connection: Connection, tenant: TenantId, taggers: Taggers, told: Iterable[ArticleId]
) -> set[ArticleId | None]:
    """Those of the stories of which the taggers have learned from some telling."""
    if not taggers.learned_from:
        return set()
    members = stories.members(connection, tenant, State, told)
    return {member.story_id for member in members if member.id in taggers.learned_from}
