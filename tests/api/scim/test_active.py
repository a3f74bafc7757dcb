"""Whoever a provider deactivated gets nothing, on any way that leads to a person; and all of it again afterwards."""

from dataclasses import replace

import pytest

from api.history import Past, Refused
from catalog import audiences, exports, people
from catalog.keys import Scope
from curation import reasons
from ranking.feed import Deactivated
from ranking.picks import Picker, PickOptions
from tests.make import NOW


@pytest.fixture
def feeds(world):
    return world.client.app.state.services.feeds(world.tenant)


def pick(world, feeds):
    return Picker(world.tenant, feeds, PickOptions()).make(world.database, NOW.date(), lambda: NOW, lambda _: None)


def everything(world, address):
    """What one seller gets on every way that leads to a person: how much of it, or the code that it is refused with."""
    recommend, article = world.header(Scope.RECOMMEND), world.meant["sales"]

    def told(answer, name="items"):
        return answer.json().get("code") or len(answer.json()[name])

    path = f"/v1/employees/{world.seller.id}"
    rank = {"employee": world.seller.id, "articles": [article.id]}
    why = world.client.get(f"{path}/eligibility/{article.id}", headers=recommend).json()
    with world.database.read() as connection:
        taking_part = world.seller.id in exports.participants(connection, world.tenant)
        counted = people.by_value(connection, world.tenant).get(("function", "sales"), 0)
        reach = reasons.reach(connection, world.tenant, article.id, 1)
        closed = audiences.violations(connection, world.tenant, world.seller.id, [article.id], ("function",), NOW)
    return {
        "feed": told(world.feed(world.seller)),
        "rank": told(world.client.post("/v1/rank", json=rank, headers=recommend)),
        "picks": told(world.client.get(f"{path}/picks?day={NOW.date()}", headers=recommend)),
        "syndication": told(world.client.get(address)),
        "eligible": (why["eligible"], [rule["code"] for rule in why["rules"] if not rule["holds"]]),
        "export": taking_part,
        "counts": (counted, reach, len(closed)),
    }


def test_nothing_reaches_them_until_they_are_back(idp, world, feeds):
    assert pick(world, feeds).made == 2
    address = world.client.post(f"/v1/employees/{world.seller.id}/syndication", headers=idp.header).json()["json_feed"]
    before = everything(world, address)
    assert before == {
        "feed": 2,
        "rank": 1,
        "picks": 2,
        "syndication": 2,
        "eligible": (True, []),
        "export": True,
        "counts": (1, 1, 0),
    }
    user = f"/Users/{world.seller.id}"
    idp.patch(user, {"op": "Replace", "path": "active", "value": "False"})
    assert everything(world, address) == {
        "feed": "deactivated",
        "rank": "deactivated",
        "picks": 0,
        "syndication": 0,
        "eligible": (False, ["active"]),
        "export": False,
        "counts": (0, 0, 1),
    }
    idp.patch(user, {"op": "Replace", "path": "active", "value": "True"})
    assert everything(world, address) == before


def test_no_picks_are_made_and_no_history_is_taken_in(idp, world, feeds):
    draft = feeds.draft(world.database, world.seller, NOW, 3)
    idp.patch(f"/Users/{world.seller.id}", {"op": "replace", "value": {"active": False}})
    assert pick(world, feeds).made == 1  # the engineer's
    with pytest.raises(Deactivated):
        feeds.hand_out(world.database, draft)  # ranked before, handed out after
    with world.database.read() as connection:
        past = Past(connection, world.tenant, NOW)
        with pytest.raises(Refused, match="deactivated"):
            past.event(world.seller.id, world.meant["sales"].id, "open", NOW)


def test_neither_a_roster_nor_the_api_brings_anybody_back(idp, world):
    idp.patch(f"/Users/{world.seller.id}", {"op": "replace", "value": {"active": False}})
    said = {"email": world.seller.email, "name": "S", "functions": ["sales"]}
    world.client.put(f"/v1/employees/{world.seller.id}", json=said, headers=idp.header)
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [replace(world.seller, name="T")])
    world.client.put(f"/v1/employees/{world.seller.id}/consent", json={"opted_in": True}, headers=idp.header)
    person = idp.employee(world.seller.id)
    assert (person["active"], person["opted_in"]) == (False, True)
    assert world.feed(world.seller).json()["code"] == "deactivated"
