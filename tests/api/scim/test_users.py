"""Users of a provider are employees: who they are follows, what they consented to is theirs."""

import pytest

from catalog import consents
from catalog.keys import Scope
from tests.api.scim.conftest import CORE, ENTERPRISE
from tests.make import NOW

ANN = {
    "userName": "ADE01",
    "externalId": "4711",
    "name": {"givenName": "Ann", "familyName": "de Wit"},
    "emails": [
        {"value": "ann@home.example", "type": "home"},
        {"value": "Ann@Acme.example", "type": "work"},
    ],
    "preferredLanguage": "nl-NL",
    "active": True,
}


def test_a_user_becomes_an_employee_who_has_not_opted_in(idp):
    told = idp.user(**ANN, phoneNumbers=[{"value": "1"}], title="Boss")
    assert (told["userName"], told["externalId"], told["active"]) == ("ADE01", "4711", True)
    assert told["emails"] == [{"value": "ann@acme.example", "type": "work"}]
    assert "phoneNumbers" not in told
    person = idp.employee("ext:4711")
    assert (person["id"], person["email"], person["name"]) == (told["id"], "ann@acme.example", "Ann de Wit")
    assert (person["languages"], person["functions"]) == (["nl"], [])
    assert (person["opted_in"], person["active"]) == (False, True)
    assert idp.ask("GET", f"/Users/{told['id']}").json() == told
    assert told["meta"]["location"].endswith(f"/scim/v2/Users/{told['id']}")


@pytest.mark.parametrize(
    ("said", "email"),
    [
        ({"userName": "Bob@Acme.example"}, "bob@acme.example"),
        ({"userName": "bob", "emails": [{"value": "b@a.example"}]}, "b@a.example"),
        (
            {
                "userName": "bob",
                "emails": [
                    {"value": "h@a.example", "type": "home", "primary": True},
                    {"value": "w@a.example", "type": "work"},
                ],
            },
            "h@a.example",
        ),
    ],
)
def test_which_address_is_used(idp, said, email):
    assert idp.employee(idp.user(**said)["id"])["email"] == email


def test_without_an_address_there_is_nobody(idp):
    refused = idp.ask("POST", "/Users", {"schemas": [f"{CORE}User"], "userName": "bob"})
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
    assert "send emails" in refused.json()["detail"]


def test_two_users_share_neither_name_nor_address(idp):
    idp.user(userName="ann@acme.example")
    for body in ({"userName": "ANN@acme.example"}, {"userName": "other", "emails": [{"value": "ann@acme.example"}]}):
        refused = idp.ask("POST", "/Users", {"schemas": [f"{CORE}User"]} | body)
        assert (refused.status_code, refused.json()["scimType"]) == (409, "uniqueness")
    taken = idp.ask(
        "POST",
        "/Users",
        {
            "schemas": [f"{CORE}User"],
            "userName": "Ann@Acme.example",
            "emails": [{"value": "else@acme.example"}],
        },
    )
    assert (taken.status_code, taken.json()["scimType"]) == (409, "uniqueness")


def test_whoever_was_there_before_is_found_and_taken_over(idp, world):
    email = world.seller.email
    found = idp.found(f'userName eq "{email.upper()}"')
    assert [(each["id"], each["displayName"]) for each in found] == [(world.seller.id, world.seller.name)]
    assert found[0]["emails"] == [{"value": email, "type": "work", "primary": True}]
    changed = idp.patch(f"/Users/{world.seller.id}", {"op": "add", "path": "externalId", "value": "x-1"})
    assert (changed.status_code, changed.json()["externalId"]) == (200, "x-1")
    person = idp.employee("ext:x-1")
    assert (person["functions"], person["opted_in"], person["languages"]) == (["sales"], True, ["en"])


def test_what_somebody_else_changed_is_told(idp):
    user = idp.user(**ANN)
    idp.world.client.patch(
        "/v1/employees/ext:4711", json={"email": "new@acme.example", "name": "A. Wit"}, headers=idp.header
    )
    told = idp.ask("GET", f"/Users/{user['id']}").json()
    assert told["displayName"] == "A. Wit"
    assert told["emails"] == [{"value": "new@acme.example", "type": "work", "primary": True}]
    assert told["meta"]["version"] != user["meta"]["version"]


def test_a_put_replaces_and_what_is_left_out_is_gone(idp):
    user = idp.user(**ANN)
    put = idp.ask(
        "PUT",
        f"/Users/{user['id']}",
        {"schemas": [f"{CORE}User"], "userName": "ann@acme.example", "displayName": "Ann"},
    )
    told = put.json()
    assert put.status_code == 200
    assert {"name", "externalId", "preferredLanguage", "emails"}.isdisjoint(told)
    person = idp.employee(user["id"])
    assert (person["name"], person["external_id"], person["languages"]) == ("Ann", None, [])


def test_active_and_consent_are_two_things(idp, world):
    user = idp.user(**ANN)
    world.client.put(f"/v1/employees/{user['id']}/consent", json={"opted_in": True}, headers=idp.header)
    for active in (False, True, False):
        idp.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": active})
        person = idp.employee(user["id"])
        assert (person["active"], person["opted_in"]) == (active, True)
    idp.ask("PUT", f"/Users/{user['id']}", {"schemas": [f"{CORE}User"], "userName": "ann@acme.example"})
    assert idp.employee(user["id"])["active"] is False  # nothing said of it: it stays
    with world.database.read() as connection:
        answers = consents.every(connection, world.tenant, user["id"])
    assert [(each.opted_in, each.at) for each in answers] == [(True, NOW)]


ENTRA = [
    ([{"op": "Replace", "path": "active", "value": "False"}], lambda told: told["active"] is False),
    ([{"op": "Replace", "value": {"active": "False"}}], lambda told: told["active"] is False),
    (
        [{"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Sales"}],
        lambda told: told[ENTERPRISE] == {"department": "Sales"},
    ),
    (
        [{"op": "Replace", "value": {f"{ENTERPRISE}:department": "Sales"}}],
        lambda told: told[ENTERPRISE] == {"department": "Sales"},
    ),
    (
        [{"op": "Replace", "value": {"name.givenName": "Anna", "displayName": "Anna"}}],
        lambda told: told["name"]["givenName"] == "Anna" and told["displayName"] == "Anna",
    ),
    (
        [{"op": "Replace", "path": 'emails[type eq "work"].value', "value": "a2@acme.example"}],
        lambda told: told["emails"][0]["value"] == "a2@acme.example",
    ),
    (
        [{"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "1"}],
        lambda told: "phoneNumbers" not in told,
    ),
    (
        [{"op": "Remove", "path": "displayName"}, {"op": "Add", "path": "title", "value": "Boss"}],
        lambda told: "title" not in told,
    ),
    ([{"op": "Remove", "path": "name.familyName"}], lambda told: told["name"] == {"givenName": "Ann"}),
]


@pytest.mark.parametrize(("operations", "holds"), ENTRA)
def test_what_entra_sends_is_understood(idp, operations, holds):
    user = idp.user(**ANN)
    answer = idp.patch(f"/Users/{user['id']}", *operations)
    assert answer.status_code == 200, answer.text
    assert holds(answer.json()), answer.json()
    assert idp.ask("GET", f"/Users/{user['id']}").json() == answer.json()


def test_entra_adds_an_address_that_is_not_there_yet(idp):
    user = idp.user(userName="ann@acme.example")
    told = idp.patch(
        f"/Users/{user['id']}", {"op": "Add", "path": 'emails[type eq "work"].value', "value": "w@acme.example"}
    )
    assert told.json()["emails"] == [{"type": "work", "value": "w@acme.example"}]
    assert idp.employee(user["id"])["email"] == "w@acme.example"


def test_a_patch_is_whole_or_nothing(idp):
    user = idp.user(**ANN)
    refused = idp.patch(
        f"/Users/{user['id']}",
        {"op": "replace", "path": "displayName", "value": "X"},
        {"op": "replace", "path": "emails", "value": [{"value": "no address"}]},
    )
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
    assert idp.ask("GET", f"/Users/{user['id']}").json() == user


def test_a_version_that_is_gone_is_not_changed(idp):
    user = idp.user(**ANN)
    path, change = f"/Users/{user['id']}", {"op": "replace", "path": "displayName", "value": "X"}
    tag = user["meta"]["version"]
    assert idp.ask("GET", path).headers["etag"] == tag
    assert idp.ask("GET", path, headers={"If-None-Match": tag}).status_code == 304
    assert idp.patch(path, change, headers={"If-Match": tag}).status_code == 200
    for refused in (
        idp.patch(path, change, headers={"If-Match": tag}),
        idp.ask("PUT", path, {"schemas": [f"{CORE}User"], **ANN}, headers={"If-Match": tag}),
        idp.ask("DELETE", path, headers={"If-Match": tag}),
    ):
        assert (refused.status_code, refused.json()["status"]) == (412, "412")


def test_a_deleted_user_is_erased(idp, world):
    assert world.feed(world.seller).status_code == 200
    assert idp.ask("DELETE", f"/Users/{world.seller.id}").status_code == 204
    assert idp.ask("DELETE", f"/Users/{world.seller.id}").status_code == 404
    assert world.feed(world.seller).status_code == 404


def test_pages_tell_everybody_once(idp):
    for number in range(7):
        idp.user(userName=f"p{number}@acme.example")
    seen, start = [], 1
    while True:
        page = idp.ask("GET", "/Users", params={"startIndex": start, "count": 4}).json()
        assert (page["totalResults"], page["startIndex"]) == (9, start)
        if not page["itemsPerPage"]:
            break
        seen += [each["id"] for each in page["Resources"]]
        start += 4
    assert len(seen) == len(set(seen)) == 9
    assert idp.ask("GET", "/Users", params={"count": 0}).json()["totalResults"] == 9
    assert len(idp.ask("GET", "/Users", params={"count": 100_000}).json()["Resources"]) == 9
    assert idp.ask("GET", "/Users", params={"startIndex": 10**30}).json()["itemsPerPage"] == 0


def test_only_the_attributes_that_were_asked_for(idp):
    user = idp.user(**ANN)
    told = idp.ask("GET", f"/Users/{user['id']}", params={"attributes": "userName,emails.value"}).json()
    assert set(told) - {"schemas", "meta"} == {"id", "userName", "emails"}
    assert told["emails"] == [{"value": "ann@acme.example"}]
    assert "name" not in idp.ask("GET", "/Users", params={"excludedAttributes": "name"}).json()["Resources"][0]
    posted = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": 'userName eq "ade01"'}
    assert [each["id"] for each in idp.ask("POST", "/Users/.search", posted).json()["Resources"]] == [user["id"]]


def test_their_right_to_see_what_is_kept_covers_it(idp):
    user = idp.user(**ANN)
    idp.group("Sales", user["id"])
    kept = idp.world.client.get(f"/v1/employees/{user['id']}/data", headers=idp.header).json()["kept"]
    assert [each["user_name"] for each in kept["provisioned"]] == ["ADE01"]
    assert [each["display_name"] for each in kept["groups"]] == ["Sales"]


def test_no_other_key_opens_it(world):
    for scope in set(Scope) - {Scope.PEOPLE}:
        answer = world.client.get("/scim/v2/Users", headers=world.header(scope))
        assert (answer.status_code, answer.json()["status"]) == (403, "403")
    answer = world.client.get("/scim/v2/Users")
    assert (answer.status_code, answer.json()["schemas"]) == (401, ["urn:ietf:params:scim:api:messages:2.0:Error"])
    assert answer.headers["www-authenticate"] == "Bearer"
