"""Errors as SCIM has them (RFC 7644, 3.12): whatever goes wrong below its path is told in its own form."""

from http import HTTPStatus
from typing import Final

import orjson
from scim2_models import Error
from starlette.responses import Response

from catalog.people import PersonExists
from catalog.provisioned import UserNameTaken

PATH: Final = "/scim/v2"
KIND: Final = "application/scim+json"

_TYPES: Final = {PersonExists.code: "uniqueness", UserNameTaken.code: "uniqueness"}


def told(status: HTTPStatus, code: str, detail: str) -> Response:
    """One of our errors in the form of SCIM, in which what cannot be accepted is a 400."""
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        return error(Error(status=400, scim_type="invalidValue", detail=detail))
    return error(Error(status=status.value, scim_type=_TYPES.get(code), detail=detail))


def error(found: Error) -> Response:
    """An error as it is sent."""
    return Response(orjson.dumps(found.model_dump()), found.status or 500, media_type=KIND)
