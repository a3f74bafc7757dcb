"""Taggers learn from curators: a challenger is fitted, judged, certified, and takes over if nothing is against it."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from sqlalchemy import Connection

from catalog import articles, reviews, vocabulary
from catalog.clock import utcnow
from catalog.errors import Conflict, NotFound, SluisError
from catalog.ids import ArticleId
from catalog.records import Article
from catalog.taxonomy import Taxonomy
from curation import certifying, passing
from curation.labels import Subject, lessons
from evaluation.tagger_gate import TaggerGateOptions, TaggerVerdict, compare
from ingest.retag import retag
from models.certificate import Certificate
from models.manifest import TAGGERS, Manifest
from models.protocols import Progress, Vectors
from models.splits import held_out
from models.tagger_learn import Lesson, RefitOptions, refit
from models.taggers import Taggers
from sluis.wiring import House

log = logging.getLogger(__name__)

WORKER: Final = "worker"
"""How certificates name who made them, where no person did."""

_FRESH: Final = 50
"""So many new lessons are worth a refit by themselves."""

_PAUSE: Final = timedelta(hours=1)


class TooFewDecisions(Conflict):
    """There is nothing to learn from yet, or nothing to judge what was learned by."""

    code = "too_few_decisions"


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What curators taught so far, split by story: to fit on, and to judge by; row i of the vectors is lesson i's."""

    fit: tuple[Lesson, ...]
    fit_vectors: Vectors
    gate: tuple[Lesson, ...]
    gate_vectors: Vectors


@dataclass(frozen=True, slots=True)
class Learned:
    """A challenger, what the gate said of it, the certificate that was tried, and whether it took over."""

    made: Manifest
    verdict: TaggerVerdict
    certificate: Certificate | None
    promoted: bool
    reason: str


def taught(connection: Connection, house: House, encoder: str) -> Taught:
    """Read it off the audit trail, for articles that have a vector of this encoder."""
    decisions = list(reviews.every(connection, house.tenant))
    known = articles.many(connection, house.tenant, {decision.article_id for decision in decisions})
    found = lessons(decisions, _subjects(known), vocabulary.load(connection, house.tenant).resolve)
    vectors = articles.vectors(connection, house.tenant, encoder, [lesson.article for lesson in found])
    parts: dict[str, list[Lesson]] = {"fit": [], "gate": [], "calibration": []}
    for lesson in found:
        if lesson.article in vectors:
            parts[held_out(lesson.story)].append(lesson)
    fit, gate = parts["fit"], parts["gate"]
    return Taught(tuple(fit), _rows(fit, vectors), tuple(gate), _rows(gate, vectors))


def learn(house: House, by: str, tick: Progress) -> Learned:
    """Fit a challenger on all decisions so far, and let it take over if the gate lets it pass.

    While a certificate is in force it only takes over together with one of its own for the same languages; until then
    the certified taggers stay. Raises NotFound where there are no taggers, TooFewDecisions.
    """
    champion = in_use(house)
    with house.database.read() as connection:
        known = taught(connection, house, champion.encoder)
    if not known.fit or not known.gate:
        raise TooFewDecisions(
            f"{len(known.fit)} decisions to learn from and {len(known.gate)} to judge by: decide on more articles first"
        )
    challenger = refit(champion, known.fit_vectors, known.fit, RefitOptions(), tick)
    verdict = compare(known.gate_vectors, known.gate, champion, challenger, TaggerGateOptions())
    facts = {
        "encoder": challenger.encoder,
        "taxonomy": challenger.taxonomy,
        "version": challenger.version,
        "lessons": len(known.fit),
    }
    made = house.registry.add(
        TAGGERS, challenger.to_files(), facts=facts, metrics={"gate": verdict.reason}, now=utcnow()
    )
    if not verdict.passed:
        return Learned(made, verdict, None, False, verdict.reason)
    certificate, reason = _certify(house, champion, challenger, by)
    if reason:
        return Learned(made, verdict, certificate, False, reason)
    house.registry.promote(TAGGERS, made.name)
    retag(house.database, house.tenant, challenger.encoder, challenger)
    return Learned(made, verdict, certificate, True, verdict.reason)


def renew(house: House, by: str, languages: Collection[str] | None = None) -> Certificate:
    """A certificate for the taggers in use, on all answers so far, for `languages` only where they are given.

    Raises NotFound, NotCertifying.
    """
    champion, options = in_use(house), house.settings.certificate_options()
    with house.database.write() as connection:
        now = utcnow()  # no answer that this transaction sees is later
        words = _words(connection, house)
        made = certifying.attempt(connection, house.tenant, champion, words, options, now, languages)
        certifying.keep(connection, house.tenant, made, by, now)
    return made


class Apprentice:
    """What a worker does with decisions as they come in: learn from them now and then, and certify when it can."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._look_at = 0.0

    def look(self) -> None:
        """Once in a while: refit where enough was decided since the last fit; certify where enough was answered."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _PAUSE.total_seconds()
        try:
            if self._has_news():
                learned = learn(self._house, WORKER, lambda _: None)
                log.info("learned from decisions: %s; %s", learned.made.name, learned.reason)
            if ready := self._ready():
                languages = [part.language for part in renew(self._house, WORKER, ready).parts]
                log.info("tried for a certificate: %s", ", ".join(languages) or "no language has enough answers")
        except SluisError as error:  # the work goes on with what there is
            log.info("nothing was learned: %s", error)

    def _has_news(self) -> bool:
        current = self._house.registry.current(TAGGERS)
        if current is None:
            return False
        with self._house.database.read() as connection:
            known = len(taught(connection, self._house, str(current.facts["encoder"])).fit)
        # of whatever was fitted last, in use or not: what the gate refused is no better an hour later
        before = max(int(str(made.facts.get("lessons", 0))) for made in self._house.registry.manifests(TAGGERS))
        return known - before >= max(_FRESH, before // 10)

    def _ready(self) -> frozenset[str]:
        """The languages to certify now: none while a certificate is in force."""
        house, options, now = self._house, self._house.settings.certificate_options(), utcnow()
        champion = in_use(house)
        with house.database.read() as connection:
            about = passing.basis(connection, house.tenant, champion)
            held = passing.in_force(connection, house.tenant, about, options, now)
            words = _words(connection, house)
            if held is not None:
                return frozenset()
            return certifying.ready(connection, house.tenant, champion, words, options, now)


def in_use(house: House) -> Taggers:
    """The taggers in use. Raises NotFound where there are none."""
    found = house.promoted_taggers()
    if found is None:
        raise NotFound("there are no taggers yet: 'sluis enrich' fits them")
    return found


def _certify(house: House, champion: Taggers, challenger: Taggers, by: str) -> tuple[Certificate | None, str]:
    """A certificate for the challenger where one is in force; and why it may not take over, if so."""
    options = house.settings.certificate_options()
    with house.database.write() as connection:
        now = utcnow()
        about = passing.basis(connection, house.tenant, champion)
        held = passing.in_force(connection, house.tenant, about, options, now)
        if held is None:
            return None, ""
        words = _words(connection, house)
        ready = certifying.ready(connection, house.tenant, challenger, words, options, now)
        if not _languages(held.certificate) <= ready:
            return None, "there are too few new answers for a certificate of its own"
        made = certifying.attempt(connection, house.tenant, challenger, words, options, now, ready)
        lost = _languages(held.certificate) - _languages(made)
        reason = f"it has no certificate for {', '.join(sorted(lost))}, which the taggers in use have" if lost else ""
        certifying.keep(connection, house.tenant, made, by, now, obstacle=reason)
        return made, reason


def _words(connection: Connection, house: House) -> Taxonomy:
    """The vocabulary as this transaction sees it."""
    return house.vocabularies.taxonomy(connection, house.tenant)


def _languages(certificate: Certificate) -> set[str]:
    return {part.language for part in certificate.parts}


def _subjects(known: Mapping[ArticleId, Article]) -> dict[ArticleId, Subject]:
    return {each: Subject(article.story, article.language, article.revision) for each, article in known.items()}


def _rows(found: Sequence[Lesson], vectors: Mapping[ArticleId, np.ndarray]) -> Vectors:
    return np.array([vectors[lesson.article] for lesson in found], np.float32)
