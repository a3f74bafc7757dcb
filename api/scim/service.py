"""SCIM over our directory: the protocol is `scim2_server`'s, what is read and written is ours."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from scim2_models import (
    InvalidFilterException,
    InvalidValueException,
    NotImplementedException,
    PatchOp,
    PayloadTooLargeException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
)
from scim2_server.conditions import Conditions
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService
from scim2_server.storage import ScimStorage, SearchPage

from api.scim.filters import MOST_CHARACTERS
from api.scim.groups import Groups
from api.scim.membership import Step, steps
from api.scim.models import PROVIDER
from api.scim.users import Users
from catalog.errors import NotFound

MOST_BYTES: Final = 2_000_000
"""Of a body: some twenty thousand members."""
MOST_OPERATIONS: Final = 1000
"""Of a PATCH."""

_LAST: Final = 10**9
"""Beyond this nobody has a page."""


class _Service(ScimService):
    """Answers a PATCH of a user with the user, as Okta wants it; a group may have more members than anybody reads."""

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        """What a search asks for, from a place that a database can count to. Raises InvalidFilterException."""
        for name, value in payload.items() if isinstance(payload, dict) else ():
            _require_short(name, value)
        asked, position = super().read_search(resource_types, payload)
        asked.start_index = min(asked.start_index or 1, _LAST)
        return asked, position

    def read_response_parameters(
        self, resource_type: ResourceType, query: Mapping[str, str]
    ) -> ResponseParameters[Any]:
        """Which attributes somebody wants to be told. Raises InvalidValueException."""
        for name, value in query.items():
            _require_short(name, value)
        return super().read_response_parameters(resource_type, query)

    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> "PatchOp[Any]":
        """What a PATCH asks for. Raises InvalidValueException."""
        found = super().read_patch(resource_type, body, content_type)
        if len(found.operations or ()) > MOST_OPERATIONS:
            raise InvalidValueException(detail=f"a PATCH has at most {MOST_OPERATIONS} operations: send several")
        return found

    def patch_response(
        self, base_url: str, resource: Resource[Any], response_parameters: ResponseParameters[Any]
    ) -> ScimResponse:
        """The answer to a PATCH."""
        if resource.meta is not None and resource.meta.resource_type == "User":
            return self.replacement_response(base_url, resource, response_parameters)
        return super().patch_response(base_url, resource, response_parameters)


def _require_short(name: str, value: Any) -> None:
    """What is read word by word is short: reading what goes on and on takes a core from everybody else."""
    if name.lower() == "filter" and len(str(value)) > MOST_CHARACTERS:
        raise InvalidFilterException(detail=f"a filter has at most {MOST_CHARACTERS} characters")
    if name.lower() in ("attributes", "excludedattributes") and len(str(value)) > MOST_CHARACTERS:
        raise InvalidValueException(detail=f"{name} has at most {MOST_CHARACTERS} characters")


class _Directory(ScimStorage):
    """The people and groups of one organisation, in one transaction."""

    def __init__(self, users: Users, groups: Groups) -> None:
        self._users, self._groups = users, groups
        self._binary = "C" if users.connection.dialect.name == "postgresql" else "BINARY"

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """One of them."""
        found: Resource[Any] = self._of(resource_type).get(_ours(resource_type, resource_id))
        return found

    def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """One page of what a filter wants."""
        if len(resource_types) != 1:
            raise NotImplementedException(detail="ask for /Users or for /Groups")
        if resource_types[0].name == "User":
            return SearchPage(*self._users.find(search_request, self._binary))
        return SearchPage(*self._groups.find(search_request, self._binary, whole=_wants_members(search_request)))

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Make one."""
        made: Resource[Any] = self._of(resource_type).create(resource)
        return made

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Change one. It is held since it was read: its version cannot have changed."""
        changed: Resource[Any] = self._of(resource_type).update(resource)
        return changed

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Remove one."""
        self._of(resource_type).remove(_ours(resource_type, resource_id))

    def change_members(self, resource_type: ResourceType, resource_id: str, taken: list[Step]) -> Resource[Any]:
        """Let people join and leave a group."""
        changed: Resource[Any] = self._groups.change(_ours(resource_type, resource_id), taken)
        return changed

    def _of(self, resource_type: ResourceType) -> Any:
        return self._users if resource_type.name == "User" else self._groups


class _Handler(ScimHandler):
    """Fills a group without reading it, where nobody asked for the group in return or said which version they mean."""

    def __init__(self, directory: _Directory, request: ScimRequest) -> None:
        super().__init__(_SERVICE, directory)
        self._directory = directory
        self._wants_whole = not {"attributes", "excludedAttributes"}.isdisjoint(request.query)

    def patch_resource(
        self, resource_type: ResourceType, resource_id: str, patch_op: "PatchOp[Any]", conditions: Conditions
    ) -> Resource[Any]:
        """Change a resource as a PATCH says."""
        whole = resource_type.name != "Group" or self._wants_whole or conditions != Conditions()
        taken = None if whole else steps(patch_op)
        if taken is None:
            return super().patch_resource(resource_type, resource_id, patch_op, conditions)
        return self._directory.change_members(resource_type, resource_id, taken)


def _ours(resource_type: ResourceType, resource_id: str) -> str:
    try:
        return str(UUID(resource_id))
    except ValueError:
        raise NotFound(f"there is no {resource_type.name} of this id") from None


def _wants_members(asked: SearchRequest[Any]) -> bool:
    """Whether somebody reads who is in the groups: a provider that only looks for one does not."""
    named = [str(each).lower() for each in asked.attributes or asked.excluded_attributes or ()]
    spoken_of = any(name.rpartition(":")[2].partition(".")[0] == "members" for name in named)
    return spoken_of if asked.attributes else not any(name.endswith("members") for name in named)


_SERVICE: Final = _Service(PROVIDER)


def answer(request: ScimRequest, users: Users, groups: Groups) -> ScimResponse:
    """What a request is answered, done in their transaction. Raises SCIMException and what our own rooms raise."""
    if len(request.body) > MOST_BYTES:
        most = f"{MOST_BYTES // 1_000_000} MB"
        raise PayloadTooLargeException(detail=f"a body has at most {most}: add members in several requests")
    return _Handler(_Directory(users, groups), request).handle(request)
