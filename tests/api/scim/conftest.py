"""An identity provider in front of the application."""

from dataclasses import dataclass

import pytest

from catalog.keys import Scope

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Provider:
    """Says what an identity provider says, with a key of its own."""

    world: object
    header: dict[str, str]

    def ask(self, method, path, body=None, **more):
        headers = self.header | more.pop("headers", {})
        return self.world.client.request(method, f"/scim/v2{path}", json=body, headers=headers, **more)

    def user(self, **said):
        """Make a user; what is told of them."""
        body = {"schemas": [f"{CORE}User"], "userName": "ann@acme.example", **said}
        made = self.ask("POST", "/Users", body)
        assert made.status_code == 201, made.text
        return made.json()

    def group(self, name, *members, **said):
        body = {"schemas": [f"{CORE}Group"], "displayName": name, "members": [{"value": one} for one in members]}
        made = self.ask("POST", "/Groups", body | said)
        assert made.status_code == 201, made.text
        return made.json()

    def patch(self, path, *operations, **more):
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **more)

    def found(self, filter, resource="Users", **query):  # noqa: A002
        answer = self.ask("GET", f"/{resource}", params={"filter": filter, **query})
        assert answer.status_code == 200, answer.text
        return answer.json().get("Resources", [])

    def employee(self, name):
        return self.world.client.get(f"/v1/employees/{name}", headers=self.header).json()


@pytest.fixture
def idp(world):
    return Provider(world, world.header(Scope.PEOPLE))
