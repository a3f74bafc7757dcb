"""A group gives its people what it stands for, and takes back that alone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from catalog import groups, people
from catalog.groups import Group, Kind
from catalog.ids import GroupId, new_id
from catalog.keys import Scope
from catalog.taxonomy import load
from curation import provisioning
from tests import make
from tests.api.scim.conftest import CORE, ENTERPRISE
from tests.make import NOW


@pytest.fixture
def ann(idp):
    return idp.user()["id"]


@pytest.fixture
def mapped(world):
    def say(name, *words, kind=Kind.NAME):
        with world.database.write() as connection:
            before = [
                each for each in groups.rules(connection, world.tenant) if provisioning.is_named(each, kind, name)
            ]
            rules = provisioning.rule(kind, name, words, load())
            groups.set_rules(connection, world.tenant, before, rules)
            provisioning.settle_all(connection, world.tenant, load(), NOW)

    return say


def functions(idp, name):
    return idp.employee(name)["functions"]


@pytest.mark.parametrize("name", ["Sales", "sales", "verkoop", " Verkoop ", "SALES"])
def test_a_group_that_is_called_as_a_function_gives_it(idp, ann, name):
    idp.group(name, ann)
    assert functions(idp, ann) == ["sales"]


@pytest.mark.parametrize("name", ["Sales EMEA", "everyone", "Iedereen", "All staff", "*", "sale"])
def test_any_other_name_gives_nothing(idp, ann, name):
    idp.group(name, ann)
    assert functions(idp, ann) == []


def test_what_was_mapped_holds_and_the_name_counts_no_longer(idp, ann, mapped):
    mapped("sales", "function=engineering", "region=emea")
    idp.group("Sales", ann)
    person = idp.employee(ann)
    assert (person["functions"], person["regions"]) == (["engineering"], ["emea"])
    mapped("SALES")
    person = idp.employee(ann)
    assert (person["functions"], person["regions"]) == ([], [])


def test_a_group_is_mapped_by_its_external_id(idp, ann, mapped):
    mapped("00g1", "function=sales", kind=Kind.EXTERNAL_ID)
    group = idp.group("Team 7", ann, externalId="00g1")
    assert functions(idp, ann) == ["sales"]
    idp.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "externalId", "value": "00g2"})
    assert functions(idp, ann) == []


def test_a_department_gives_only_what_it_was_mapped_to(idp, mapped):
    user = idp.user(**{ENTERPRISE: {"department": "Sales"}})
    assert functions(idp, user["id"]) == []
    mapped("sales", "function=sales", "unit=north", kind=Kind.DEPARTMENT)
    assert functions(idp, user["id"]) == ["sales"]
    idp.patch(f"/Users/{user['id']}", {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Legal"})
    person = idp.employee(user["id"])
    assert (person["functions"], person["units"]) == ([], [])


def test_leaving_takes_what_that_group_gave_and_nothing_else(idp, ann, mapped):
    mapped("Sales north", "function=sales", "region=north")
    first, second = idp.group("Sales", ann), idp.group("Sales north", ann)
    idp.world.client.patch(
        f"/v1/employees/{ann}", json={"functions": ["engineering"], "regions": ["north"]}, headers=idp.header
    )
    assert functions(idp, ann) == ["engineering", "sales"]
    leave = {"op": "remove", "path": f'members[value eq "{ann}"]'}
    idp.patch(f"/Groups/{second['id']}", leave)
    person = idp.employee(ann)
    assert (person["functions"], person["regions"]) == (["engineering", "sales"], ["north"])
    idp.patch(f"/Groups/{first['id']}", leave)
    person = idp.employee(ann)
    assert (person["functions"], person["regions"]) == (["engineering"], ["north"])


def test_what_the_api_sets_as_well_stays(idp, ann):
    group = idp.group("Sales", ann)
    idp.world.client.patch(f"/v1/employees/{ann}", json={"functions": ["sales"]}, headers=idp.header)
    idp.ask("DELETE", f"/Groups/{group['id']}")
    assert functions(idp, ann) == ["sales"]


def test_what_the_api_does_not_name_is_not_made_its_own(idp, ann):
    """A PATCH of something else, or a PUT without functions, leaves to the group what is the group's."""
    group = idp.group("Sales", ann)
    idp.world.client.patch(f"/v1/employees/{ann}", json={"name": "Ann", "units": ["north"]}, headers=idp.header)
    idp.world.client.put(f"/v1/employees/{ann}/interests", json={"topics": ["labour"]}, headers=idp.header)
    put = idp.world.client.put(
        f"/v1/employees/{ann}", json={"email": "ann@acme.example", "name": "A"}, headers=idp.header
    )
    assert put.json()["functions"] == ["sales"]
    idp.ask("DELETE", f"/Groups/{group['id']}")
    assert functions(idp, ann) == []


def test_renaming_a_group_changes_what_all_its_people_have(idp, ann):
    group = idp.group("Sales", ann)
    idp.patch(f"/Groups/{group['id']}", {"op": "replace", "value": {"displayName": "Engineering"}})
    assert functions(idp, ann) == ["engineering"]
    idp.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "Team 7"})
    assert functions(idp, ann) == []


@pytest.fixture
def crew(idp):
    return [idp.user(userName=f"p{number}@acme.example")["id"] for number in range(4)]


def members(idp, group):
    told = idp.ask("GET", f"/Groups/{group}").json()
    assert all(
        each["type"] == "User" and each["$ref"].endswith(f"/Users/{each['value']}") for each in told.get("members", [])
    )
    return {each["value"] for each in told.get("members", [])}


@pytest.mark.parametrize("whole", [False, True])
def test_members_come_and_go_in_every_way_that_providers_have(idp, crew, whole):
    """With `attributes` the group is read, changed and told; without it people join and leave unread."""
    group, (a, b, c, d) = idp.group("Sales", crew[0])["id"], crew
    query = {"params": {"attributes": "members"}} if whole else {}

    def after(*operations):
        answer = idp.patch(f"/Groups/{group}", *operations, **query)
        assert answer.status_code == (200 if whole else 204), answer.text
        have = {each for each in crew if functions(idp, each) == ["sales"]}
        assert have == members(idp, group)
        return have

    assert after({"op": "Add", "path": "members", "value": [{"value": b}, {"value": c}]}) == {a, b, c}
    assert after({"op": "add", "path": "members", "value": [{"value": b}]}) == {a, b, c}
    assert after({"op": "add", "value": {"members": [{"value": d, "display": "D"}]}}) == {a, b, c, d}
    assert after({"op": "remove", "path": f'members[value eq "{a}"]'}) == {b, c, d}
    assert after({"op": "Remove", "path": "members", "value": [{"value": b}, {"value": c}]}) == {d}
    assert after({"op": "replace", "path": "members", "value": [{"value": a}, {"value": b}]}) == {a, b}
    assert after({"op": "remove", "path": f'members[value eq "{a}" or value eq "{b}"]'}) == set()
    assert after({"op": "add", "path": f"{CORE}Group:members", "value": {"value": a}}) == {a}
    assert after({"op": "remove", "path": "members"}) == set()
    assert after({"op": "remove", "path": f'members[value eq "{a}"]'}) == set()
    both = (
        {"op": "add", "path": "members", "value": [{"value": c}]},
        {"op": "remove", "path": f'members[value eq "{c}"]'},
    )
    assert after(*both) == set()


@pytest.mark.parametrize("value", ["6f1c2c1e-0d5b-4c53-9d0e-0a4f4c1f7f11", "nobody", "", None, 7])
def test_nobody_joins_who_is_nobody_here(idp, crew, value):
    group = idp.group("Sales", crew[0])["id"]
    for refused in (
        idp.patch(
            f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": crew[1]}, {"value": value}]}
        ),
        idp.ask(
            "PUT",
            f"/Groups/{group}",
            {"schemas": [f"{CORE}Group"], "displayName": "Sales", "members": [{"value": value}]},
        ),
        idp.ask("POST", "/Groups", {"schemas": [f"{CORE}Group"], "displayName": "X", "members": [{"value": value}]}),
    ):
        assert refused.status_code == 400, refused.text
        assert refused.json()["scimType"] in ("invalidValue", "invalidSyntax")
    assert members(idp, group) == {crew[0]}
    assert functions(idp, crew[1]) == []


def test_a_put_says_who_is_in_it(idp, crew):
    group = idp.group("Sales", *crew[:2])
    body = {"schemas": [f"{CORE}Group"], "displayName": "Sales", "members": [{"value": crew[2]}]}
    told = idp.ask("PUT", f"/Groups/{group['id']}", body).json()
    assert [each["value"] for each in told["members"]] == [crew[2]]
    assert [functions(idp, each) for each in crew] == [[], [], ["sales"], []]


def test_a_user_is_told_their_groups_and_a_group_can_leave_out_its_members(idp, ann):
    group = idp.group("Sales", ann)
    told = idp.ask("GET", f"/Users/{ann}").json()
    assert [(each["value"], each["display"]) for each in told["groups"]] == [(group["id"], "Sales")]
    for query in ({"excludedAttributes": "members"}, {"attributes": "displayName"}):
        for found in idp.found('displayName eq "sales"', "Groups", **query):
            assert "members" not in found
    assert [each["id"] for each in idp.found(f'members eq "{ann}"', "Groups")] == [group["id"]]


def test_an_erased_person_is_in_no_group(idp, ann):
    group = idp.group("Sales", ann)["id"]
    idp.ask("DELETE", f"/Users/{ann}")
    assert members(idp, group) == set()
    assert idp.ask("DELETE", f"/Groups/{group}").status_code == 204
    assert idp.ask("GET", f"/Groups/{group}").status_code == 404


def test_a_feed_follows_the_groups_at_once(idp, world):
    """The way of one new employee: nothing, what is for all, what is for their function, what is for all again."""
    ann = idp.user()["id"]
    recommend = world.header(Scope.RECOMMEND)

    def titles():
        feed = world.client.get(f"/v1/employees/{ann}/feed", headers=recommend).json()
        return feed.get("code") or {each["article"]["title"] for each in feed["items"]}

    assert titles() == "not_opted_in"
    world.client.put(f"/v1/employees/{ann}/consent", json={"opted_in": True}, headers=idp.header)
    assert titles() == {"For *"}
    group = idp.group("Sales", ann)["id"]
    assert titles() == {"For *", "For sales"}
    idp.patch(f"/Groups/{group}", {"op": "remove", "path": "members"})
    assert titles() == {"For *"}
    idp.patch(f"/Users/{ann}", {"op": "Replace", "path": "active", "value": "False"})
    assert titles() == "deactivated"
    idp.patch(f"/Users/{ann}", {"op": "Replace", "path": "active", "value": "True"})
    assert titles() == {"For *"}


def test_a_concept_that_is_in_use_no_longer_is_given_to_nobody(idp, ann, mapped, world):
    mapped("Team", "function=sales")
    idp.group("Team", ann)
    words = load()
    functions_left = {name: concept for name, concept in words.facets["function"].items() if name != "sales"}
    less = type(words)(words.version, words.digest, {**words.facets, "function": functions_left})
    with world.database.write() as connection:
        provisioning.settle_all(connection, world.tenant, less, NOW)
        assert people.get(connection, world.tenant, ann).axes == {}


def test_the_answer_of_the_api_tells_what_groups_give_beside_what_is_set(idp, ann):
    path = f"/v1/employees/{ann}"
    idp.world.client.patch(path, json={"functions": ["sales"]}, headers=idp.header)
    idp.group("Sales", ann)
    told = idp.world.client.patch(path, json={"functions": []}, headers=idp.header).json()
    assert told["functions"] == ["sales"] == functions(idp, ann)


def test_two_who_put_the_same_person_into_groups_at_once_take_nothing_from_each_other(postgres_database, tenant):
    """One waits for the other, and then works with what that one has done."""
    now, person = NOW, make.employee(axes={})
    them = [Group(GroupId(new_id()), name, None, now, now) for name in ("Sales", "Engineering")]
    with postgres_database.write() as connection:
        people.upsert(connection, tenant, [person])
        for each in them:
            groups.save(connection, tenant, each)
    began = Barrier(2)

    def join(group):
        with postgres_database.write() as connection:
            groups.join(connection, tenant, group.id, [person.id])
            began.wait(10)
            provisioning.settle(connection, tenant, load(), [person.id], now)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(join, them))
    with postgres_database.read() as connection:
        assert people.get(connection, tenant, person.id).axes == {"function": {"sales", "engineering"}}
