"""Proof after the fact: was anybody ever served an article whose audience, at that moment, did not admit them?"""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from catalog import audiences, slates
from catalog.ids import ArticleId, EmployeeId, SlateId, TenantId


@dataclass(frozen=True, slots=True)
class Violation:
    """One place of one slate that should not have been."""

    slate_id: SlateId
    employee_id: EmployeeId
    article_id: ArticleId
    axes: tuple[str, ...]


@dataclass(slots=True)
class IsolationAudit:
    """What was looked at, and what was found. The only acceptable number of violations is zero."""

    slates: int = 0
    items: int = 0
    violations: list[Violation] = field(default_factory=list)


def isolation(connection: Connection, tenant: TenantId) -> IsolationAudit:
    """Replay every slate ever served against the audience of each article as of the moment of serving."""
    history = audiences.History.load(connection, tenant)
    audit = IsolationAudit()
    for slate in slates.every(connection, tenant):
        audit.slates += 1
        for item in slate.items:
            audit.items += 1
            audience = history.at(item.article_id, slate.created_at)
            closed = audiences.closed_axes(slate.axes, audience, slate.hard_axes)
            if closed:
                audit.violations.append(Violation(slate.id, slate.employee_id, item.article_id, tuple(closed)))
    return audit
