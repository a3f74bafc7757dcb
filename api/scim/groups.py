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
from api.scim.membership import Step, after
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

    def change(self, name: str, taken: list[Step]) -> Any:
        """Let people come and go. The group that comes back tells neither members nor version: nobody reads them.

        Raises UnknownGroup, and Invalid for a member who is nobody here.
        """
        group = groups.get(self.connection, self.tenant, GroupId(name), lock=True)
        there = groups.members(self.connection, self.tenant, [group.id])[group.id]
        wanted = after(frozenset(there), taken)
        changed = self._fill(group.id, there, {_id(each) for each in wanted - there} | (there & wanted))
        if changed:
            groups.touch(self.connection, self.tenant, group.id, self.now)
            self._settle(changed)
        return _out(group, (), versioned=False)

    def _keep(self, known: Group, wanted: Any) -> Any:
        for what, text in (("displayName", wanted.display_name), ("externalId", wanted.external_id)):
            if text is not None and not (text.strip() and text.isprintable() and len(text) <= LONGEST_GROUP):
                raise Invalid(f"{what}: 1 to {LONGEST_GROUP} characters, all of which can be printed")
        group = replace(known, display_name=wanted.display_name, external_id=wanted.external_id, changed_at=self.now)
        groups.save(self.connection, self.tenant, group)
        there = groups.members(self.connection, self.tenant, [group.id])[group.id]
        changed = self._fill(group.id, there, {_id(each.value) for each in wanted.members or ()})
        renamed = (known.display_name, known.external_id) != (group.display_name, group.external_id)
        self._settle(changed | there if renamed else changed)
        return self.get(group.id)

    def _fill(self, group: GroupId, there: set[EmployeeId], wanted: set[EmployeeId]) -> set[EmployeeId]:
        """Let those be in a group who are wanted, given who is there. Who came or went."""
        come, gone = wanted - there, there - wanted
        unknown = come - people.known(self.connection, self.tenant, come)
        if unknown:
            raise InvalidValueException(detail=f"members: there is no user {min(unknown)}")
        groups.join(self.connection, self.tenant, group, come)
        groups.leave(self.connection, self.tenant, group, gone)
        return come | gone

    def _settle(self, whom: Collection[EmployeeId]) -> None:
        provisioning.settle(self.connection, self.tenant, self.taxonomy, whom, self.now)

    def _told(self, found: Collection[Group], *, whole: bool) -> list[Any]:
        ids = [each.id for each in found]
        members = groups.members(self.connection, self.tenant, ids) if whole else {}
        return [_out(each, members.get(each.id, ())) for each in found]


def _id(value: str | None) -> EmployeeId:
    try:
        return EmployeeId(str(UUID(value or "")))
    except ValueError:
        raise InvalidValueException(detail="members: value is the id of a user, as this program gives it") from None


def _out(group: Group, members: Collection[EmployeeId], *, versioned: bool = True) -> Any:
    made = Resource(
        id=group.id,
        external_id=group.external_id,
        display_name=group.display_name,
        members=[Member(value=each, ref=f"Users/{each}", type=Member.Type.user) for each in sorted(members)] or None,
    )
    made.meta = Meta(
        resource_type=NAME,
        created=group.created_at,
        last_modified=group.changed_at,
        version=version(made) if versioned else None,
    )
    return made
