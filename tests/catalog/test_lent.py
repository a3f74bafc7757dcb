"""Values that are set and values that are lent lie side by side, and neither takes the other along."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import inspect

from catalog import audiences, groups, people, provisioned
from catalog.groups import Group
from catalog.ids import GroupId, new_id
from catalog.people import PersonExists
from catalog.provisioned import Said, UserNameTaken
from tests import make
from tests.make import NOW

SALES = {"function": frozenset({"sales"})}
BOTH = {"function": frozenset({"sales", "engineering"}), "region": frozenset({"emea"})}
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def ann(database, tenant):
    person = make.employee(email="ann@acme.example", axes={"unit": frozenset({"north"})})
    with database.write() as connection:
        people.save(connection, tenant, person, "test", NOW)
    return person.id


def test_what_is_lent_is_had_and_is_taken_back(database, tenant, ann):
    with database.write() as connection:
        assert people.lend(connection, tenant, {ann: {"g1": BOTH, "g2": SALES}}, LATER) == 1
        assert people.lend(connection, tenant, {ann: {"g1": BOTH, "g2": SALES}}, LATER) == 0
        person = people.get(connection, tenant, ann)
        assert person.axes == BOTH | {"unit": {"north"}}
        assert (person.own, person.lent) == ({"unit": {"north"}}, BOTH)
        assert people.changed_at(connection, tenant, [ann]) == {ann: LATER}
        people.lend(connection, tenant, {ann: {"g2": SALES}}, LATER)
        assert people.get(connection, tenant, ann).axes == SALES | {"unit": {"north"}}
        people.lend(connection, tenant, {ann: {}}, LATER)
        assert people.get(connection, tenant, ann).axes == {"unit": {"north"}}


def test_a_value_of_two_origins_counts_as_one_person(database, tenant, ann):
    with database.write() as connection:
        people.save(connection, tenant, people.get(connection, tenant, ann).owning(SALES), "test", NOW)
        people.lend(connection, tenant, {ann: {"g1": SALES, "g2": SALES}}, NOW)
        assert people.by_value(connection, tenant)["function", "sales"] == 1
        article = make.store_live(connection, tenant, make.audience("sales"))
        assert audiences.violations(connection, tenant, ann, [article.id], ("function",), NOW) == []
        people.lend(connection, tenant, {ann: {}}, NOW)
        assert people.get(connection, tenant, ann).own == SALES


def test_a_roster_sets_what_it_says_and_leaves_what_is_lent(database, tenant, ann):
    with database.write() as connection:
        people.lend(connection, tenant, {ann: {"g1": SALES}}, NOW)
        listed = make.employee(email="ann@acme.example", axes={"region": frozenset({"emea"})})
        people.upsert(connection, tenant, [listed])
        person = people.get(connection, tenant, ann)
    assert (person.own, person.lent) == ({"region": {"emea"}}, SALES)


def test_what_was_said_follows_what_is_changed_elsewhere(database, tenant, ann):
    said = Said("ann", "Ann", email="ann@acme.example", email_type="home")
    with database.write() as connection:
        provisioned.keep(connection, tenant, ann, said)
        person = people.get(connection, tenant, ann)
        people.save(connection, tenant, replace(person, name="Zoë", email="zoe@acme.example"), "test", NOW)
        after = provisioned.many(connection, tenant, [ann])[ann]
        assert (after.user_name, after.display_name, after.email, after.email_type) == (
            "ann",
            "Zoë",
            "zoe@acme.example",
            "work",
        )
        people.upsert(connection, tenant, [make.employee(email="zoe@acme.example", name="Z.")])
        assert provisioned.many(connection, tenant, [ann])[ann].display_name == "Z."


def test_a_user_name_is_one_persons_whatever_its_capitals(database, tenant, ann):
    bob = make.employee(email="bob@acme.example", external_id="1")
    with database.write() as connection:
        people.save(connection, tenant, bob, "test", NOW)
        provisioned.keep(connection, tenant, ann, Said("Ann\u00e9"))
        for taken in ("ann\u00e9", "ANNE\u0301"):  # the same letter, written in two ways
            with pytest.raises(UserNameTaken):
                provisioned.keep(connection, tenant, bob.id, Said(taken))
        provisioned.keep(connection, tenant, bob.id, Said("ann"))
        with pytest.raises(UserNameTaken):  # the address of somebody of whom nothing was said is their user name
            carl = make.employee(email="carl@acme.example")
            people.save(connection, tenant, carl, "test", NOW)
            provisioned.keep(connection, tenant, bob.id, Said("Carl@acme.example"))
        with pytest.raises(PersonExists):
            people.save(connection, tenant, replace(carl, external_id="1"), "test", NOW)


def test_an_erased_person_leaves_nothing(database, tenant, ann):
    group = Group(GroupId(new_id()), "Sales", None, NOW, NOW)
    with database.write() as connection:
        provisioned.keep(connection, tenant, ann, Said("ann"))
        groups.save(connection, tenant, group)
        groups.join(connection, tenant, group.id, [ann, ann])
        groups.join(connection, tenant, group.id, [ann])
        people.lend(connection, tenant, {ann: {group.id: SALES}}, NOW)
        people.erase(connection, tenant, ann)
        assert groups.members(connection, tenant, [group.id]) == {group.id: set()}
        assert provisioned.many(connection, tenant, [ann]) == {}
        assert people.by_value(connection, tenant) == {}


def test_one_value_may_have_several_origins_in_the_tables_as_they_are(database):
    with database.read() as connection:
        key = inspect(connection).get_pk_constraint("memberships")["constrained_columns"]
    assert key == ["tenant_id", "employee_id", "axis", "value", "origin"]
