"""Who calls: a bearer key, checked against its scopes."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.dependencies import Wired
from catalog import keys
from catalog.errors import Forbidden, Unauthorised
from catalog.ids import TenantId
from catalog.keys import Scope

_bearer = HTTPBearer(auto_error=False, description="An API key, made with `sluis key create`.")


def caller(scope: Scope) -> Callable[..., TenantId]:
    """A dependency that lets a key with `scope` pass and says whose tenant it is."""

    def check(wired: Wired, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> TenantId:
        if given is None:
            raise Unauthorised("send an API key as 'Authorization: Bearer sluis_…': make one with 'sluis key create'")
        with wired.database.read() as connection:
            key = keys.authenticate(connection, given.credentials, wired.clock())
        if scope not in key.scopes:
            raise Forbidden(f"this key has no scope {scope}: make one with 'sluis key create --scope {scope}'")
        return key.tenant

    return check


Recommending = Annotated[TenantId, Depends(caller(Scope.RECOMMEND))]
Reporting = Annotated[TenantId, Depends(caller(Scope.EVENTS))]
Browsing = Annotated[TenantId, Depends(caller(Scope.CONTENT))]
