"""A filter as SQL wants exactly those whom the library's own evaluation wants, and none can do any harm."""

from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import Context, SearchRequest

from api.scim.groups import Groups
from api.scim.models import PROVIDER, Group, Person
from api.scim.users import Users
from catalog import people
from catalog.taxonomy import load
from tests import make
from tests.api.scim.conftest import CORE, ENTERPRISE
from tests.make import NOW

USERS = [
    {
        "userName": "alice",
        "displayName": "Alice",
        "emails": [{"value": "alice@work.example", "type": "work", "primary": True}],
    },
    {
        "userName": "Bob@Acme.example",
        "active": False,
        "externalId": "B-1",
        "locale": "nl-NL",
        "preferredLanguage": "NL",
    },
    {
        "userName": "carol",
        "name": {"familyName": "smith", "givenName": "Carol"},
        "emails": [{"value": "c@home.example", "type": "home"}],
    },
    {
        "userName": "dave_%",
        "displayName": "50% off_x",
        "externalId": "b-1",
        "emails": [{"value": "dave@x.example"}],
        ENTERPRISE: {"department": "Sales"},
    },
    {
        "userName": "eve@acme.example",
        "displayName": "a\\b'c\"d",
        "name": {"formatted": "Eve; DROP TABLE employees"},
        ENTERPRISE: {"department": "sales NL"},
    },
]
WORDS = [
    "alice",
    "ALICE",
    "Alice",
    "bob@acme.example",
    "a",
    "B-1",
    "b-1",
    "%",
    "_",
    "e",
    "",
    "work",
    "home",
    "Sales",
    "smith",
    "x.example",
    "dave_%",
    "nl",
    "'",
    '"',
    "\\",
    "Group A",
    "User",
]
TEXTS = [
    "userName",
    "externalId",
    "displayName",
    "name.familyName",
    "name.givenName",
    "name.formatted",
    "emails",
    "emails.value",
    "emails.type",
    "preferredLanguage",
    "locale",
    f"{ENTERPRISE}:department",
    f"{CORE}User:userName",
    "groups.display",
]
PARTS = ["value", "type"]
quoted = st.sampled_from(WORDS).map(lambda word: '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"')
operators = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "Co"])
moments = st.sampled_from(['"2026-03-02T09:00:00Z"', '"2000-01-01T00:00:00Z"', '"2030-01-01T00:00:00+02:00"'])
equal = st.sampled_from(["eq", "ne"])


def compared(attributes):
    return st.tuples(attributes, operators, quoted).map(" ".join)


def joined(inner):
    two = st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join)
    return st.one_of(two, inner.map(lambda one: f"not ({one})"), two.map(lambda one: f"({one})"))


within = st.recursive(
    st.one_of(
        compared(st.sampled_from(PARTS)),
        st.sampled_from([*PARTS, "primary"]).map(lambda part: f"{part} pr"),
        st.tuples(st.just("primary"), equal, st.sampled_from(["true", "false"])).map(" ".join),
    ),
    joined,
    max_leaves=3,
)
single = st.one_of(
    compared(st.sampled_from(TEXTS)),
    st.sampled_from([*TEXTS, "active", "name", "emails.primary", "meta.created", "id", "groups", "meta"]).map(
        lambda name: f"{name} pr"
    ),
    st.tuples(st.sampled_from(["active", "emails.primary"]), equal, st.sampled_from(["true", "false"])).map(" ".join),
    st.tuples(st.sampled_from(TEXTS), equal, st.just("null")).map(" ".join),
    st.tuples(
        st.sampled_from(["meta.created", "meta.lastModified"]),
        st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
        moments,
    ).map(" ".join),
    within.map(lambda inner: f"emails[{inner}]"),
    st.tuples(within, st.just("emails"), operators, quoted).map(
        lambda one: f"{one[1]}[{one[0]}].value {one[2]} {one[3]}"
    ),
)
filters = st.recursive(single, joined, max_leaves=4)


@pytest.fixture
def directory(idp, world):
    for number, said in enumerate(USERS):
        user = idp.user(**said)
        idp.group(f"Group {'AB'[number % 2]}", user["id"])
    idp.group("Empty")
    return Storage(world)


class Storage:
    """Both ways to find somebody: the database's, and the library's over everybody."""

    def __init__(self, world):
        self.world = world
        self.binary = "BINARY" if world.database.is_sqlite else "C"

    def found(self, model, text):
        asked = SearchRequest[model].model_validate({"filter": text, "count": 200}, scim_ctx=Context.SEARCH_REQUEST)
        with PROVIDER, self.world.database.of(self.world.tenant).read() as connection:
            where = (connection, self.world.tenant, load(), NOW)
            if model is Person:
                them = Users(*where, via="test", writing=False)
                ours, everybody = them.find(asked, self.binary), them.find(SearchRequest[model](count=200), self.binary)
            else:
                them = Groups(*where, writing=False)
                everybody = them.find(SearchRequest[model](count=200), self.binary, whole=True)
                ours = them.find(asked, self.binary, whole=True)
            theirs = [each.id for each in everybody[1] if asked.filter.match(each)]
        assert ours[0] == len(ours[1])
        return [each.id for each in ours[1]], theirs


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=filters)
def test_the_database_finds_whom_the_library_would(directory, text):
    ours, theirs = directory.found(Person, text)
    assert ours == theirs, text


GROUPS = st.one_of(
    compared(st.just("displayName")),
    compared(st.sampled_from(["externalId", "members", "members.value", "members.type"])),
    st.sampled_from(["members", "externalId", "members.value"]).map(lambda name: f"{name} pr"),
    compared(st.sampled_from(["value", "type"])).map(lambda inner: f"members[{inner}]"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.recursive(GROUPS, joined, max_leaves=3))
def test_so_it_does_with_groups(directory, text):
    ours, theirs = directory.found(Group, text)
    assert ours == theirs, text


def test_whoever_no_provider_spoke_of_is_found_as_they_are(idp, world):
    with world.database.write() as connection:
        people.upsert(connection, world.tenant, [make.employee("sales", email="zoe@acme.example", name="Zoë")])
    for text in (
        'userName eq "ZOE@acme.example"',
        'emails[type eq "work" and primary eq true].value eq "zoe@acme.example"',
        'displayName sw "zo"',
    ):
        assert [each["userName"] for each in idp.found(text)] == ["zoe@acme.example"], text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "userName",
        "userName eq",
        'userName eq "x',
        'eq "x"',
        "userName zz 1",
        'nonsense eq "x"',
        'userName.x eq "x"',
        'name eq "x"',
        "active gt true",
        'active co "t"',
        'active eq "maybe"',
        'meta.created gt "yesterday"',
        'meta.version eq "x"',
        'emails[type eq "work"',
        'emails[nonsense eq "x"]',
        "emails[]",
        'userName[value eq "x"]',
        'emails[value.x eq "a"]',
        f'emails[{CORE}User:userName eq "a"]',
        'urn:else:userName eq "x"',
        'schemas eq "x"',
        "password pr",
        'userName eq "a\\u0000b"',
        'userName eq "\\ud800"',
        " and ".join(["not (not (userName pr))"] * 300),
        'meta.created gt "0001-01-01T00:00:00+14:00"',
        "userName eq 1e999",
        "id eq 99999999999999999999999999",
        "userName; DROP TABLE employees",
        "userName eq 'x'",
        'not userName eq "x"',
        "not (" * 60 + "userName pr" + ")" * 60,
    ],
)
def test_what_is_no_filter_is_refused_in_the_words_of_scim(idp, text):
    answer = idp.ask("GET", "/Users", params={"filter": text})
    assert answer.status_code == 400, answer.text
    assert answer.json()["scimType"] in ("invalidFilter", "invalidValue", "invalidSyntax"), answer.text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(
                [
                    "userName",
                    " ",
                    "eq",
                    '"',
                    "x",
                    "[",
                    "]",
                    "(",
                    ")",
                    "not",
                    "and",
                    "emails",
                    ".",
                    "value",
                    "pr",
                    "\\",
                    "null",
                    "true",
                    "1",
                    "\x00",
                    "é",
                    "\U0001f600",
                ]
            ),
            max_size=14,
        ).map("".join),
    )
)
def test_no_text_breaks_it(idp, text):
    answer = idp.ask("GET", "/Users", params={"filter": text})
    assert answer.status_code in (200, 400), answer.text


def test_a_filter_that_goes_on_and_on_is_not_even_read(idp):
    endless = " or ".join(['userName eq "x"'] * 80_000)
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "Filter": endless}
    began = process_time()
    answer = idp.ask("POST", "/Users/.search", body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")
    assert process_time() - began < 2
