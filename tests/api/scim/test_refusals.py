"""Whatever is sent, it is taken, or refused in the form of SCIM; never is it a mistake of ours, nor anybody else's."""

import json
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.routes.scim import router
from catalog import keys, people, tenants
from catalog.ids import TenantId, new_id
from catalog.keys import Scope
from tests import make
from tests.api.scim.conftest import CORE, ENTERPRISE, PATCH, Provider
from tests.make import NOW

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
OTHER = TenantId("other")
NOBODY = "6f9619ff-8b86-4d01-b42d-00c04fc964ff"
SECRET = "Zeer geheime naam van de anderen"


def is_of_scim(answer):
    told = answer.json()
    assert answer.headers["content-type"] == "application/scim+json"
    assert (told["schemas"], told["status"]) == ([ERROR], str(answer.status_code))
    assert told["detail"]
    return told


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Nothing", 404),
        ("GET", "/Users/nothing", 404),
        ("GET", "/Users/%00", 404),
        ("GET", "/Users/" + "x" * 5000, 404),
        ("GET", "/Schemas/nothing", 404),
        ("GET", "/ResourceTypes/nothing", 404),
        ("GET", f"/Users/{NOBODY}", 404),
        ("DELETE", f"/Groups/{NOBODY}", 404),
        ("GET", "/Me", 501),
        ("POST", "/Bulk", 501),
        ("GET", "/", 501),
        ("DELETE", "/Users", 405),
        ("POST", f"/Users/{NOBODY}", 405),
        ("GET", "/Users?sortBy=userName", 501),
        ("GET", "/Users?count=x", 400),
        ("GET", "/Users?attributes=nonsense[", 400),
        ("GET", "/Schemas?filter=id+pr", 403),
        ("GET", "/Users?cursor", 501),
    ],
)
def test_what_is_not_there_is_told_in_the_form_of_scim(idp, method, path, status):
    answer = idp.ask(method, path)
    assert answer.status_code == status, answer.text
    is_of_scim(answer)


def test_too_much_and_too_often_are_told_so_as_well(idp, world):
    long = world.client.post("/scim/v2/Users", content=b"x" * 8_000_001, headers=idp.header)
    assert (long.status_code, is_of_scim(long)["status"]) == (413, "413")
    kind = world.client.post("/scim/v2/Users", content=b"<a/>", headers=idp.header | {"Content-Type": "text/xml"})
    assert (kind.status_code, is_of_scim(kind)["status"]) == (415, "415")


def test_what_would_take_a_core_for_long_is_not_read(idp):
    """Each of these took seconds, in which nobody else could write."""
    user, name = idp.user(), ["userName"] * 5000
    change = {"op": "add", "path": 'emails[type eq "work"].value', "value": "a@b.example"}
    members = [{"value": user["id"]}] * 50_000
    began = process_time()
    for status, answer in (
        (400, idp.ask("GET", "/Users", params={"attributes": ",".join(name)})),
        (400, idp.ask("GET", f"/Users/{user['id']}", params={"excludedAttributes": ",".join(name)})),
        (400, idp.ask("POST", "/Users/.search", {"Attributes": name})),
        (400, idp.patch(f"/Users/{user['id']}", *[change] * 1001)),
        (413, idp.ask("POST", "/Groups", {"schemas": [f"{CORE}Group"], "displayName": "X", "members": members})),
    ):
        assert answer.status_code == status, answer.text
        is_of_scim(answer)
    assert process_time() - began < 4


def test_names_in_other_letters_reach_the_same(idp):
    made = idp.ask("POST", "/users", {"schemas": [f"{CORE}User"], "userName": "ann@acme.example"})
    assert made.status_code == 201
    assert idp.ask("GET", f"/USERS/{made.json()['id']}").json()["userName"] == "ann@acme.example"
    assert idp.ask("DELETE", f"/users/{made.json()['id']}/").status_code == 204


@pytest.mark.parametrize(
    "said",
    [
        {"userName": "a\x00b@acme.example"},
        {"userName": "a\ud800b@acme.example"},
        {"userName": "x" * 400},
        {"userName": ""},
        {"userName": None},
        {"userName": 7},
        {"userName": ["a"]},
        {"displayName": "a\x00"},
        {"displayName": "x" * 201},
        {"externalId": "x" * 201},
        {"externalId": "a\x07"},
        {"externalId": ""},
        {"emails": "a@b.example"},
        {"emails": [{"value": "nope"}]},
        {"emails": [{"value": {}}]},
        {"emails": [{"value": "x" * 400 + "@a.example"}]},
        {"emails": [None]},
        {"active": "perhaps"},
        {"active": 2},
        {"name": "Ann"},
        {"name": {"givenName": ["a"]}},
        {"locale": "x" * 41},
        {ENTERPRISE: {"department": "x" * 300}},
        {ENTERPRISE: {"department": "a\x00"}},
        {ENTERPRISE: "x"},
        {"schemas": "x"},
        {"schemas": [7]},
        {"emails": [{"value": "a@b.example", "type": "w\x00"}]},
        {"emails": [{"value": "a@b.example", "primary": True}, {"value": "c@b.example", "primary": True}]},
    ],
)
def test_what_cannot_be_said_of_somebody_is_refused(idp, said):
    body = json.dumps({"schemas": [f"{CORE}User"], "userName": "ann@acme.example", **said})
    user = idp.user(userName="bob@acme.example")
    for method, path in (("POST", "/Users"), ("PUT", f"/Users/{user['id']}")):
        answer = idp.world.client.request(method, f"/scim/v2{path}", content=body, headers=idp.header)
        assert answer.status_code in (400, 409), answer.text
        is_of_scim(answer)
    assert idp.ask("GET", f"/Users/{user['id']}").json() == user


values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["True", "work", "a@b.example", "\x00", "\ud800"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["value", "type", "primary", "members", "active", "name", "$ref", "x", ENTERPRISE]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
paths = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "active",
            "members",
            "emails",
            'emails[type eq "work"].value',
            'members[value eq "x"]',
            "name.givenName",
            "id",
            "meta",
            "groups",
            "schemas",
            "userName",
            ENTERPRISE,
            f"{ENTERPRISE}:department",
            "emails[",
            "emails[type pr]",
            "members.value",
            "displayName",
            "externalId",
        ]
    ),
)
operations = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "op": st.one_of(st.sampled_from(["add", "Remove", "REPLACE", "move"]), values),
            "path": st.one_of(paths, values),
            "value": values,
        },
    ),
    max_size=3,
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    said=st.one_of(values, operations.map(lambda some: {"schemas": [PATCH], "Operations": some})),
    what=st.sampled_from(["Users", "Groups"]),
)
def test_no_body_is_a_mistake_of_ours(idp, said, what):
    if not hasattr(idp, "there"):
        user = idp.user()["id"]
        idp.there = {"Users": user, "Groups": idp.group("Sales", user)["id"]}
    body = json.dumps(said)
    for method, path in (
        ("PATCH", f"/{what}/{idp.there[what]}"),
        ("PUT", f"/{what}/{idp.there[what]}"),
        ("POST", f"/{what}"),
        ("POST", f"/{what}/.search"),
    ):
        answer = idp.world.client.request(method, f"/scim/v2{path}", content=body, headers=idp.header)
        assert answer.status_code < 500, (method, path, answer.text)
        if answer.status_code >= 400:
            is_of_scim(answer)


@pytest.fixture
def theirs(world):
    """Another organisation in the same database, with a user and a group of its own, and its provider."""
    with world.database.of(OTHER).write() as connection:
        tenants.ensure(connection, OTHER, "Other", NOW)
        people.upsert(connection, OTHER, [make.employee("sales", name=SECRET, email="their@acme.example")])
        made = keys.create(connection, OTHER, "theirs", frozenset({Scope.PEOPLE}), NOW)
    return Provider(world, {"Authorization": f"Bearer {made.text}"})


def masked(answer, name):
    return answer.status_code, answer.text.replace(name, "ID")


def test_what_is_anothers_answers_as_what_is_not_there(idp, theirs, world):
    user, group = theirs.user(userName="x@their.example", displayName=SECRET), theirs.group(SECRET)
    ours = idp.group("Ours")
    pairs = ((user["id"], new_id()), (group["id"], new_id()))
    change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "X"}]}
    for resource, (there, nowhere) in zip(("Users", "Groups"), pairs, strict=True):
        put = {"schemas": [f"{CORE}{resource[:-1]}"], "userName": "q@q.example", "displayName": "Q"}
        for method, body in (("GET", None), ("PATCH", change), ("PUT", put), ("DELETE", None)):
            told = [masked(idp.ask(method, f"/{resource}/{name}", body), name) for name in (there, nowhere)]
            assert told[0] == told[1], (method, resource)
            assert told[0][0] == 404
    for name in (user["id"], new_id()):
        joined = idp.patch(f"/Groups/{ours['id']}", {"op": "add", "path": "members", "value": [{"value": name}]})
        assert masked(joined, name) == (400, joined.text.replace(name, "ID"))
    for resource in ("Users", "Groups"):
        for query in (
            {},
            {"filter": f'displayName eq "{SECRET}"'},
            {"filter": f'id eq "{user["id"]}"'},
            {"filter": "not (userName pr)"} if resource == "Users" else {},
        ):
            assert SECRET not in idp.ask("GET", f"/{resource}", params=query).text
    for provider, count in ((idp, 2), (theirs, 2)):
        assert provider.ask("GET", "/Users").json()["totalResults"] == count
    assert theirs.ask("GET", f"/Users/{user['id']}").json() == user
    assert theirs.ask("GET", f"/Groups/{group['id']}").json() == group
    with world.database.of(world.tenant).read() as connection:
        assert people.known(connection, world.tenant, [user["id"]]) == set()


def test_two_organisations_may_call_people_and_groups_the_same(idp, theirs):
    for provider in (idp, theirs):
        user = provider.user(userName="same@acme.example", externalId="1")
        provider.group("Sales", user["id"], externalId="1")
        assert provider.employee("ext:1")["functions"] == ["sales"]


def test_every_request_is_counted_and_limited_like_any_other(idp, world):
    idp.user()
    answer = idp.ask("GET", "/Users")
    assert answer.headers["x-request-id"]
    figures = world.client.app.state.services.metrics
    routes = {
        sample.labels["route"]
        for metric in figures.requests.collect()
        for sample in metric.samples
        if "route" in sample.labels
    }
    assert "/scim/v2/Users" in routes


def test_every_route_is_told_of_in_the_documentation():
    from pathlib import Path

    page = (Path(__file__).parents[3] / "docs" / "api" / "scim.md").read_text(encoding="utf-8")
    for route in router.routes:
        if "{path" not in route.path:
            for method in route.methods:
                assert f"`{method} {route.path}`" in page
