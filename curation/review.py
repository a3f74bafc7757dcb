"""Decisions. Each one checks what is allowed, changes the article and writes the audit line, in one transaction.

The functions take the caller's connection: a decision and its audit line are kept together or not at all.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from catalog import articles, audiences, items, reviews, tenants
from catalog.articles import StateChanged
from catalog.errors import Forbidden, Invalid
from catalog.ids import ArticleId, DecisionId, TenantId, new_id
from catalog.items import Standing
from catalog.records import Action, Article, Audience, Decision, ItemState, Origin, State, Tag, listed
from curation.audience import propose, require_complete
from curation.policy import PolicyOptions, route
from curation.states import FINAL, after

ROUTER = Origin.MACHINE.value
"""How the audit trail names the policy."""

REASON_CHARACTERS: Final = 500
NAME_CHARACTERS: Final = 200


class Role(StrEnum):
    """In what capacity somebody decides."""

    CURATOR = "curator"
    EXPERT = "expert"
    LEGAL = "legal"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who decides, as the audit trail will name them."""

    name: str
    role: Role = Role.CURATOR

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise Invalid("a decision needs a name: say who you are with --by")
        _require_printable("name", self.name, NAME_CHARACTERS)

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"


@dataclass(frozen=True, slots=True)
class Sender:
    """A program that hands articles in, as the audit trail will name it. It may take back, and decides nothing else."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} (key)"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where decisions are taken: one tenant, one transaction, one moment."""

    connection: Connection
    tenant: TenantId
    now: datetime

    def route_tagged(self, options: PolicyOptions, limit: int = 500) -> int:
        """Send tagged articles on to whoever must decide. Returns how many; those of another worker are left to it."""
        routed = 0
        for article in articles.in_states(self.connection, self.tenant, [State.TAGGED], limit=limit):
            way = route(article, options)
            with suppress(StateChanged):
                self._record(article, ROUTER, Action.ROUTE, way.reason, {}, needs_legal=way.needs_legal)
                routed += 1
        return routed

    def approve(
        self,
        article_id: ArticleId,
        by: Reviewer,
        *,
        audience: Audience | None = None,
        reason: str = "",
        needs_legal: bool | None = None,
        live_from: datetime | None = None,
        expires_at: datetime | None = None,
        revision: int | None = None,
    ) -> Decision:
        """Let an article go to its audience: the one given, else the one the tags propose.

        It stops at legal where it needs to. `revision` is the wording that was looked at, where the caller knows.
        Raises NoAudience where nobody would see it, Forbidden where legal would be passed by, NotPossible,
        StateChanged.
        """
        article = articles.get(self.connection, self.tenant, article_id)
        if revision not in (None, article.revision):
            raise StateChanged(f"its page has another text by now (revision {article.revision}): read it again")
        chosen = audience or self._standing_audience(article_id)
        hard_axes = tenants.get(self.connection, self.tenant).hard_axes
        complete = require_complete(chosen, hard_axes)
        opens, closes = live_from or self.now, expires_at or article.expires_at
        if closes is not None and closes <= opens:
            raise Invalid(f"it would expire at {closes:%Y-%m-%d %H:%M}, before it goes live: choose a later moment")
        legal = article.needs_legal if needs_legal is None else needs_legal
        if article.needs_legal and not legal and by.role is not Role.LEGAL:
            raise Forbidden(f"{by} may not pass legal by: only somebody with role legal can, with 'sluis review sign'")
        changes = {
            "audience": listed(complete.axes),
            "live_from": opens.isoformat(),
            "expires_at": closes.isoformat() if closes else None,
            "needs_legal": legal,
        }
        columns = {"live_from": opens, "expires_at": closes, "needs_legal": legal}
        decision = self._record(article, str(by), Action.APPROVE, reason, changes, legal=legal, **columns)
        audiences.replace(self.connection, self.tenant, article_id, complete, Origin.PERSON, self.now)
        return decision

    def sign(self, article_id: ArticleId, by: Reviewer, *, reason: str = "") -> Decision:
        """Legal lets it pass. What was to go live earlier goes live now: nothing is shown from before the signature."""
        if by.role is not Role.LEGAL:
            raise Forbidden(f"{by} may not sign: only somebody with role legal can")
        article = articles.get(self.connection, self.tenant, article_id)
        opens = max(self.now, article.live_from or self.now)
        return self._record(article, str(by), Action.SIGN, reason, {"live_from": opens.isoformat()}, live_from=opens)

    def reject(self, article_id: ArticleId, by: Reviewer, *, reason: str) -> Decision:
        """Refuse an article, for good."""
        return self._end(article_id, by, Action.REJECT, reason)

    def withdraw(self, article_id: ArticleId, by: Reviewer | Sender, *, reason: str) -> Decision:
        """Take an article back, for good, also when it is live, and also before anybody has seen it."""
        return self._end(article_id, by, Action.WITHDRAW, reason)

    def take_back(self, seen: Standing, by: Reviewer | Sender, *, reason: str) -> None:
        """Withdraw what was handed in: the article it became, and the item, so that no reading brings it back.

        Again, or of what was rejected, changes no article. Raises StateChanged where it was read since it was `seen`:
        look again, in a transaction of its own, because only tenant, articles and items in this order never deadlock.
        """
        _require_printable("reason", reason, REASON_CHARACTERS)
        if seen.state is ItemState.WITHDRAWN:
            return
        if seen.article_id and articles.get(self.connection, self.tenant, seen.article_id).state not in FINAL:
            self.withdraw(seen.article_id, by, reason=reason)
        tenants.get(self.connection, self.tenant, lock=True)
        if not items.withdraw(self.connection, self.tenant, seen):
            raise StateChanged(f"{seen.item.key} was being read at this moment: withdraw it again")

    def edit(
        self,
        article_id: ArticleId,
        by: Reviewer,
        *,
        tags: Mapping[str, frozenset[str]] | None = None,
        audience: Audience | None = None,
        reason: str = "",
    ) -> Decision:
        """Correct tags, facet by facet, or the audience; both hold at once. The caller has checked the concepts.

        What legal signed was signed for its audience: with another one it goes back to legal.
        """
        article = articles.get(self.connection, self.tenant, article_id)
        changes: dict[str, Any] = {}
        before = articles.tags_of(self.connection, self.tenant, [article_id]).get(article_id, [])
        for facet, concepts in (tags or {}).items():
            changes[facet] = {"before": [t.concept for t in before if t.facet == facet], "after": sorted(concepts)}
        if audience is not None:
            require_complete(audience, tenants.get(self.connection, self.tenant).hard_axes)
            changes["audience"] = listed(audience.axes)
        if not changes:
            raise Invalid("nothing to change: give --tag FACET=CONCEPT or --audience AXIS=VALUE")
        legal = article.needs_legal and audience is not None and by.role is not Role.LEGAL
        decision = self._record(article, str(by), Action.EDIT, reason, changes, legal=legal)
        for facet, concepts in (tags or {}).items():
            said = [Tag(facet, concept, 1.0, Origin.PERSON) for concept in sorted(concepts)]
            articles.replace_tags(self.connection, self.tenant, article_id, said, facet)
        if audience is not None:
            audiences.replace(self.connection, self.tenant, article_id, audience, Origin.PERSON, self.now)
        return decision

    def _standing_audience(self, article_id: ArticleId) -> Audience | None:
        """What the source's owner or an earlier edit said, else what the tags propose."""
        said = audiences.get(self.connection, self.tenant, article_id)
        return said or propose(articles.tags_of(self.connection, self.tenant, [article_id]).get(article_id, []))

    def _end(self, article_id: ArticleId, by: Reviewer | Sender, action: Action, reason: str) -> Decision:
        if not reason.strip():
            raise Invalid(f"a reason is needed to {action}: the next curator will want to know (--reason)")
        article = articles.get(self.connection, self.tenant, article_id)
        return self._record(article, str(by), action, reason, {})

    def _record(
        self,
        article: Article,
        actor: str,
        action: Action,
        reason: str,
        changes: dict[str, Any],
        *,
        legal: bool = False,
        **columns: Any,
    ) -> Decision:
        """Move the article, by way of legal where `legal` says so, and write the line of the trail."""
        _require_printable("reason", reason, REASON_CHARACTERS)
        target = after(article.state, action, needs_legal=legal)
        articles.move(self.connection, self.tenant, article, target, **columns)
        decision = Decision(
            id=DecisionId(new_id()),
            article_id=article.id,
            at=self.now,
            actor=actor,
            action=action,
            before=article.state,
            after=target,
            reason=reason,
            changes=changes,
        )
        reviews.add(self.connection, self.tenant, decision)
        return decision


def _require_printable(field: str, said: str, most: int) -> None:
    """See that what somebody said can be stored anywhere, and shown in any terminal. Raises Invalid."""
    if len(said) > most:
        raise Invalid(f"{field}: {len(said)} characters, where {most} are the most: shorten it")
    if not said.isprintable():
        raise Invalid(f"{field}: it has a line break or a character that cannot be printed: type it again, on one line")
