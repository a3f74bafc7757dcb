"""Decisions. Each one checks what is allowed, changes the article and writes the audit line, in one transaction.

The functions take the caller's connection: a decision and its audit line are kept together or not at all.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from catalog import articles, audiences, audits, items, outbox, reviews, tenants
from catalog.articles import StateChanged
from catalog.audits import Audit
from catalog.errors import Forbidden, Invalid
from catalog.ids import ArticleId, DecisionId, TenantId, new_id
from catalog.items import Standing
from catalog.records import Action, Article, Audience, Decision, ItemState, Origin, State, Tag, listed
from catalog.webhooks import Topic
from curation import candidates
from curation.audience import propose, require_complete
from curation.passing import Rules, settle
from curation.policy import PolicyOptions, Route, odd, route
from curation.states import FINAL, after

ROUTER = Origin.MACHINE.value
"""How the audit trail names the policy."""

REASON_CHARACTERS: Final = 500
_TOLD: Final = {State.APPROVED: Topic.ARTICLE_APPROVED, State.WITHDRAWN: Topic.ARTICLE_WITHDRAWN}
"""What webhooks hear of, when an article comes to this state."""
NAME_CHARACTERS: Final = 200


class AskedBlind(Invalid):
    """A curator must say for whom an article is without hearing first what the machine thinks."""

    code = "asked_blind"


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
    """A program that hands articles in, as the audit trail will name it.

    It may take back, and with scope `content:approve` say for whom is what it hands in. It decides nothing else.
    """

    name: str

    def __str__(self) -> str:
        return f"{self.name} (key)"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where decisions are taken: one tenant, one transaction, one moment."""

    connection: Connection
    tenant: TenantId
    now: datetime

    def route_tagged(self, options: PolicyOptions, rules: Rules | None = None, limit: int = 500) -> Counter[Action]:
        """Send tagged articles on: to whoever must decide, or live under the certificate of `rules`.

        Returns how many went which way; those of another worker are left to it.
        """
        went: Counter[Action] = Counter()
        hard_axes = tenants.get(self.connection, self.tenant).hard_axes
        certificate = rules.certificate if rules else None
        for candidate in candidates.tagged(self.connection, self.tenant, limit):
            way = route(candidate, certificate, hard_axes, options)
            with suppress(StateChanged):
                self._send(candidate.article, way)
                if rules and not way.needs_legal and not odd(candidate):  # legal is told for whom it is
                    rules.ask(self.connection, self.tenant, candidate.article, way.audience, self.now)
                went[Action.APPROVE if way.approved_by else Action.CERTIFY if way.audience else Action.ROUTE] += 1
        return went

    def _send(self, article: Article, way: Route) -> None:
        if way.audience is None:
            self.record(article, ROUTER, Action.ROUTE, way.reason, {}, needs_legal=way.needs_legal)
            if way.approved_by is not None:
                self._let_pass(replace(article, state=State.IN_REVIEW, needs_legal=way.needs_legal), way)
            return
        changes = {"audience": listed(way.audience.axes)}
        columns = {"live_from": self.now, "needs_legal": way.needs_legal}
        self.record(article, ROUTER, Action.CERTIFY, way.reason, changes, legal=way.needs_legal, **columns)
        audiences.replace(self.connection, self.tenant, article.id, way.audience, Origin.MACHINE, self.now)

    def _let_pass(self, article: Article, way: Route) -> None:
        """Its audience stands as its sender gave it. No lesson for taggers: the trail names no wording and no tags."""
        said = audiences.get(self.connection, self.tenant, article.id)
        changes = {"audience": listed(said.axes) if said else None, "live_from": self.now.isoformat()}
        by = str(Sender(way.approved_by or ""))
        after_that = replace(self, now=self.now + timedelta(microseconds=1))  # a trail is read in the order of moments
        after_that.record(article, by, Action.APPROVE, way.reason, changes, legal=way.needs_legal, live_from=self.now)

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

        It stops at legal where it needs to. `revision` is the wording that was looked at, where the caller knows. What
        is asked blind may be live already, under a certificate: then this is the answer, and its audience holds.
        Raises NoAudience where nobody would see it, AskedBlind, Forbidden where legal would be passed by, NotPossible,
        StateChanged.
        """
        article = articles.get(self.connection, self.tenant, article_id)
        if revision not in (None, article.revision):
            raise StateChanged(f"its page has another text by now (revision {article.revision}): read it again")
        asked = self.asked(article)
        live = asked is not None and article.state is State.APPROVED
        complete = self._complete(article, audience, asked)
        opens = live_from or (article.live_from if live else None) or self.now
        closes = expires_at or article.expires_at
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
            **self._seen(article, given=audience is not None),
        }
        columns = {"live_from": opens, "expires_at": closes, "needs_legal": legal}
        action = Action.AUDIT if live else Action.APPROVE
        unsigned = legal and not (live and complete == audiences.get(self.connection, self.tenant, article_id))
        decision = self.record(article, str(by), action, reason, changes, legal=unsigned, **columns)
        audiences.replace(self.connection, self.tenant, article_id, complete, Origin.PERSON, self.now)
        if asked:
            settle(self.connection, self.tenant, asked, complete, self.now)
        return decision

    def sign(self, article_id: ArticleId, by: Reviewer, *, reason: str = "") -> Decision:
        """Legal lets it pass. What was to go live earlier goes live now: nothing is shown from before the signature."""
        if by.role is not Role.LEGAL:
            raise Forbidden(f"{by} may not sign: only somebody with role legal can")
        article = articles.get(self.connection, self.tenant, article_id)
        opens = max(self.now, article.live_from or self.now)
        return self.record(article, str(by), Action.SIGN, reason, {"live_from": opens.isoformat()}, live_from=opens)

    def reject(self, article_id: ArticleId, by: Reviewer, *, reason: str) -> Decision:
        """Refuse an article, for good. What is asked blind and is live already is withdrawn by that."""
        article = articles.get(self.connection, self.tenant, article_id)
        asked = self.asked(article)
        live = asked is not None and article.state is State.APPROVED
        decision = self._end(article_id, by, Action.WITHDRAW if live else Action.REJECT, reason)
        if asked:
            settle(self.connection, self.tenant, asked, None, self.now)
        return decision

    def withdraw(self, article_id: ArticleId, by: Reviewer | Sender, *, reason: str) -> Decision:
        """Take an article back, for good, also when it is live, and also before anybody has seen it.

        Of what is asked blind that is an answer, if a person says so: nobody should have been shown it.
        """
        decision = self._end(article_id, by, Action.WITHDRAW, reason)
        asked = self.asked(articles.get(self.connection, self.tenant, article_id))
        if asked and isinstance(by, Reviewer):
            settle(self.connection, self.tenant, asked, None, self.now)
        return decision

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
        changes: dict[str, Any] = {"revision": article.revision}
        before = articles.tags_of(self.connection, self.tenant, [article_id]).get(article_id, [])
        for facet, concepts in (tags or {}).items():
            changes[facet] = {"before": [t.concept for t in before if t.facet == facet], "after": sorted(concepts)}
        if audience is not None:
            require_complete(audience, tenants.get(self.connection, self.tenant).hard_axes)
            changes["audience"] = listed(audience.axes)
        if not (tags or audience):
            raise Invalid("nothing to change: give --tag FACET=CONCEPT or --audience AXIS=VALUE")
        legal = article.needs_legal and audience is not None and by.role is not Role.LEGAL
        decision = self.record(article, str(by), Action.EDIT, reason, changes, legal=legal)
        for facet, concepts in (tags or {}).items():
            said = [Tag(facet, concept, 1.0, Origin.PERSON) for concept in sorted(concepts)]
            articles.replace_tags(self.connection, self.tenant, article_id, said, facet)
        if audience is not None:
            audiences.replace(self.connection, self.tenant, article_id, audience, Origin.PERSON, self.now)
            asked = self.asked(article)
            if asked and article.state is State.APPROVED:
                settle(self.connection, self.tenant, asked, audience, self.now)
        return decision

    def asked(self, article: Article) -> Audit | None:
        """The question that is asked blind about it, if there is one."""
        return audits.unanswered(self.connection, self.tenant, [article.id]).get(article.id)

    def _complete(self, article: Article, given: Audience | None, asked: Audit | None) -> Audience:
        """The audience that is to hold: the one given, else what a person or its source said, else the tags."""
        hard_axes = tenants.get(self.connection, self.tenant).hard_axes
        live = asked is not None and article.state is State.APPROVED  # what holds then is the machine's
        said = None if live else audiences.get(self.connection, self.tenant, article.id)
        if asked and not (given or said):
            raise AskedBlind(
                "this one is asked blind, so that the machine's errors can be counted: "
                "say for whom it is with --audience AXIS=VALUE"
            )
        tags = articles.tags_of(self.connection, self.tenant, [article.id]).get(article.id, [])
        return require_complete(given or said or propose(tags, hard_axes), hard_axes)

    def _seen(self, article: Article, *, given: bool) -> dict[str, Any]:
        """What the decision was about, for whoever learns from it: wording, tags, and who named the audience."""
        shown: dict[str, list[str]] = {}
        for tag in articles.tags_of(self.connection, self.tenant, [article.id]).get(article.id, []):
            shown.setdefault(tag.facet, []).append(tag.concept)
        return {"revision": article.revision, "tags": shown, "given": given}

    def _end(self, article_id: ArticleId, by: Reviewer | Sender, action: Action, reason: str) -> Decision:
        if not reason.strip():
            raise Invalid(f"a reason is needed to {action}: the next curator will want to know (--reason)")
        article = articles.get(self.connection, self.tenant, article_id)
        return self.record(article, str(by), action, reason, {})

    def record(
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
        topic = _TOLD.get(target) if target is not article.state else None
        if topic is not None:
            outbox.put(self.connection, self.tenant, topic, {"article_id": article.id}, self.now)
        return decision


def _require_printable(field: str, said: str, most: int) -> None:
    """See that what somebody said can be stored anywhere, and shown in any terminal. Raises Invalid."""
    if len(said) > most:
        raise Invalid(f"{field}: {len(said)} characters, where {most} are the most: shorten it")
    if not said.isprintable():
        raise Invalid(f"{field}: it has a line break or a character that cannot be printed: type it again, on one line")
