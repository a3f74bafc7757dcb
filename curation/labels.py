"""What curators' decisions teach the taggers: read off the audit trail, which is the only place where it stands."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from catalog.ids import ArticleId
from catalog.records import ALL, Action, Decision
from catalog.taxonomy import EVERYONE
from curation.audience import FACET_OF_AXIS
from models.tagger_learn import APPROVED, Lesson

_TEACHES: Final = (Action.APPROVE, Action.EDIT)
"""An answer to an audit does not: what certifies taggers must not have taught them."""

Resolve = Callable[[str, str], str]
"""What a concept of a facet is called today."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known today of an article that was decided on."""

    story: str
    language: str | None
    revision: int


@dataclass(slots=True)
class _Told:
    """What was said so far about one article; a later word about a facet replaces an earlier one."""

    at: datetime
    said: dict[str, dict[str, float]] = field(default_factory=dict)
    weight: dict[str, float] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)

    def hear(self, facet: str, concepts: Mapping[str, float], weight: float, *, complete: bool) -> None:
        """A whisper never replaces a word."""
        if weight < self.weight.get(facet, 0.0):
            return
        self.said[facet], self.weight[facet] = dict(concepts), weight
        (self.complete.add if complete else self.complete.discard)(facet)


def lessons(
    decisions: Iterable[Decision], subjects: Mapping[ArticleId, Subject], resolve: Resolve = lambda _, concept: concept
) -> list[Lesson]:
    """One lesson per article that people decided on, from their decisions about the wording that stands.

    `decisions` in the order in which they were taken. Approving confirms the audience, fully where a person named it,
    and weakly what else was shown; editing says which concepts of a facet hold and that no others do. Rejecting says
    nothing of tags. What the machine did teaches it nothing.
    """
    told: dict[ArticleId, _Told] = {}
    for decision in decisions:
        subject = subjects.get(decision.article_id)
        if subject is None or decision.action not in _TEACHES or decision.changes.get("revision") != subject.revision:
            continue
        known = told.setdefault(decision.article_id, _Told(decision.at))
        known.at = decision.at
        (_approved if decision.action is Action.APPROVE else _edited)(known, dict(decision.changes), resolve)
    return [
        Lesson(
            article=article,
            story=subjects[article].story,
            language=subjects[article].language,
            at=known.at,
            said=known.said,
            weight=known.weight,
            complete=frozenset(known.complete),
        )
        for article, known in told.items()
        if known.said
    ]


def _approved(known: _Told, changes: Mapping[str, Any], resolve: Resolve) -> None:
    _audience(known, changes["audience"], 1.0 if changes.get("given") else APPROVED, resolve)
    decided = {FACET_OF_AXIS[axis] for axis in changes["audience"] if axis in FACET_OF_AXIS}
    for facet, concepts in changes.get("tags", {}).items():
        if facet not in decided:
            confirmed = {resolve(facet, concept): 1.0 for concept in concepts}
            known.hear(facet, confirmed, APPROVED, complete=False)


def _edited(known: _Told, changes: Mapping[str, Any], resolve: Resolve) -> None:
    for facet, change in changes.items():
        if isinstance(change, Mapping) and "after" in change:
            removed = {resolve(facet, concept): 0.0 for concept in change["before"]}
            kept = {resolve(facet, concept): 1.0 for concept in change["after"]}
            known.hear(facet, removed | kept, 1.0, complete=True)
    if "audience" in changes:
        _audience(known, changes["audience"], 1.0, resolve)


def _audience(known: _Told, axes: Mapping[str, list[str]], weight: float, resolve: Resolve) -> None:
    for axis, values in axes.items():
        facet = FACET_OF_AXIS.get(axis)
        if facet == "function" or (facet and ALL not in values):  # to be open to every industry is to be about none
            concepts = {EVERYONE if value == ALL else resolve(facet, value): 1.0 for value in values}
            known.hear(facet, concepts, weight, complete=True)
