"""Pinning: everybody in an article's audience is offered it, until some moment. The audience stays what it is.

A pin is a decision like any other, with a line in the audit trail. It opens nothing: ranking looks at pins after it
has looked at who may see what, and an article that is withdrawn, expired or back in the queue is offered to nobody.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from catalog import articles, audiences, pins, tenants
from catalog.errors import Conflict, Invalid
from catalog.ids import ArticleId, TenantId
from catalog.records import Action, Article, Audience, Decision, Pin, State
from curation.review import AskedBlind, Desk, Reviewer
from curation.states import FINAL


class NotPinned(Conflict):
    """Nobody pinned it, or somebody ended that already."""

    code = "not_pinned"


@dataclass(frozen=True, slots=True)
class Pinned:
    """A pin that holds, with its article and whom that is for."""

    pin: Pin
    article: Article
    audience: Audience | None

    def effective(self, now: datetime) -> bool:
        """Whether it does anything at `now`: the pin has not run out, and the article is live."""
        opens, closes = self.article.live_from, self.article.expires_at
        live = self.article.state is State.APPROVED and opens is not None and opens <= now
        return live and self.pin.until > now and (closes is None or closes > now)


def pin(
    desk: Desk, article_id: ArticleId, by: Reviewer, *, until: datetime, must_read: bool = False, reason: str = ""
) -> Decision:
    """Pin an approved article until that moment, in the place of a pin that it has already.

    A must-read stands at the top of everybody's slate until they open it. Raises Invalid for a moment that is past,
    NotPossible for an article that nobody approved, AskedBlind for one that is still asked blind.
    """
    if until <= desk.now:
        raise Invalid(f"{until:%Y-%m-%d %H:%M} is past: pin it until a moment that is still to come")
    article = articles.get(desk.connection, desk.tenant, article_id)
    if desk.asked(article):
        raise AskedBlind("this one is asked blind: say for whom it is first, with 'sluis review approve'")
    changes = {"until": until.isoformat(), "must_read": must_read}
    decision = desk.record(article, str(by), Action.PIN, reason, changes)
    version = tenants.get(desk.connection, desk.tenant).content_version
    pinned = Pin(article_id, version, desk.now, str(by), until, must_read, reason)
    pins.put(desk.connection, desk.tenant, pinned)
    return decision


def unpin(desk: Desk, article_id: ArticleId, by: Reviewer, *, reason: str = "") -> Decision:
    """End an article's pin. Raises NotPinned where none holds."""
    article = articles.get(desk.connection, desk.tenant, article_id)
    if article_id not in {each.article_id for each in pins.holding(desk.connection, desk.tenant)}:
        raise NotPinned(f"{article_id} is not pinned: 'sluis review pins' shows what is")
    decision = desk.record(article, str(by), Action.UNPIN, reason, {})
    pins.end(desk.connection, desk.tenant, article_id, str(by), desk.now)
    return decision


def pinned(connection: Connection, tenant: TenantId) -> list[Pinned]:
    """What nobody unpinned, what runs out first before the others; not what is rejected or withdrawn for good."""
    found = sorted(pins.holding(connection, tenant), key=lambda each: (each.until, each.article_id))
    ids = [each.article_id for each in found]
    known, admitted = articles.many(connection, tenant, ids), audiences.many(connection, tenant, ids)
    standing = [each for each in found if known[each.article_id].state not in FINAL]
    return [Pinned(each, known[each.article_id], admitted.get(each.article_id)) for each in standing]
