"""The demo's curator: knows what each article really is about, and decides through the same doors as a person would."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from catalog.ids import TenantId
from catalog.records import FUNCTION, Article, Audience, State
from curation import queue
from curation.audience import propose
from curation.review import Desk, Reviewer, Role
from models.protocols import Progress
from sluis.demo.world import Story

CURATOR = Reviewer("Demo curator")
LAWYER = Reviewer("Demo lawyer", Role.LEGAL)
_DECIDES_AFTER = timedelta(hours=3)
_SIGNS_AFTER = timedelta(hours=5)


@dataclass(slots=True)
class Agreement:
    """How often the machine's proposal was just what the curator wanted, or at least kept everybody else out."""

    articles: int = 0
    exact: int = 0
    unclear: int = 0
    leaking: int = 0


def decide(
    connection: Connection, tenant: TenantId, stories: dict[str, Story], now: datetime, tick: Progress
) -> Agreement:
    """Decide on all that waits, each at a moment shortly after it was published."""
    agreement = Agreement()
    for entry in queue.waiting(connection, tenant, now, states=(State.IN_REVIEW,), everything=True, limit=1000):
        story = stories[(entry.article.url or "").rpartition("/")[2]]
        audience = Audience({FUNCTION: story.audience})
        _compare(agreement, audience, propose(entry.tags, (FUNCTION,)))
        moment = _shortly_after(entry.article, _DECIDES_AFTER, now)
        desk = Desk(connection, tenant, moment)
        said = "right for this audience" if not story.legal else "right, but legal should look at it first"
        desk.approve(entry.article.id, CURATOR, audience=audience, needs_legal=story.legal, reason=said)
        tick(1)
    for entry in queue.waiting(connection, tenant, now, states=(State.LEGAL_REVIEW,), limit=1000):
        desk = Desk(connection, tenant, _shortly_after(entry.article, _SIGNS_AFTER, now))
        desk.sign(entry.article.id, LAWYER, reason="figures and names are cleared")
    return agreement


def _shortly_after(article: Article, delay: timedelta, now: datetime) -> datetime:
    return min(article.published_at + delay, now)


def _compare(agreement: Agreement, wanted: Audience, proposed: Audience | None) -> None:
    agreement.articles += 1
    if proposed is None:
        agreement.unclear += 1
    elif proposed == wanted:
        agreement.exact += 1
    elif "*" not in wanted.axes[FUNCTION] and not proposed.axes[FUNCTION] <= wanted.axes[FUNCTION]:
        agreement.leaking += 1
