"""The directory over HTTP: who may be shown articles, by whose word, and how they leave."""

import pytest

from catalog import consents, people
from catalog.ids import new_id
from catalog.keys import Scope
from tests import make
from tests.make import NOW

ANN = {"email": "Ann@Acme.example ", "name": "Ann de Wit", "functions": ["sales"]}
ANN |= {"languages": ["NL"], "units": ["north"]}


@pytest.fixture
def ask(world):
    header = world.header(Scope.PEOPLE)

    def send(method, path, body=None, **more):
        return world.client.request(
            method, f"/v1/employees{path}", json=body, headers=header | more.pop("headers", {}), **more
        )

    return send


def test_somebody_is_made_by_the_id_of_another_program_and_is_not_opted_in(world, ask):
    made = ask("PUT", "/ext:47/11", ANN)
    assert made.status_code == 404  # a slash is written %2F
    made = ask("PUT", "/ext:4711", ANN)
    told = made.json()
    assert made.status_code == 201
    assert (told["email"], told["languages"], told["units"]) == ("ann@acme.example", ["nl"], ["north"])
    assert (told["external_id"], told["opted_in"], told["interests"]) == ("4711", False, [])
    assert ask("GET", "/ext:4711").json() == ask("GET", f"/{told['id']}").json() == told
    feed = world.client.get("/v1/employees/ext:4711/feed", headers=world.header(Scope.RECOMMEND))
    assert feed.json()["code"] == "not_opted_in"


def test_putting_again_replaces_all_but_consent_and_interests(ask):
    first = ask("PUT", "/ext:1", ANN).json()
    ask("PUT", "/ext:1/consent", {"opted_in": True, "pick_days": ["fri", "mon"]})
    ask("PUT", "/ext:1/interests", {"topics": ["labour"]})
    again = ask("PUT", "/ext:1", {"email": "ann@acme.example", "name": "Ann"})
    told = again.json()
    assert (again.status_code, told["id"]) == (200, first["id"])
    assert (told["functions"], told["languages"], told["units"]) == ([], [], [])
    assert (told["opted_in"], told["pick_days"], told["interests"]) == (True, ["mon", "fri"], ["labour"])


def test_a_patch_changes_what_it_names(ask):
    ask("PUT", "/ext:1", ANN)
    told = ask("PATCH", "/ext:1", {"functions": ["engineering"], "external_id": "2"}).json()
    assert (told["functions"], told["name"], told["external_id"]) == (["engineering"], "Ann de Wit", "2")
    assert ask("PATCH", "/ext:2", {"email": ""}).json()["code"] == "bad_person"
    assert ask("PATCH", "/ext:1", {}).status_code == 404


def test_two_people_share_neither_address_nor_external_id(world, ask):
    ask("PUT", "/ext:1", ANN)
    taken = ask("PUT", "/ext:2", ANN)
    assert (taken.status_code, taken.json()["code"]) == (409, "person_exists")
    assert ask("PATCH", f"/{world.seller.id}", {"external_id": "1"}).json()["code"] == "person_exists"
    assert ask("PUT", f"/{new_id()}", ANN).json()["code"] == "unknown_employee"
    assert ask("PUT", "/ext:3", ANN | {"external_id": "4"}).json()["code"] == "bad_person"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"email": "nobody"}, "bad_person"),
        ({"name": " "}, "bad_person"),
        ({"name": "a\x00b"}, "bad_person"),
        ({"units": ["a\x00b"]}, "bad_person"),
        ({"functions": ["astronaut"]}, "unknown_tag"),
        ({"functions": ["everyone"]}, "nobodys_function"),
        ({"languages": ["dutch"]}, "invalid"),
        ({"units": ["x" * 65]}, "malformed"),
        ({"opted_in": True}, "malformed"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask, wrong, code):
    answer = ask("PUT", "/ext:1", ANN | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert ask("GET", "/ext:1").status_code == 404


def test_many_at_once_stand_each_for_itself_and_are_done_once(world, ask):
    batch = [
        ANN | {"external_id": "1"},
        {"email": "bob@acme.example", "name": "Bob"},
        ANN | {"external_id": "2"},
        {"email": "x", "name": "X"},
        {"id": world.seller.id, "email": world.seller.email, "name": "Sam", "functions": ["sales"]},
    ]
    for _ in range(2):
        answer = ask("POST", ":batch", {"employees": batch}, headers={"Idempotency-Key": "b1"})
        told = [(each["status"], each["code"]) for each in answer.json()["results"]]
        assert told == [
            ("created", None),
            ("created", None),
            ("refused", "person_exists"),
            ("refused", "bad_person"),
            ("updated", None),
        ]
    again = ask("POST", ":batch", {"employees": batch[:2]}).json()["results"]
    assert [each["status"] for each in again] == ["updated", "updated"]
    with world.database.read() as connection:
        assert people.get(connection, world.tenant, world.seller.id).name == "Sam"


def test_the_directory_comes_in_pages_and_can_be_searched(world, ask):
    for number in range(5):
        ask("PUT", f"/ext:E{number}", {"email": f"p{number}@acme.example", "name": f"Person {number}"})
    first = ask("GET", "", params={"limit": 4}).json()
    rest = ask("GET", "", params={"cursor": first["next"]}).json()
    emails = [each["email"] for each in first["items"] + rest["items"]]
    assert (len(emails), emails, rest["next"]) == (7, sorted(emails), None)
    assert [each["external_id"] for each in ask("GET", "", params={"q": "e3"}).json()["items"]] == ["E3"]
    assert [each["email"] for each in ask("GET", "", params={"q": "P1@"}).json()["items"]] == ["p1@acme.example"]
    assert ask("GET", "", params={"q": "%"}).json()["items"] == []
    assert [each["id"] for each in ask("GET", "", params={"function": "sales"}).json()["items"]] == [world.seller.id]
    assert len(ask("GET", "", params={"opted_in": False}).json()["items"]) == 5


def test_consent_is_kept_with_its_moment_and_by_whose_key(world, ask):
    made = ask("PUT", "/ext:1", ANN).json()
    for answer in (True, False):
        ask("PUT", "/ext:1/consent", {"opted_in": answer})
    with world.database.read() as connection:
        kept = consents.every(connection, world.tenant, made["id"])
    assert [(each.opted_in, each.via, each.at) for each in kept] == [(True, "key test", NOW), (False, "key test", NOW)]
    data = ask("GET", "/ext:1/data").json()["kept"]
    assert [each["opted_in"] for each in data["consents"]] == [True, False]
    assert data["employee"]["email"] == "ann@acme.example"


def test_an_erased_person_is_gone(world, ask):
    feed = world.feed(world.seller).json()
    assert feed["items"]
    assert ask("DELETE", f"/{world.seller.id}").status_code == 204
    assert ask("DELETE", f"/{world.seller.id}").status_code == 404
    assert ask("GET", f"/{world.seller.id}").json()["code"] == "unknown_employee"
    assert world.feed(world.seller).status_code == 404


def test_other_scopes_see_nobody(world):
    for scope in set(Scope) - {Scope.PEOPLE}:
        answer = world.client.get("/v1/employees", headers=world.header(scope))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_what_somebody_new_chose_comes_first_and_they_are_told_why(world, ask):
    with world.database.write() as connection:
        for seed, topic in enumerate(("cybersecurity", "sustainability"), start=10):
            make.store_live(connection, world.tenant, make.audience("sales"), seed=seed, tags={"topic": {topic: 0.9}})
    ask("PUT", "/ext:1", ANN | {"languages": []})
    ask("PUT", "/ext:1/consent", {"opted_in": True})
    assert ask("PUT", "/ext:1/interests", {"topics": ["cybersecurity", "nonsense"]}).json()["code"] == "unknown_tag"
    for topic in ("cybersecurity", "sustainability"):
        told = ask("PUT", "/ext:1/interests", {"topics": [topic]}).json()
        assert (told["interests"], told["functions"]) == ([topic], ["sales"])
        feed = world.client.get("/v1/employees/ext:1/feed?language=nl", headers=world.header(Scope.RECOMMEND)).json()
        about_it = [item for item in feed["items"] if "wat je zelf koos" in str(item["reasons"])]
        assert len(about_it) == 1
        assert about_it[0]["score"] == max(item["score"] for item in feed["items"])
