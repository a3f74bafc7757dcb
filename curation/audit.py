"""Proof after the fact: was anybody ever served an article whose audience, at that moment, did not admit them?"""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from catalog import audiences, slates
from catalog.ids import ArticleId, EmployeeId, SlateId, TenantId
from models.protocols import Progress


@dataclass(frozen=True, slots=True)
class Violation:
    """One place of one slate that should not have been."""

    slate_id: SlateId
    employee_id: EmployeeId
    article_id: ArticleId
    axes: tuple[str, ...]


MOST: Final = 1000
"""How many violations are told one by one; all are counted."""


@dataclass(slots=True)
class IsolationAudit:
    """What was looked at, and what was found. The only acceptable number of violations is zero.

    `broken` is how many there are, `violations` the first `MOST` of them, by slate.
    """

    slates: int = 0
    items: int = 0
    broken: int = 0
    violations: list[Violation] = field(default_factory=list)


def isolation(connection: Connection, tenant: TenantId, progress: Progress | None = None) -> IsolationAudit:
    """Replay every slate ever served against the audience of each article as of the moment of serving.

    In memory are the audiences and a page of slates, however many were served. `progress` hears of each slate.
    """
    history = audiences.History.load(connection, tenant)
    audit = IsolationAudit()
    for offer in slates.offers(connection, tenant):
        audit.slates += 1
        audit.items += len(offer.articles)
        for article in offer.articles:
            audience = history.at(article, offer.created_at)
            closed = audiences.closed_axes(offer.axes, audience, offer.hard_axes)
            if closed:
                audit.broken += 1
                if len(audit.violations) < MOST:
                    audit.violations.append(Violation(offer.slate_id, offer.employee_id, article, tuple(closed)))
        if progress:
            progress(1)
    return audit
