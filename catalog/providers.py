"""Identity providers whose access tokens open the API, and what they may open, as an operator says per organisation.

A token names its issuer and its audience, and no organisation. So one issuer and audience are one organisation's:
the second that wants the same is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from sqlalchemy import Connection, Row, delete, select, update

from catalog import rows, tables_edge
from catalog.database import insert, record, values
from catalog.errors import Conflict, Invalid, NotFound
from catalog.ids import CallerId, ProviderId, TenantId
from catalog.keys import Caller, Scope

_p = tables_edge.identity_providers

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"}
)
"""What a token may be signed with. With a secret that both sides know, whoever can check a token could make one."""

MOST_LEEWAY: Final = 300
"""Seconds that the clocks may differ."""

_LONGEST_ISSUER: Final = 500
_LONGEST_WORD: Final = 255


@dataclass(frozen=True, slots=True)
class Provider:
    """Tokens of `issuer` for `audience`, each spelled exactly so, are callers of this organisation.

    `scope_claim` is the claim with the words that give scopes, as `scopes` says which word gives which: what is not
    there gives nothing. `leeway` in seconds. Raises Invalid for what could never be safe.
    """

    id: ProviderId
    tenant: TenantId
    issuer: str
    audience: str
    algorithms: frozenset[str]
    scope_claim: str
    scopes: Mapping[str, frozenset[Scope]]
    leeway: int
    created_at: datetime
    last_used_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.algorithms or not self.algorithms <= ALGORITHMS:
            raise Invalid(f"tokens are signed with a private key: use some of {', '.join(sorted(ALGORITHMS))}")
        if not self.scopes or not all(self.scopes.values()):
            raise Invalid("nothing would be allowed: map at least one word of the claim to a scope")
        if not 0 <= self.leeway <= MOST_LEEWAY:
            raise Invalid(f"clocks may differ by 0 to {MOST_LEEWAY} seconds")
        words = {"audience": self.audience, "claim": self.scope_claim} | {
            f"word {word!r}": word for word in self.scopes
        }
        for name, word in words.items():
            if not 0 < len(word) <= _LONGEST_WORD or not word.isprintable():
                raise Invalid(f"the {name} has 1 to {_LONGEST_WORD} printable characters")
        if len(self.issuer) > _LONGEST_ISSUER:
            raise Invalid(f"the issuer has at most {_LONGEST_ISSUER} characters")


@dataclass(frozen=True, slots=True)
class Application(Caller):
    """A caller with a token: a program that is registered with the identity provider."""

    provider: ProviderId


def application(provider: Provider, client: str, scopes: frozenset[Scope]) -> Application:
    """The program that the provider calls `client`. Its id is the same each time, its log prefix the provider's."""
    return Application(
        id=CallerId(str(uuid5(UUID(provider.id), client))),
        tenant=provider.tenant,
        label=f"{client} (token of {urlsplit(provider.issuer).hostname})",
        prefix=f"oidc-{provider.id[:8]}",
        scopes=scopes,
        last_used_at=provider.last_used_at,
        provider=provider.id,
    )


def add(connection: Connection, provider: Provider) -> None:
    """Believe its tokens from now on. Raises Conflict where issuer and audience are somebody's already."""
    scopes = {word: sorted(given) for word, given in provider.scopes.items()}
    row = values(provider, "tenant") | {"tenant_id": provider.tenant, "scopes": scopes}
    row |= {"algorithms": sorted(provider.algorithms)}
    new = insert(connection, _p).values(row).on_conflict_do_nothing().returning(_p.c.id)
    if connection.execute(new).one_or_none() is None:
        raise Conflict(
            f"tokens of {provider.issuer} for {provider.audience} are believed already, here or for another "
            "organisation: give each an audience of its own, or take the old one out with 'sluis oidc remove'"
        )


def every(connection: Connection, tenant: TenantId) -> list[Provider]:
    """All of an organisation, the oldest first."""
    found = connection.execute(select(_p).where(_p.c.tenant_id == tenant).order_by(_p.c.created_at, _p.c.id))
    return [_provider(row) for row in found]


def of_issuer(connection: Connection, issuer: str) -> list[Provider]:
    """Whoever believes this issuer, of all organisations. For finding out whose a token is, and nothing else."""
    rows.name(connection, _p.name, issuer)
    return [_provider(row) for row in connection.execute(select(_p).where(_p.c.issuer == issuer))]


def used(connection: Connection, caller: Application, now: datetime) -> None:
    """Write down when a token of a provider was last shown. The caller does so once in `keys.USED_EVERY`."""
    connection.execute(update(_p).where(*_mine(caller.tenant, caller.provider)).values(last_used_at=now))


def remove(connection: Connection, tenant: TenantId, provider: ProviderId) -> None:
    """Believe none of its tokens from the next request on."""
    gone = delete(_p).where(*_mine(tenant, provider)).returning(_p.c.id)
    if connection.execute(gone).one_or_none() is None:
        raise NotFound(f"there is no identity provider {provider}: 'sluis oidc list' shows those there are")


def _mine(tenant: TenantId, provider: ProviderId) -> tuple[Any, ...]:
    return (_p.c.tenant_id == tenant, _p.c.id == provider)


def _provider(row: Row[Any]) -> Provider:
    scopes = {word: frozenset(Scope(each) for each in given) for word, given in row.scopes.items()}
    return record(Provider, row, tenant=TenantId(row.tenant_id), algorithms=frozenset(row.algorithms), scopes=scopes)
