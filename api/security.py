"""Who calls: a bearer key, checked against its scopes."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.dependencies import Wired
from catalog import keys
from catalog.errors import Forbidden, Unauthorised
from catalog.ids import TenantId
from catalog.keys import USED_EVERY, ApiKey, Scope

_bearer = HTTPBearer(auto_error=False, description="An API key, made with `sluis key create`.")


def bearer(*scopes: Scope) -> Callable[..., ApiKey]:
    """A dependency that lets a key with one of `scopes` pass and says which key it is."""

    def check(
        request: Request, wired: Wired, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> ApiKey:
        if given is None:
            raise Unauthorised("send an API key as 'Authorization: Bearer sluis_…': make one with 'sluis key create'")
        now = wired.clock()
        try:
            with wired.database.read() as connection:
                key = keys.authenticate(connection, given.credentials, now)
        except Unauthorised:
            wired.rates.stranger(request.client.host if request.client else "")
            raise
        request.state.tenant, request.state.key = key.tenant, key.prefix
        request.state.allowance = wired.rates.take(key)
        if key.last_used_at is None or now - key.last_used_at >= USED_EVERY:
            with wired.database.of(key.tenant).write() as connection:
                keys.used(connection, key, now)
        if key.scopes.isdisjoint(scopes):
            wanted = " or ".join(scopes)
            raise Forbidden(f"this key has no scope {wanted}: make one with 'sluis key create --scope {scopes[0]}'")
        return key

    return check


def caller(*scopes: Scope) -> Callable[..., TenantId]:
    """A dependency that lets a key with one of `scopes` pass and says whose tenant it is."""

    def tenant(key: Annotated[ApiKey, Depends(bearer(*scopes))]) -> TenantId:
        return key.tenant

    return tenant


# Whoever only reads needs to know the tenant; whoever writes leaves the key's name in the audit trail.
Recommending = Annotated[TenantId, Depends(caller(Scope.RECOMMEND))]
Browsing = Annotated[TenantId, Depends(caller(Scope.CONTENT))]
Counting = Annotated[TenantId, Depends(caller(Scope.CONTENT, Scope.CURATE))]
Reporting = Annotated[ApiKey, Depends(bearer(Scope.EVENTS))]
Sending = Annotated[ApiKey, Depends(bearer(Scope.CONTENT))]
Managing = Annotated[ApiKey, Depends(bearer(Scope.PEOPLE))]
Curating = Annotated[ApiKey, Depends(bearer(Scope.CURATE))]
Modelling = Annotated[ApiKey, Depends(bearer(Scope.MODELS))]
Administering = Annotated[ApiKey, Depends(bearer(Scope.ADMIN))]
