"""Users and groups as SCIM describes them: of its schemas those attributes that mean something here.

Whatever else a provider sends of a person (a phone number, a home address, a manager) is passed over and not kept.
"""

from typing import Annotated, Any, Final

from pydantic import Field
from scim2_models import (
    URN,
    AnyExtension,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    ExtensibleStringEnum,
    Extension,
    Filter,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from catalog.records import LONGEST_GROUP
from curation.directory import ADDRESS_CHARACTERS, NAME_CHARACTERS

MOST_RESULTS: Final = 200
"""Users or groups of one page."""

_TAG_CHARACTERS: Final = 40

_Name = Annotated[str | None, Field(max_length=NAME_CHARACTERS)]
_Tag = Annotated[str | None, Field(max_length=_TAG_CHARACTERS)]


class Name(ComplexAttribute):
    """The parts of a name."""

    formatted: _Name = None
    family_name: _Name = None
    given_name: _Name = None


class Email(ComplexAttribute):
    """An e-mail address. Of several that are sent, one is kept."""

    class Type(ExtensibleStringEnum):
        """What it is used for."""

        work = "work"
        home = "home"
        other = "other"

    value: Annotated[str | None, Field(max_length=ADDRESS_CHARACTERS)] = None
    type: Type | None = None
    primary: bool | None = None


class UserGroup(ComplexAttribute):
    """A group that a user is in."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class User(Resource[AnyExtension]):
    """An employee."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true, Field(max_length=ADDRESS_CHARACTERS)] = None
    name: Name | None = None
    display_name: _Name = None
    preferred_language: _Tag = None
    locale: _Tag = None
    active: bool | None = None
    emails: list[Email] | None = None
    groups: Annotated[list[UserGroup] | None, Mutability.read_only] = None


class EnterpriseUser(Extension):
    """Of the extension for companies: in which department somebody works."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    department: Annotated[str | None, Field(max_length=LONGEST_GROUP)] = None


class Member(ComplexAttribute):
    """A user who is in a group."""

    class Type(ExtensibleStringEnum):
        """What it is: groups have no groups in them here."""

        user = "User"

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[Type | None, Mutability.immutable] = None


class Group(Resource[Any]):
    """A group of employees."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Field(max_length=LONGEST_GROUP)] = None
    members: list[Member] | None = None


Person = User[EnterpriseUser]

_CONFIG: Final = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=False),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="API key",
            description="An API key with scope people, as a bearer token.",
            primary=True,
        )
    ],
)

PROVIDER: Final = ScimProvider(
    models=[User, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(Person), ResourceType.from_resource(Group)],
    config=_CONFIG,
    policy=ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore,
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    ),
)
"""What is served, and what is forgiven: attributes that mean nothing here, and the ways of Microsoft Entra."""
