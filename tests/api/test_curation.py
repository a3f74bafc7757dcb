"""Curation over HTTP keeps to the rules of the desk, and betrays nothing that is asked blind."""

import pytest

from catalog import articles, audits, reviews, sources
from catalog.audits import Audit
from catalog.keys import Scope
from catalog.records import Source, State
from tests import make
from tests.make import NOW


@pytest.fixture
def ask(world):
    header = world.header(Scope.CURATE)

    def send(method, path, body=None, **more):
        headers = header | more.pop("headers", {})
        return world.client.request(method, f"/v1{path}", json=body, headers=headers, **more)

    return send


@pytest.fixture
def waiting(world):
    """An article that was tagged for sales and waits for a curator."""
    with world.database.write() as connection:
        stored = make.store_live(
            connection,
            world.tenant,
            None,
            seed=9,
            title="Waits",
            tags={"function": {"sales": 0.9}, "kind": {"news": 0.9}},
        )
        known = articles.get(connection, world.tenant, stored.id)
        articles.move(connection, world.tenant, known, State.IN_REVIEW, live_from=None)
    return stored


def state(world, article):
    with world.database.read() as connection:
        return articles.get(connection, world.tenant, article.id).state


def test_the_queue_shows_what_waits_with_what_the_machine_proposes(waiting, ask):
    [entry] = ask("GET", "/queue").json()["items"]
    assert (entry["article"]["id"], entry["article"]["state"]) == (waiting.id, "in_review")
    assert (entry["proposed"], entry["blind"]) == ({"function": ["sales"]}, False)


def test_what_is_asked_blind_betrays_nothing(world, waiting, ask):
    with world.database.write() as connection:
        audits.draw(connection, world.tenant, Audit(waiting.id, waiting.revision, "en", NOW))
    [entry] = ask("GET", "/queue").json()["items"]
    assert (entry["blind"], entry["proposed"], entry["article"]["audience"]) == (True, None, None)
    assert "function" not in entry["article"]["tags"]
    assert "sales" not in str(entry)
    refused = ask("POST", f"/articles/{waiting.id}/decisions", {"action": "approve", "by": "Ann"})
    assert refused.json()["code"] == "asked_blind"
    given = {"action": "approve", "by": "Ann", "audience": {"function": ["sales"]}}
    assert ask("POST", f"/articles/{waiting.id}/decisions", given).status_code == 200


def test_a_decision_is_taken_once_and_names_person_and_key(world, waiting, ask):
    said = {"action": "approve", "by": "Ann", "audience": {"function": ["engineering"]}, "reason": "for the yard"}
    path, key = f"/articles/{waiting.id}/decisions", {"Idempotency-Key": "d1"}
    first, again = (ask("POST", path, said, headers=key) for _ in range(2))
    assert (first.status_code, first.content) == (200, again.content)
    assert state(world, waiting) is State.APPROVED
    [line] = ask("GET", path).json()["items"]
    assert (line["actor"], line["reason"]) == ("Ann, key test (curator)", "for the yard")
    feed = world.feed(world.engineer).json()
    assert waiting.id in {item["article"]["id"] for item in feed["items"]}
    once_more = ask("POST", path, said)
    assert (once_more.status_code, once_more.json()["code"]) == (409, "not_possible")


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"action": "reject"}, 422, "invalid"),
        ({"action": "sign"}, 403, "forbidden"),
        ({"action": "edit"}, 422, "invalid"),
        ({"action": "approve", "audience": {"function": ["astronaut"]}}, 422, "unknown_tag"),
        ({"action": "approve", "audience": {"mood": ["x"]}}, 422, "invalid"),
        ({"action": "approve", "revision": 9}, 409, "state_changed"),
        ({"action": "approve", "by": " "}, 422, "invalid"),
        ({"action": "burn"}, 422, "malformed"),
    ],
)
def test_the_rules_of_the_desk_hold(world, waiting, ask, said, status, code):
    answer = ask("POST", f"/articles/{waiting.id}/decisions", {"by": "Ann"} | said)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert state(world, waiting) is State.IN_REVIEW
    with world.database.read() as connection:
        assert reviews.of_article(connection, world.tenant, waiting.id) == []


def test_edits_rejections_and_withdrawals(world, waiting, ask):
    path = f"/articles/{waiting.id}/decisions"
    edited = ask("POST", path, {"action": "edit", "by": "Ann", "tags": {"topic": ["labour"]}})
    assert edited.json()["action"] == "edit"
    assert ask("POST", path, {"action": "reject", "by": "Ann", "reason": "old"}).json()["after"] == "rejected"
    live = f"/articles/{world.meant['sales'].id}/decisions"
    assert ask("POST", live, {"action": "withdraw", "by": "Ann", "reason": "wrong"}).json()["after"] == "withdrawn"
    assert world.meant["sales"].id not in str(world.feed(world.seller).json())


def test_a_pin_comes_first_and_ends(world, ask):
    path = f"/articles/{world.meant['*'].id}/pin"
    said = {"by": "Ann", "until": "2026-03-05T12:00:00Z", "must_read": True}
    assert ask("PUT", path, said).json()["action"] == "pin"
    first = world.feed(world.seller).json()["items"][0]
    assert (first["article"]["id"], first["reasons"][0]["code"]) == (world.meant["*"].id, "must_read")
    assert ask("DELETE", path, params={"by": "Ann"}).json()["action"] == "unpin"
    assert ask("DELETE", path, params={"by": "Ann"}).json()["code"] == "not_pinned"


def test_sources_come_in_pages(world, ask):
    with world.database.write() as connection:
        for number in range(3):
            sources.add(
                connection, world.tenant, Source(f"id-{number}", f"https://s{number}.example", f"S{number}", NOW)
            )
    first = ask("GET", "/sources", params={"limit": 2}).json()
    rest = ask("GET", "/sources", params={"limit": 2, "cursor": first["next"]}).json()
    assert [each["title"] for each in first["items"] + rest["items"]] == ["S0", "S1", "S2"]
    assert rest["next"] is None


def test_other_scopes_decide_nothing(world, waiting):
    header = world.header(*(set(Scope) - {Scope.CURATE}))
    said = {"action": "reject", "by": "Ann", "reason": "no"}
    assert world.client.post(f"/v1/articles/{waiting.id}/decisions", json=said, headers=header).status_code == 403
    assert world.client.get("/v1/queue", headers=header).status_code == 403
