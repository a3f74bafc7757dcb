"""Who calls: a bearer key, or a token of the organisation's identity provider, checked against its scopes."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.dependencies import Services, Wired
from api.identity import tokens
from api.identity.published import ProviderAway
from api.identity.tokens import BadToken
from catalog import keys, providers
from catalog.errors import Forbidden, Unauthorised
from catalog.ids import TenantId
from catalog.keys import USED_EVERY, ApiKey, Caller, Scope
from catalog.providers import Application

log = logging.getLogger(__name__)

_bearer = HTTPBearer(
    auto_error=False,
    description="An API key, made with `sluis key create`, or an access token of an identity provider that "
    "`sluis oidc add` made known.",
)


def bearer(*scopes: Scope) -> Callable[..., Caller]:
    """A dependency that lets whoever has one of `scopes` pass and says who that is."""

    def check(
        request: Request, wired: Wired, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        if given is None:
            raise Unauthorised("send an API key as 'Authorization: Bearer sluis_…': make one with 'sluis key create'")
        now = wired.clock()
        try:
            key = _who(wired, given.credentials, now)
        except (Unauthorised, ProviderAway) as error:
            wired.rates.stranger(request.client.host if request.client else "")  # before it could fill the log
            if isinstance(error, BadToken | ProviderAway):
                log.warning("a token was refused: %s", error.why, extra={"request": request.state.number})
            raise
        request.state.tenant, request.state.key = key.tenant, key.prefix
        request.state.allowance = wired.rates.take(key)
        if key.last_used_at is None or now - key.last_used_at >= USED_EVERY:
            _note_use(wired, key, now)
        if key.scopes.isdisjoint(scopes):
            raise Forbidden(_missing(key, scopes))
        return key

    return check


def caller(*scopes: Scope) -> Callable[..., TenantId]:
    """A dependency that lets whoever has one of `scopes` pass and says whose tenant it is."""

    def tenant(key: Annotated[Caller, Depends(bearer(*scopes))]) -> TenantId:
        return key.tenant

    return tenant


def _who(wired: Services, text: str, now: datetime) -> Caller:
    """Raises Unauthorised, and ProviderAway. The provider is asked for its keys outside of any transaction."""
    seen = tokens.look(text)
    with wired.database.read() as connection:
        if seen is None:
            return keys.authenticate(connection, text, now)
        known = providers.of_issuer(connection, tokens.issuer(seen))
    return tokens.verify(seen, known, wired.keyring.keys, now)


def _note_use(wired: Services, key: Caller, now: datetime) -> None:
    with wired.database.of(key.tenant).write() as connection:
        match key:
            case ApiKey():
                keys.used(connection, key, now)
            case Application():
                providers.used(connection, key, now)


def _missing(key: Caller, scopes: tuple[Scope, ...]) -> str:
    wanted = " or ".join(scopes)
    if isinstance(key, Application):
        return f"this token gives no scope {wanted}: 'sluis oidc list' shows which word of which claim gives what"
    return f"this key has no scope {wanted}: make one with 'sluis key create --scope {scopes[0]}'"


# Whoever only reads needs to know the tenant; whoever writes leaves a name in the audit trail.
Recommending = Annotated[TenantId, Depends(caller(Scope.RECOMMEND))]
Browsing = Annotated[TenantId, Depends(caller(Scope.CONTENT))]
Counting = Annotated[TenantId, Depends(caller(Scope.CONTENT, Scope.CURATE))]
Reporting = Annotated[Caller, Depends(bearer(Scope.EVENTS))]
Sending = Annotated[Caller, Depends(bearer(Scope.CONTENT))]
Managing = Annotated[Caller, Depends(bearer(Scope.PEOPLE))]
Curating = Annotated[Caller, Depends(bearer(Scope.CURATE))]
Modelling = Annotated[Caller, Depends(bearer(Scope.MODELS))]
Administering = Annotated[Caller, Depends(bearer(Scope.ADMIN))]
