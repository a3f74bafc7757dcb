"""Why this, why not, and for whom: answers that agree with what is really shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from catalog import articles, people
from catalog.consents import Consent
from catalog.ids import new_id
from catalog.keys import Scope
from catalog.records import State
from models.heuristic import HeuristicRanker
from ranking.features import NAMES
from tests import make
from tests.make import NOW


@pytest.fixture
def why(world):
    header = world.header(Scope.RECOMMEND, Scope.CONTENT)
    return lambda path, **query: world.client.get(f"/v1{path}", params=query, headers=header)


def test_a_place_is_explained_by_what_it_was_ranked_by(world, why):
    feed = world.feed(world.seller).json()
    item = feed["items"][0]
    told = why(f"/explain/{feed['slate_id']}/{item['article']['id']}", language="nl").json()
    assert (told["position"], told["score"], told["ranker"]) == (1, item["score"], feed["ranker"])
    assert [reason["code"] for reason in told["reasons"]] == [reason["code"] for reason in item["reasons"]]
    assert "Bedoeld" in told["reasons"][-1]["text"] or "Nieuw" in str(told["reasons"])
    assert {feature["name"] for feature in told["features"]} == set(NAMES)
    assert all(feature["unit"] and feature["why"] for feature in told["features"])
    assert 0 < told["propensity"] <= 1


def test_what_features_added_sums_to_the_score(world, why):
    feed = world.feed(world.seller).json()
    path = f"/explain/{feed['slate_id']}/{feed['items'][0]['article']['id']}"
    gone = why(path).json()
    assert (gone["base"], {feature["added"] for feature in gone["features"]}) == (None, {None})
    wired = replace(world.client.app.state.services, ranked_by=lambda _: HeuristicRanker())
    client = TestClient(create_app(wired), headers=world.header(Scope.RECOMMEND))
    told = client.get(f"/v1{path}").json()
    added = [feature["added"] for feature in told["features"] if feature["added"] is not None]
    assert any(added)
    assert told["base"] + sum(added) == pytest.approx(told["score"])


def test_nothing_is_told_of_a_slate_that_is_not_there_or_lacks_the_article(world, why):
    feed = world.feed(world.seller).json()
    hidden = world.meant["engineering"].id
    answers = [why(f"/explain/{feed['slate_id']}/{hidden}"), why(f"/explain/{new_id()}/{hidden}")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()


def eligible(why, person, article, **query):
    told = why(f"/employees/{person.id}/eligibility/{article.id}", **query).json()
    return told["eligible"], [rule["code"] for rule in told["rules"] if not rule["holds"]], told


def test_eligibility_says_what_the_feed_does(world, why):
    for person in (world.seller, world.engineer):
        shown = {item["article"]["id"] for item in world.feed(person).json()["items"]}
        for article in world.meant.values():
            holds, closed, told = eligible(why, person, article)
            assert holds == (article.id in shown)
            assert closed == ([] if holds else ["axis"])
    *_, told = eligible(why, world.seller, world.meant["engineering"], language="nl")
    assert told["rules"][-1]["text"] == "Op function is het voor engineering, niet voor sales"


def test_each_rule_is_told_by_itself(world, why):
    with world.database.write() as connection:
        late = make.store_live(connection, world.tenant, make.audience("*"), live_from=NOW + timedelta(days=1))
        gone = make.store_live(connection, world.tenant, make.audience("*"), expires_at=NOW - timedelta(hours=1))
        nobody = make.store_live(connection, world.tenant, None)
        known = articles.get(connection, world.tenant, world.meant["*"].id)
        articles.move(connection, world.tenant, known, State.WITHDRAWN)
        people.set_opted_in(connection, world.tenant, world.seller.id, Consent(NOW, False, "test"))
    for article, code in ((late, "started"), (gone, "not_expired"), (nobody, "axis"), (known, "approved")):
        holds, closed, told = eligible(why, world.seller, article)
        assert (holds, closed) == (False, ["opted_in", code])
        assert all(rule["text"] and "{" not in rule["text"] for rule in told["rules"])


def test_for_whom_an_article_is_and_how_many_it_reaches(world, why):
    told = why(f"/articles/{world.meant['sales'].id}/audience").json()
    assert (told["audience"], told["reach"]) == ({"function": ["sales"]}, None)  # one seller: too few to be told
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [make.employee("sales") for _ in range(4)])
        away = replace(make.employee("sales"), opted_in=False)
        people.upsert(connection, world.tenant, [away])
        nobody = make.store_live(connection, world.tenant, None)
    told = why(f"/articles/{world.meant['sales'].id}/audience").json()
    assert (told["reach"], told["origin"]) == (5, "person")
    told = why(f"/articles/{nobody.id}/audience").json()
    assert (told["audience"], told["origin"], told["reach"]) == (None, None, 0)


def test_groups_are_counted_and_small_ones_are_not_told(world):
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [make.employee("sales") for _ in range(4)])
        people.upsert(connection, world.tenant, [make.employee("hr", opted_in=False)])
    for scope in (Scope.CONTENT, Scope.CURATE):
        told = world.client.get("/v1/audiences", headers=world.header(scope)).json()["axes"]
        assert (told["function"]["hard"], told["region"]) == (True, {"hard": False, "values": []})
        assert [tuple(group.values()) for group in told["function"]["values"]] == [
            ("*", 0, 1),
            ("engineering", None, 1),
            ("sales", 5, 1),
        ]
    assert world.client.get("/v1/audiences", headers=world.header(Scope.PEOPLE)).status_code == 403
