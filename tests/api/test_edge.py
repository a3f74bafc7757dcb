"""What holds for every endpoint: ids of the caller's own, answers that are remembered, and ETags."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api import paging
from catalog import answers, events, keys, people
from catalog.errors import Conflict, Unauthorised
from catalog.ids import new_id
from catalog.keys import Scope
from tests.make import NOW


@pytest.fixture
def feed(world):
    return world.feed(world.seller).json()


@pytest.fixture
def batch(feed):
    first = feed["items"][0]["article"]["id"]
    said = {"type": "open", "slate_id": feed["slate_id"], "article_id": first, "employee_id": feed["employee_id"]}
    return {"events": [{"id": new_id(), "at": "2026-03-02T10:01:00+01:00", **said}]}


def log(world):
    with world.database.read() as connection:
        return len(list(events.since(connection, world.tenant, 0)))


def test_a_person_is_named_by_the_id_of_another_program(world, feed):
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [replace(world.seller, external_id="hr/47 11")])
    path = "/v1/employees/ext:hr%2F47 11/feed"
    header = world.header(Scope.RECOMMEND)
    assert world.client.get("/v1/employees/ext:4712/feed", headers=header).json()["code"] == "unknown_employee"
    assert world.client.get("/v1/employees/4711/feed", headers=header).status_code == 422
    assert world.client.get(path.replace("hr%2F", ""), headers=header).status_code == 404


def test_the_same_key_has_one_effect_and_one_answer(world, batch):
    header = world.header(Scope.EVENTS) | {"Idempotency-Key": "a-1"}
    first, again = (world.client.post("/v1/events", json=batch, headers=header) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert first.json()["results"][0]["status"] == "accepted"  # and not `duplicate`: it was not done again
    assert log(world) == 1


def test_a_key_that_comes_back_with_another_request_is_refused(world, batch):
    header = world.header(Scope.EVENTS) | {"Idempotency-Key": "a-1"}
    world.client.post("/v1/events", json=batch, headers=header)
    batch["events"][0]["id"] = new_id()
    answer = world.client.post("/v1/events", json=batch, headers=header)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert log(world) == 1


def test_keys_of_two_callers_never_meet(world, batch):
    for header in (world.header(Scope.EVENTS), world.header(Scope.EVENTS)):
        answer = world.client.post("/v1/events", json=batch, headers=header | {"Idempotency-Key": "a-1"})
        assert answer.status_code == 200
    assert answer.json()["results"][0]["status"] == "duplicate"


def test_what_failed_is_not_remembered(world, batch):
    header = world.header(Scope.EVENTS) | {"Idempotency-Key": "a-1"}
    right = batch["events"][0]["slate_id"]
    batch["events"][0]["slate_id"] = new_id()
    assert world.client.post("/v1/events", json=batch, headers=header).status_code == 422
    batch["events"][0]["slate_id"] = right
    assert world.client.post("/v1/events", json=batch, headers=header).status_code == 200


def test_a_remembered_answer_goes_after_a_day(world):
    answer = answers.Answer(200, b"{}")
    with world.database.write() as connection:
        key = keys.create(connection, world.tenant, "test", frozenset({Scope.EVENTS}), NOW).key
        assert answers.begin(connection, key, "a", "hash", NOW) is None
        answers.keep(connection, key, "a", answer)
        assert answers.begin(connection, key, "a", "hash", NOW + answers.KEPT) == answer
        assert answers.begin(connection, key, "a", "other", NOW + answers.KEPT + timedelta(seconds=1)) is None


@pytest.mark.parametrize("wrong", ["", "two words", "x" * 256])
def test_a_malformed_idempotency_key_is_refused(world, batch, wrong):
    header = world.header(Scope.EVENTS) | {"Idempotency-Key": wrong}
    assert world.client.post("/v1/events", json=batch, headers=header).status_code == 422


def test_every_write_that_is_not_idempotent_by_itself_takes_a_key(world):
    read = {"/v1/tags", "/v1/rank"}  # which is ranked anew, and logged, each time (decision 31)
    for path, operations in world.client.get("/openapi.json").json()["paths"].items():
        for method in operations.keys() & {"post", "patch"}:
            names = [each["name"] for each in operations[method].get("parameters", [])]
            assert path in read or "Idempotency-Key" in names, f"{method} {path}"


def test_what_is_unchanged_is_not_sent_again(world, feed):
    path, header = f"/v1/employees/{world.seller.id}/feed", world.header(Scope.RECOMMEND)
    first = world.client.get(path, headers=header)
    tag = first.headers["ETag"]
    same = world.client.get(path, headers=header | {"If-None-Match": f'"other", W/{tag}'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    assert first.headers["Cache-Control"] == "private, no-cache"
    other = world.client.get(path, params={"language": "nl"}, headers=header | {"If-None-Match": tag})
    assert (other.status_code, other.headers["ETag"] == tag) == (200, False)


def test_problems_carry_no_tag(world):
    assert "ETag" not in world.client.get("/v1/employees/ext:nobody/feed").headers


def test_a_rotated_key_lives_on_beside_the_new_one_for_a_while(world):
    overlap = timedelta(hours=2)
    with world.database.write() as connection:
        old = keys.create(connection, world.tenant, "app", frozenset({Scope.EVENTS}), NOW)
        new = keys.rotate(connection, world.tenant, old.key.prefix, NOW, overlap)
        assert (new.key.label, new.key.scopes) == (old.key.label, old.key.scopes)
        before, after = NOW + overlap - timedelta(seconds=1), NOW + overlap
        assert keys.authenticate(connection, old.text, before).prefix == old.key.prefix
        assert keys.authenticate(connection, new.text, after).prefix == new.key.prefix
        with pytest.raises(Unauthorised):
            keys.authenticate(connection, old.text, after)
        with pytest.raises(Conflict):
            keys.rotate(connection, world.tenant, old.key.prefix, after, overlap)


def test_a_key_says_when_it_was_last_used(world):
    header = world.header(Scope.RECOMMEND)
    world.client.get(f"/v1/employees/{world.seller.id}/feed", headers=header)
    with world.database.read() as connection:
        used = {key.last_used_at for key in keys.every(connection, world.tenant)}
    assert used == {NOW}


def test_a_cursor_comes_back_as_it_went():
    assert paging.place(paging.cursor("2026-03-02", "é"), 2) == ("2026-03-02", "é")
    for wrong in ("", "!", "e30", paging.cursor("one"), "é" * 10):
        with pytest.raises(paging.BadCursor):
            paging.place(wrong, 2)
