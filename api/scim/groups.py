"""Groups of a provider and who is in them. What a group gives its people follows from it: see curation.provisioning."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from scim2_models import InvalidValueException, Meta, SearchRequest
from sqlalchemy import Connection

from api.scim.columns import GROUPS
from api.scim.filters import condition
from api.scim.models import Group as Resource
from api.scim.models import Member
from api.scim.versions import version
from catalog import groups, people
from catalog.errors import Invalid
from catalog.groups import Group
from catalog.ids import EmployeeId, GroupId, TenantId, new_id
from catalog.records import LONGEST_GROUP
from catalog.taxonomy import Taxonomy
from curation import provisioning

NAME: Final = "Group"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one organisation, in one transaction."""

    connection: Connection
    tenant: TenantId
    taxonomy: Taxonomy
    now: datetime
    writing: bool

    def get(self, name: str) -> Any:
        """One group, which is held where this transaction may change it. Raises UnknownGroup."""
        return self._told([groups.get(self.connection, self.tenant, GroupId(name), lock=self.writing)], whole=True)[0]

    def find(self, asked: SearchRequest[Any], binary: str, *, whole: bool) -> tuple[int, list[Any]]:
        """How many a filter wants, and one page of them; their members only in the `whole`."""
        where = condition(asked.filter, GROUPS, binary=binary)
        offset, limit = asked.start_index_0 or 0, asked.count or 0
        total, page = groups.find(self.connection, self.tenant, where, offset, limit)
        return total, self._told(page, whole=whole)

    def create(self, wanted: Any) -> Any:
        """Make a group. Raises Invalid, also for a member who is nobody here."""
        return self._keep(Group(GroupId(new_id()), "", None, self.now, self.now), wanted)

    def update(self, wanted: Any) -> Any:
        """Change a group into what is wanted. Raises Invalid, also for a member who is nobody here."""
        return self._keep(groups.get(self.connection, self.tenant, GroupId(wanted.id)), wanted)

    def remove(self, name: str) -> None:
        """Remove a group, and what it gave."""
        group = GroupId(name)
        there = groups.members(self.connection, self.tenant, [group])[group]
        groups.remove(self.connection, self.tenant, group)
        self._settle(there)

    def _keep(self, known: Group, wanted: Any) -> Any:
        for what, text in (("displayName", wanted.display_name), ("externalId", wanted.external_id)):
            if text is not None and not (text.strip() and text.isprintable() and len(text) <= LONGEST_GROUP):
                raise Invalid(f"{what}: 1 to {LONGEST_GROUP} characters, all of which can be printed")
        group = replace(known, display_name=wanted.display_name, external_id=wanted.external_id, changed_at=self.now)
        groups.save(self.connection, self.tenant, group)
        there = groups.members(self.connection, self.tenant, [group.id])[group.id]
        named = {_id(each) for each in wanted.members or ()}
        come, gone = self._known(named - there), there - named
        groups.join(self.connection, self.tenant, group.id, come)
        groups.leave(self.connection, self.tenant, group.id, gone)
        renamed = (known.display_name, known.external_id) != (group.display_name, group.external_id)
        self._settle(come | gone | (there if renamed else set()))
        return self.get(group.id)

    def _known(self, named: set[EmployeeId]) -> set[EmployeeId]:
        unknown = named - people.known(self.connection, self.tenant, named)
        if unknown:
            raise InvalidValueException(detail=f"members: there is no user {min(unknown)}")
        return named

    def _settle(self, whom: Collection[EmployeeId]) -> None:
        provisioning.settle(self.connection, self.tenant, self.taxonomy, whom, self.now)

    def _told(self, found: Collection[Group], *, whole: bool) -> list[Any]:
        ids = [each.id for each in found]
        members = groups.members(self.connection, self.tenant, ids) if whole else {}
        return [_out(each, members.get(each.id, ())) for each in found]


def _id(member: Any) -> EmployeeId:
    try:
        return EmployeeId(str(UUID(member.value)))
    except (TypeError, ValueError, AttributeError):
        raise InvalidValueException(detail="members: value is the id of a user, as this program gives it") from None


def _out(group: Group, members: Collection[EmployeeId]) -> Any:
    made = Resource(
        id=group.id,
        external_id=group.external_id,
        display_name=group.display_name,
        members=[Member(value=each, ref=f"Users/{each}", type=Member.Type.user) for each in sorted(members)] or None,
    )
    made.meta = Meta(
        resource_type=NAME, created=group.created_at, last_modified=group.changed_at, version=version(made)
    )
    return made
