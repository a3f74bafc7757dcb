"""`sluis scim …`: an administrator says what groups give, and sees what follows from it."""

import json

import pytest

from catalog import groups, people, provisioned
from catalog.clock import utcnow
from catalog.groups import Group
from catalog.ids import GroupId, new_id
from catalog.provisioned import Said
from tests import make


@pytest.fixture
def people_and_groups(shell):
    """Two people in a group of which nothing can be guessed, and one with a department."""
    shell("init")
    now, them = utcnow(), [make.employee(email=f"{name}@acme.example") for name in ("ann", "bob", "eve")]
    group = Group(GroupId(new_id()), "EMEA account team", "00g1", now, now)
    with shell.database.write() as connection:
        people.upsert(connection, shell.tenant, them)
        groups.save(connection, shell.tenant, group)
        groups.join(connection, shell.tenant, group.id, [each.id for each in them[:2]])
        provisioned.keep(
            connection, shell.tenant, them[2].id, Said("eve", department="Sales NL", email="eve@acme.example")
        )
    return shell


def functions(shell):
    listed = json.loads(shell("people", "list", "--json"))
    return {each["email"].partition("@")[0]: each["axes"].get("function", []) for each in listed}


def row(shell, **wanted):
    rows = json.loads(shell("scim", "list", "--json"))
    return next(each for each in rows if wanted.items() <= each.items())


def test_a_group_gives_what_it_was_mapped_to_until_it_is_not(people_and_groups):
    shell = people_and_groups
    told = row(shell, name="EMEA account team")
    assert (told["people"], told["gives"], told["why"]) == (2, {}, "nothing said")
    assert "2 employees changed" in shell("scim", "map", "emea Account team", "function=sales", "region=emea")
    assert functions(shell) == {"ann": ["sales"], "bob": ["sales"], "eve": []}
    told = row(shell, name="EMEA account team")
    assert (told["gives"], told["why"]) == ({"function": ["sales"], "region": ["emea"]}, "mapped")
    assert "0 employees changed" in shell("scim", "map", "EMEA account team", "function=sales", "region=emea")
    assert len(json.loads(shell("scim", "list", "--json"))) == 1  # capitals make no second mapping
    assert "2 employees changed" in shell("scim", "map", "EMEA account team", "--nothing")
    assert "0 employees" not in shell("scim", "map", "00g1", "function=engineering", "--external-id")
    assert "was not mapped" in shell.fails("scim", "unmap", "Else")
    shell("scim", "unmap", "EMEA account team")
    assert functions(shell)["ann"] == ["engineering"]
    assert "2 employees changed" in shell("scim", "unmap", "00g1", "--external-id")
    assert functions(shell) == {"ann": [], "bob": [], "eve": []}


def test_a_department_is_mapped_and_listed(people_and_groups):
    shell = people_and_groups
    assert "1 employee changed" in shell("scim", "map", "Sales NL", "function=sales", "--department")
    assert functions(shell)["eve"] == ["sales"]
    assert row(shell, kind="department")["gives"] == {"function": ["sales"]}
    assert "mapped, no such group yet" in shell("scim", "map", "Later", "unit=x") + shell("scim", "list")


def test_what_is_worked_out_anew_is_the_same(people_and_groups):
    shell = people_and_groups
    shell("scim", "map", "EMEA account team", "function=sales")
    assert "0 employees changed" in shell("scim", "apply")
    with shell.database.write() as connection:
        people.lend(
            connection, shell.tenant, {each.id: {} for each in people.every(connection, shell.tenant)}, utcnow()
        )
    assert "2 employees changed" in shell("scim", "apply")
    assert functions(shell)["ann"] == ["sales"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("X",), "say what it gives"),
        (("X", "function=sales", "--nothing"), "say what it gives"),
        (("X", "function=astronaut"), "there is no function"),
        (("X", "function=everyone"), "only a tag"),
        (("X", "function=*"), "there is no function"),
        (("X", "topic=labour"), "maps to nothing"),
        (("X", "region"), "maps to nothing"),
        (("X", "language=dutch"), "is no language"),
        ((" ", "function=sales"), "the name of a group"),
        (("x" * 257, "function=sales"), "the name of a group"),
        (("X", "function=sales", "--department", "--external-id"), "no external id"),
    ],
)
def test_what_cannot_be_mapped_is_refused(shell, words, told):
    shell("init")
    assert told in shell.fails("scim", "map", *words)
    assert json.loads(shell("scim", "list", "--json")) == []
