"""The feed over HTTP: only what is meant for the person, explained, stable; and what bad requests get."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from catalog import articles, people
from catalog.errors import ArtefactMismatch
from catalog.keys import Scope
from catalog.records import State
from ranking.feed import FeedService
from tests import make


def titles(answer):
    return {item["article"]["title"] for item in answer.json()["items"]}


def test_everybody_gets_what_is_for_them_and_nothing_else(world):
    assert titles(world.feed(world.seller)) == {"For sales", "For *"}
    assert titles(world.feed(world.engineer)) == {"For engineering", "For *"}


def test_reasons_come_in_both_languages(world):
    for language in ("nl", "en"):
        items = world.feed(world.seller, language=language).json()["items"]
        assert all(reason["text"] and reason["code"] for item in items for reason in item["reasons"])
        assert all(item["reasons"] for item in items)
    dutch, english = (world.feed(world.seller, language=language).json()["items"] for language in ("nl", "en"))
    assert {r["text"] for i in dutch for r in i["reasons"]}.isdisjoint(r["text"] for i in english for r in i["reasons"])


def test_the_answer_says_whether_and_why_the_heuristic_stood_in(world, monkeypatch):
    assert world.feed(world.engineer).json()["degraded_reason"] is None

    def damaged(*_):
        raise ArtefactMismatch("model.txt is not the file that was signed")

    monkeypatch.setattr(FeedService, "_ranker_of", damaged)
    first, again = world.feed(world.seller).json(), world.feed(world.seller).json()
    assert (first["degraded"], first["degraded_reason"]) == (True, "artefact_mismatch")
    assert titles(world.feed(world.seller)) == {"For sales", "For *"}
    assert again == first


def test_asking_again_gives_the_same_slate(world):
    assert world.feed(world.seller).json() == world.feed(world.seller).json()


def test_a_withdrawn_article_is_gone_at_once(world):
    assert "For sales" in titles(world.feed(world.seller))
    with world.database.write() as connection:
        articles.move(connection, world.tenant, world.meant["sales"], State.WITHDRAWN)
    assert titles(world.feed(world.seller)) == {"For *"}


def test_who_did_not_opt_in_gets_nothing(world):
    away = make.employee("sales", opted_in=False)
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [away])
    answer = world.feed(away)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_opted_in")


def test_an_unknown_employee_is_a_404_with_the_remedy(world):
    answer = world.feed(make.employee())
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_employee")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": -1}, {"limit": 51}, {"limit": "x"}, {"language": "xx"}])
def test_bad_queries_are_named(world, query):
    answer = world.feed(world.seller, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert next(iter(query)) in answer.json()["detail"]


def test_without_a_key_or_with_the_wrong_one_nothing_is_said(world):
    path = f"/v1/employees/{world.seller.id}/feed"
    for header in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
        answer = world.client.get(path, headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
        assert answer.headers["www-authenticate"] == "Bearer"
    answer = world.client.get(path, headers=world.header(Scope.EVENTS))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_callers_at_the_same_time_get_consistent_feeds(world):
    header = world.header(Scope.RECOMMEND)

    def ask(turn):
        person, own = [(world.seller, "For sales"), (world.engineer, "For engineering")][turn % 2]
        answer = world.client.get(f"/v1/employees/{person.id}/feed", headers=header)
        return titles(answer) == {own, "For *"}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(24)))


def test_one_article_with_tags_and_audience(world):
    path = f"/v1/articles/{world.meant['sales'].id}"
    body = world.client.get(path, headers=world.header(Scope.CONTENT)).json()
    assert (body["title"], body["state"]) == ("For sales", "approved")
    assert body["audience"] == {"function": ["sales"]}
    assert body["tags"] == {"topic": {"labour": 0.9}}
    missing = world.client.get(f"/v1/articles/{world.seller.id}", headers=world.header(Scope.CONTENT))
    assert missing.status_code == 404
    odd = world.client.get("/v1/articles/..%2f..", headers=world.header(Scope.CONTENT))
    assert odd.status_code in (404, 422)


def test_health_and_documentation(world):
    assert world.client.get("/healthz").json() == {"status": "ok"}
    assert world.client.get("/readyz").json() == {"status": "ok"}
    page = world.client.get("/docs")
    assert page.status_code == 200
    assert "//cdn" not in page.text
    assert world.client.get("/docs/swagger-ui-bundle.js").status_code == 200
    assert world.client.get("/openapi.json").json()["openapi"].startswith("3.1")
    assert world.client.get("/nowhere").json()["code"] == "not_found"
