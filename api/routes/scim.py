"""Identity providers fill the directory over SCIM 2.0, which describes itself under `/Schemas` and not in /docs."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response
from scim2_server.requests import ScimRequest
from sqlalchemy import Connection

from api.dependencies import Reading, Services, Wired, Writing
from api.scim.errors import KIND, PATH
from api.scim.groups import Groups
from api.scim.service import answer
from api.scim.users import Users
from api.security import Managing
from catalog.keys import Caller

router = APIRouter(prefix=PATH, include_in_schema=False)


async def whole(request: Request) -> bytes:
    """The body as it came."""
    return await request.body()


Body = Annotated[bytes, Depends(whole)]


def read(request: Request, wired: Wired, key: Managing, connection: Reading, body: Body) -> Response:
    """Tell what there is."""
    return _answered(request, wired, key, connection, body, writing=False)


def write(request: Request, wired: Wired, key: Managing, connection: Writing, body: Body) -> Response:
    """Change what there is."""
    return _answered(request, wired, key, connection, body, writing=True)


def _answered(
    request: Request, wired: Services, key: Caller, connection: Connection, body: bytes, *, writing: bool
) -> Response:
    where = (connection, key.tenant, wired.taxonomy(connection, key.tenant), wired.clock())
    asked = ScimRequest(
        method=request.method,
        base_url=str(request.base_url).rstrip("/") + PATH,
        path=request.scope["path"].removeprefix(PATH),
        query=dict(request.query_params),
        headers=request.headers.items(),
        body=body,
    )
    found = answer(asked, Users(*where, via=f"key {key.label}", writing=writing), Groups(*where, writing=writing))
    content = b"" if found.body is None else orjson.dumps(found.body)
    headers = {name: value for name, value in found.headers.items() if name.lower() != "content-type"}
    return Response(content, found.status, headers, media_type=KIND if content else None)


for _path in ("/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/{name}", "/Schemas", "/Schemas/{name}"):
    router.get(_path)(read)
for _resource in ("/Users", "/Groups"):
    router.get(_resource)(read)
    router.post(_resource)(write)
    router.post(f"{_resource}/.search")(read)
    router.get(f"{_resource}/{{id}}")(read)
    for _change in (router.put, router.patch, router.delete):
        _change(f"{_resource}/{{id}}")(write)
# what SCIM has and this program has not is answered as such (/Me, /Bulk, a search of everything), and so is what has
# one of these names in other letters
router.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])(write)
