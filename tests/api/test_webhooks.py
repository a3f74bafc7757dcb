"""Webhooks and keys over HTTP: secrets are shown once, and nobody gives away more than they have."""

import pytest

from catalog import keys
from catalog.ids import new_id
from catalog.keys import Scope
from tests.make import NOW

HOOK = {"url": "https://tool.example/hook", "types": ["article.approved", "picks.ready"]}


@pytest.fixture
def ask(world):
    header = world.header(Scope.ADMIN, Scope.EVENTS)

    def send(method, path, body=None, **more):
        headers = header | more.pop("headers", {})
        return world.client.request(method, f"/v1{path}", json=body, headers=headers, **more)

    return send


def test_a_webhook_is_made_changed_and_removed(ask):
    made = ask("POST", "/webhooks", HOOK)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    path = f"/webhooks/{made.json()['id']}"
    assert "secret" not in ask("GET", path).json()
    assert [each["id"] for each in ask("GET", "/webhooks").json()["items"]] == [made.json()["id"]]
    changed = ask("PATCH", path, {"types": ["ping"], "enabled": False}).json()
    assert (changed["types"], changed["enabled"], changed["url"]) == (["ping"], False, HOOK["url"])
    assert ask("PATCH", path, {"enabled": True}).json()["disabled_why"] is None
    assert ask("POST", f"{path}/rotate").json()["secret"] != made.json()["secret"]
    assert ask("DELETE", path).status_code == 204
    assert ask("GET", path).status_code == 404


@pytest.mark.parametrize("url", ["http://tool.example/hook", "file:///etc/passwd", "nothing", "https://"])
def test_only_https_addresses_are_told(ask, url):
    assert ask("POST", "/webhooks", HOOK | {"url": url}).status_code == 422


def test_a_webhook_is_tried_out_and_told_again(ask):
    path = f"/webhooks/{ask('POST', '/webhooks', HOOK).json()['id']}"
    first, second = (ask("POST", f"{path}/test").json()["message_id"] for _ in range(2))
    page = ask("GET", f"{path}/deliveries", params={"limit": 1}).json()
    rest = ask("GET", f"{path}/deliveries", params={"limit": 1, "cursor": page["next"]}).json()
    assert {each["message_id"] for each in page["items"] + rest["items"]} == {first, second}
    assert (page["items"][0]["type"], rest["next"]) == ("ping", None)
    assert ask("POST", f"{path}/deliveries/{first}/redeliver").status_code == 202
    assert ask("POST", f"{path}/deliveries/{new_id()}/redeliver").status_code == 404


def test_making_one_twice_by_mistake_makes_one(ask):
    first, again = (ask("POST", "/webhooks", HOOK, headers={"Idempotency-Key": "w1"}) for _ in range(2))
    assert first.content == again.content
    assert len(ask("GET", "/webhooks").json()["items"]) == 1


def test_keys_are_made_rotated_and_ended(world, ask):
    made = ask("POST", "/keys", {"label": "app", "scopes": ["events"]}).json()
    new = ask("POST", f"/keys/{made['prefix']}/rotate", {"overlap_hours": 1}).json()
    for text in (made["key"], new["key"]):
        answer = world.client.get("/v1/events/quarantine", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 200
    listed = ask("GET", "/keys").json()["items"]
    assert {made["prefix"], new["prefix"]} < {each["prefix"] for each in listed}
    assert not [each for each in listed if "key" in each or "secret" in str(each)]
    assert ask("DELETE", f"/keys/{new['prefix']}").status_code == 204
    answer = world.client.get("/v1/events/quarantine", headers={"Authorization": f"Bearer {new['key']}"})
    assert answer.status_code == 401


def test_a_key_gives_no_scope_that_it_does_not_have(world, ask):
    assert ask("POST", "/keys", {"label": "more", "scopes": ["people"]}).json()["code"] == "forbidden"
    with world.database.write() as connection:
        stronger = keys.create(connection, world.tenant, "strong", frozenset({Scope.PEOPLE}), NOW).key
    assert ask("POST", f"/keys/{stronger.prefix}/rotate", {}).json()["code"] == "forbidden"
