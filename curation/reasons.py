"""Why somebody may, or may not, be shown an article: every rule of the promise, from the catalogue's own rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from catalog import articles, audiences, people, tenants
from catalog.ids import ArticleId, EmployeeId, TenantId
from catalog.records import Article, Audience, Employee, State, Tenant

_WORDS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "opted_in": {
        "en": ("They take part", "They have not opted in"),
        "nl": ("Doet mee", "Heeft geen toestemming gegeven"),
    },
    "active": {
        "en": ("They are still there", "The identity provider has deactivated them"),
        "nl": ("Is nog in dienst", "Is op non-actief gezet door de identiteitsprovider"),
    },
    "approved": {
        "en": ("It is approved", "It is {state}, and only what is approved is shown"),
        "nl": ("Is goedgekeurd", "Is {state}, en alleen wat is goedgekeurd wordt getoond"),
    },
    "started": {
        "en": ("It is live", "It does not go live before {live_from}"),
        "nl": ("Staat live", "Gaat niet live voor {live_from}"),
    },
    "not_expired": {
        "en": ("It has not expired", "It expired on {expires_at}"),
        "nl": ("Is niet verlopen", "Is verlopen op {expires_at}"),
    },
    "axis": {
        "en": ("Its audience on {axis} holds them", "On {axis} it is for {audience}, and they have {person}"),
        "nl": ("De doelgroep op {axis} omvat deze persoon", "Op {axis} is het voor {audience}, niet voor {person}"),
    },
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its `code`, the hard `axis` that it is about, whether it `holds`, and what it went by."""

    code: str
    holds: bool
    axis: str | None = None
    audience: tuple[str, ...] = ()
    person: tuple[str, ...] = ()
    facts: Mapping[str, str] | None = None

    def in_words(self, language: str) -> str:
        """As a sentence."""
        holds, not_so = _WORDS[self.code].get(language, _WORDS[self.code]["en"])
        told = {
            "axis": self.axis or "",
            "audience": ", ".join(self.audience) or "-",
            "person": ", ".join(self.person) or "-",
            **(self.facts or {}),
        }
        return (holds if self.holds else not_so).format(**told)


def rules(
    connection: Connection, tenant: TenantId, employee: EmployeeId, article: ArticleId, now: datetime
) -> list[Rule]:
    """Every rule for this person and this article. They may be shown it when all hold."""
    person = people.get(connection, tenant, employee)
    found = articles.get(connection, tenant, article)
    audience = audiences.get(connection, tenant, article)
    ours: Tenant = tenants.get(connection, tenant)
    return [*_takes_part(person), *_is_live(found, now), *(_admits(axis, person, audience) for axis in ours.hard_axes)]


def reach(connection: Connection, tenant: TenantId, article: ArticleId, least: int) -> int | None:
    """How many people who take part its audience admits; None for fewer than `least`, who could be told apart."""
    audience = audiences.get(connection, tenant, article)
    axes = tenants.get(connection, tenant).hard_axes
    taking_part = (one for one in people.every(connection, tenant) if one.takes_part)
    count = sum(not audiences.closed_axes(one.axes, audience, axes) for one in taking_part)
    return count if count >= least or count == 0 else None


def _takes_part(person: Employee) -> list[Rule]:
    return [Rule("opted_in", person.opted_in), Rule("active", person.active)]


def _is_live(article: Article, now: datetime) -> list[Rule]:
    opens, closes = article.live_from, article.expires_at
    return [
        Rule("approved", article.state is State.APPROVED, facts={"state": article.state.value}),
        Rule("started", opens is not None and opens <= now, facts={"live_from": _told(opens)}),
        Rule("not_expired", closes is None or closes > now, facts={"expires_at": _told(closes)}),
    ]


def _told(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "-"


def _admits(axis: str, person: Employee, audience: Audience | None) -> Rule:
    admitted = audience.axes.get(axis, frozenset()) if audience else frozenset()
    theirs = person.axes.get(axis, frozenset())
    holds = not audiences.closed_axes(person.axes, audience, (axis,))
    return Rule("axis", holds, axis, tuple(sorted(admitted)), tuple(sorted(theirs)))
