"""Employees as users of SCIM: what a provider says becomes an employee, and an employee is told as it was said.

Consent is not the provider's to give: somebody new has not opted in, and `active` stands beside their answer.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from scim2_models import Meta, SearchRequest
from sqlalchemy import Connection

from api.scim.columns import USERS
from api.scim.filters import condition
from api.scim.models import Email, EnterpriseUser, Name, Person, UserGroup
from api.scim.versions import version
from catalog import groups, people, provisioned
from catalog.groups import Group
from catalog.ids import EmployeeId, TenantId, new_id
from catalog.provisioned import WORK, Said
from catalog.records import Employee
from catalog.taxonomy import Taxonomy
from curation import directory, provisioning
from curation.directory import BadPerson

NAME: Final = "User"


@dataclass(frozen=True, slots=True)
class Users:
    """The employees of one organisation, in one transaction. `via` says whose key it is."""

    connection: Connection
    tenant: TenantId
    taxonomy: Taxonomy
    now: datetime
    via: str
    writing: bool

    def get(self, name: str) -> Any:
        """One employee, who is held where this transaction may change them. Raises UnknownEmployee."""
        if self.writing:
            people.hold(self.connection, self.tenant, [EmployeeId(name)])
        return self._told([people.get(self.connection, self.tenant, EmployeeId(name))])[0]

    def find(self, asked: SearchRequest[Any], binary: str) -> tuple[int, list[Any]]:
        """How many a filter wants, and one page of them."""
        where = condition(asked.filter, USERS, binary=binary)
        offset, limit = asked.start_index_0 or 0, asked.count or 0
        total, page = provisioned.find(self.connection, self.tenant, where, offset, limit)
        return total, self._told(people.many(self.connection, self.tenant, page))

    def create(self, wanted: Any) -> Any:
        """Make somebody, who has not opted in. Raises BadPerson, PersonExists and UserNameTaken."""
        return self._keep(Employee(EmployeeId(new_id()), "", "", {}, opted_in=False, created_at=self.now), wanted)

    def update(self, wanted: Any) -> Any:
        """Change somebody into what is wanted. Raises BadPerson, PersonExists and UserNameTaken."""
        return self._keep(people.get(self.connection, self.tenant, EmployeeId(wanted.id)), wanted)

    def remove(self, name: str) -> None:
        """Erase somebody, as our own DELETE does."""
        people.erase(self.connection, self.tenant, EmployeeId(name))

    def _keep(self, known: Employee, wanted: Any) -> Any:
        said = _said(wanted)
        person = replace(
            known,
            email=_address(said),
            name=_name(said),
            external_id=directory.external_id(wanted.external_id),
            active=known.active if wanted.active is None else wanted.active,
        )
        people.save(self.connection, self.tenant, person, self.via, self.now)
        provisioned.keep(self.connection, self.tenant, person.id, said)
        provisioning.settle(self.connection, self.tenant, self.taxonomy, [person.id], self.now)
        return self.get(person.id)

    def _told(self, employees: Collection[Employee]) -> list[Any]:
        ids = [each.id for each in employees]
        said = provisioned.many(self.connection, self.tenant, ids)
        of = groups.of_people(self.connection, self.tenant, ids)
        changed = people.changed_at(self.connection, self.tenant, ids)
        return [_out(each, said.get(each.id), of.get(each.id, ()), changed[each.id]) for each in employees]


def _said(user: Any) -> Said:
    """What was said of somebody; of several addresses the one to use: the primary one, else that for work."""
    addresses = [each for each in user.emails or () if each.value]
    addresses.sort(key=lambda each: (each.primary is not True, each.type != WORK))
    email = addresses[0] if addresses else Email()
    name, company = user.name or Name(), user[EnterpriseUser] or EnterpriseUser()
    texts = {
        "user_name": user.user_name,
        "display_name": user.display_name,
        "formatted": name.formatted,
        "given_name": name.given_name,
        "family_name": name.family_name,
        "email_type": email.type and str(email.type.value),
        "preferred_language": user.preferred_language,
        "locale": user.locale,
        "department": company.department,
    }
    for what, text in texts.items():
        if text is not None and not text.isprintable():
            raise BadPerson(f"{what}: all characters of it can be printed")
    address = directory.address(email.value) if email.value else None
    return Said(**texts, email=address, email_primary=email.primary)


def _address(said: Said) -> str:
    try:
        return said.email or directory.address(said.user_name)
    except BadPerson:
        raise BadPerson("there is no e-mail address: send emails, or a userName that is one") from None


def _name(said: Said) -> str:
    whole = " ".join(part for part in (said.given_name, said.family_name) if part)
    found = next(filter(str.strip, filter(None, (said.display_name, said.formatted, whole))), said.user_name)
    return directory.name(found[: directory.NAME_CHARACTERS])


def _out(person: Employee, said: Said | None, of: Iterable[Group], changed_at: datetime) -> Any:
    said = said or Said(person.email, person.name, email=person.email, email_type=WORK, email_primary=True)
    name = {"formatted": said.formatted, "given_name": said.given_name, "family_name": said.family_name}
    made = Person(
        id=person.id,
        external_id=person.external_id,
        user_name=said.user_name,
        display_name=said.display_name,
        name=Name(**name) if any(name.values()) else None,
        preferred_language=said.preferred_language,
        locale=said.locale,
        active=person.active,
        emails=_emails(said),
        groups=[UserGroup(value=one.id, ref=f"Groups/{one.id}", display=one.display_name) for one in of] or None,
    )
    if said.department is not None:
        made[EnterpriseUser] = EnterpriseUser(department=said.department)
    made.meta = Meta(resource_type=NAME, created=person.created_at, last_modified=changed_at, version=version(made))
    return made


def _emails(said: Said) -> list[Email] | None:
    if said.email is None:
        return None
    return [
        Email(
            value=said.email, type=Email.Type(said.email_type) if said.email_type else None, primary=said.email_primary
        )
    ]
