"""Who calls: a bearer key, checked against its scopes."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.dependencies import Wired
from catalog import keys
from catalog.errors import Forbidden, Unauthorised
from catalog.ids import TenantId
from catalog.keys import ApiKey, Scope

_bearer = HTTPBearer(auto_error=False, description="An API key, made with `sluis key create`.")


def bearer(scope: Scope) -> Callable[..., ApiKey]:
    """A dependency that lets a key with `scope` pass and says which key it is."""

    def check(wired: Wired, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> ApiKey:
        if given is None:
            raise Unauthorised("send an API key as 'Authorization: Bearer sluis_…': make one with 'sluis key create'")
        with wired.database.read() as connection:
            key = keys.authenticate(connection, given.credentials, wired.clock())
        if scope not in key.scopes:
            raise Forbidden(f"this key has no scope {scope}: make one with 'sluis key create --scope {scope}'")
        return key

    return check


def caller(scope: Scope) -> Callable[..., TenantId]:
    """A dependency that lets a key with `scope` pass and says whose tenant it is."""

    def tenant(key: Annotated[ApiKey, Depends(bearer(scope))]) -> TenantId:
        return key.tenant

    return tenant


Recommending = Annotated[TenantId, Depends(caller(Scope.RECOMMEND))]
Reporting = Annotated[TenantId, Depends(caller(Scope.EVENTS))]
Browsing = Annotated[TenantId, Depends(caller(Scope.CONTENT))]
Sending = Annotated[ApiKey, Depends(bearer(Scope.CONTENT))]
