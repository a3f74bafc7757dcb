"""A token opens what its words are mapped to, for whom it is meant and while it lasts; nothing else opens anything."""

import base64
import hmac
import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from api.identity import tokens
from api.identity.published import ProviderAway
from api.identity.tokens import BadToken
from api.rates import STRANGERS, Rates
from catalog import people, providers, tenants
from catalog.errors import Conflict
from catalog.ids import TenantId
from catalog.keys import Scope
from tests import make
from tests.make import NOW

OTHER = TenantId("other")
NOW_SECONDS = int(NOW.timestamp())


@pytest.fixture
def role(idp):
    """A token with these words, and whatever else of it is to be different."""

    def make(*words, key="one", header=None, **claims):
        return idp.token(idp.claims(roles=list(words), **claims), key=key, **(header or {}))

    return make


def code(answer):
    return answer.status_code, answer.json().get("code")


def test_a_token_opens_what_its_words_are_mapped_to_and_nothing_else(world, believe, ask, role):
    believe()
    assert ask(role("sluis.recommend")).status_code == 200
    assert code(ask(role("sluis.recommend"), "/v1/employees")) == (403, "forbidden")
    for words in ((), ("recommend",), ("sluis.recommend.not",), ("SLUIS.RECOMMEND",)):
        assert code(ask(role(*words))) == (403, "forbidden")
    assert ask(role("sluis.all"), "/v1/employees").status_code == 200


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("scp", {"scp": "openid sluis.recommend"}),
        ("realm_access.roles", {"realm_access": {"roles": ["x", "sluis.recommend"]}}),
        ("https://acme.example/roles", {"https://acme.example/roles": ["sluis.recommend"]}),
    ],
)
def test_words_are_found_wherever_providers_put_them(idp, believe, ask, claim, said):
    believe(scope_claim=claim)
    assert ask(idp.token(idp.claims(**said))).status_code == 200
    assert ask(idp.token(idp.claims(roles=["sluis.recommend"]))).status_code == 403


@pytest.mark.parametrize("key", ["two", "curve"])
def test_any_published_key_signs_with_an_algorithm_that_was_allowed(idp, believe, ask, role, key):
    believe(algorithms=frozenset({"RS256", "ES256"}))
    idp.rotate("one", "two", "curve")
    assert ask(role("sluis.recommend", key=key)).status_code == 200


REFUSED = {
    "another issuer": ({"iss": "https://other.example"}, {}, "no identity provider"),
    "the issuer with a slash": ({"iss": "slash"}, {}, "no identity provider"),
    "another audience": ({"aud": "somebody else"}, {}, "no identity provider"),
    "no audience": ({"aud": None}, {}, "no identity provider"),
    "an audience that is a number": ({"aud": [7, "sluis"]}, {}, "aud"),
    "no end": ({"exp": None}, {}, "exp"),
    "an end that is a text": ({"exp": "never"}, {}, "exp"),
    "not begun": ({"nbf": NOW_SECONDS + 1}, {}, "nbf"),
    "made tomorrow": ({"iat": NOW_SECONDS + 1}, {}, "iat"),
    "made never": ({"iat": None}, {}, "iat"),
    "an ID token with a nonce": ({"nonce": "n"}, {}, "ID or logout token"),
    "an ID token with the hash of another": ({"at_hash": "h"}, {}, "ID or logout token"),
    "an ID token of Keycloak": ({"typ": "ID"}, {}, "no access token"),
    "a refresh token of Keycloak": ({"typ": "Refresh"}, {}, "no access token"),
    "an ID token of Cognito": ({"token_use": "id"}, {}, "no access token"),
    "a logout token": ({"events": {}}, {"typ": "logout+jwt"}, "another type"),
    "a type that is none": ({}, {"typ": "secevent+jwt"}, "another type"),
    "one that is bound to its sender": ({"cnf": {"jkt": "x"}}, {}, "bound to its sender"),
    "of no application": ({"azp": None}, {}, "which application"),
    "of an application without a name": ({"azp": "a\nb"}, {}, "which application"),
    "no name of a key": ({}, {"kid": None}, "by which key"),
    "an extension": ({}, {"crit": ["b64"], "b64": True}, "extension"),
    "an algorithm that was not allowed": ({}, {"alg": "PS256"}, "algorithm"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_tells_the_log_why_and_the_sender_nothing(idp, believe, ask, role, caplog, case):
    believe()
    claims, header, why = REFUSED[case]
    if claims.get("iss") == "slash":
        claims = {"iss": f"{idp.issuer}/"}
    answer = ask(role("sluis.all", header=header, **claims))
    assert code(answer) == (401, "bad_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json()["detail"] == str(BadToken(""))
    [record] = [each for each in caplog.records if each.name == "api.security"]
    assert why in record.getMessage()
    assert record.request == answer.headers["X-Request-Id"]
    assert "somebody" not in caplog.text


def test_times_are_borne_as_far_as_the_operator_said(idp, believe, ask, role):
    believe(leeway=30)
    for claims in ({"exp": NOW_SECONDS - 29}, {"nbf": NOW_SECONDS + 30}, {"iat": NOW_SECONDS + 30}):
        assert ask(role("sluis.recommend", **claims)).status_code == 200
    for claims in ({"exp": NOW_SECONDS - 30}, {"nbf": NOW_SECONDS + 31}, {"iat": NOW_SECONDS + 31}):
        assert ask(role("sluis.recommend", **claims)).status_code == 401


def test_that_it_has_expired_is_told_only_of_what_was_ours(idp, believe, ask, role):
    believe()
    assert code(ask(role("sluis.all", exp=NOW_SECONDS))) == (401, "token_expired")
    forged = idp.token(idp.claims(roles=["sluis.all"], exp=NOW_SECONDS), key="foreign", kid="one")
    assert code(ask(forged)) == (401, "bad_token")


def forgeries(idp):
    """What somebody without a key of the provider can make."""
    public = RSAKey.import_key(idp.keys["one"].as_dict(private=False))
    claims = idp.claims(roles=["sluis.all"])
    good = idp.token(claims)
    header, payload, signature = good.split(".")

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    for secret in (public.as_pem(), public.as_der(), json.dumps(public.as_dict()).encode(), b"secret" * 8):
        for kid in ("one", "x"):
            yield "HS256", shared(claims, secret, kid)
    for alg in ("none", "None", "NONE", "", None, ["RS256"], {"a": 1}, 7):
        for tail in ("", signature):
            yield f"alg {alg}", f"{part({'alg': alg, 'kid': 'one'})}.{payload}.{tail}"
    yield "nothing signed", f"{header}.{payload}."
    yield "another payload", f"{header}.{part(claims | {'sub': 'other'})}.{signature}"
    yield "half a signature", good[: -len(signature) // 2]
    yield "a key of their own", idp.token(claims, key="foreign")
    yield "a key of their own by our name", idp.token(claims, key="foreign", kid="one")
    theirs = idp.token(claims, key="foreign", kid="one", jwk=RSAKey.generate_key(2048).as_dict(private=False))
    yield "a key in the header", theirs
    elsewhere = f"http://127.0.0.1:{idp.port}/theirs"
    yield "keys at an address in the header", idp.token(claims, key="foreign", jku=elsewhere, x5u=elsewhere)
    yield "a kid that is no text", f"{part({'alg': 'RS256', 'kid': {'a': 1}})}.{payload}.{signature}"
    yield "a crit that is no list", f"{part({'alg': 'RS256', 'kid': 'one', 'crit': 5})}.{payload}.{signature}"
    yield "a header that is a list", f"{part(['alg'])}.{payload}.{signature}"
    yield "a payload that is a list", f"{header}.{part([1])}.{signature}"
    yield "five parts", f"{good}.a.b"
    yield (
        "dots",
        "..",
    )
    yield "too long", good + "x" * tokens.LONGEST
    yield "too deep", f"{header}.{base64_text(b'[' * 9000)}.{signature}"
    yield "NUL in the issuer", idp.token(claims | {"iss": f"{idp.issuer}\x00"})


def shared(claims, secret, kid):
    """Signed with a secret that is really the public key: made by hand, for a library would not."""
    said = ".".join(base64_text(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": kid}, claims))
    return f"{said}.{base64_text(hmac.digest(secret, said.encode(), 'sha256'))}"


def base64_text(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def test_nobody_without_a_key_of_the_provider_makes_a_token(world, idp, believe, ask, clock):
    believe()
    app = world.client.app
    for name, token in forgeries(idp):
        app.state.services = replace(app.state.services, rates=Rates(per_key=0, per_tenant=0))
        assert code(ask(token)) == (401, "bad_token"), name
    assert "/theirs" not in idp.asked


def test_a_provider_that_publishes_a_secret_gains_nothing_by_it(idp, believe, ask):
    believe()
    secret = OctKey.generate_key(256, {"kid": "shared", "use": "sig"})
    idp.jwks = {"keys": [secret.as_dict(private=True), idp.keys["one"].as_dict(private=False)]}
    forged = jwt.encode({"alg": "HS256", "kid": "shared"}, idp.claims(roles=["sluis.all"]), secret, ["HS256"])
    assert code(ask(forged)) == (401, "bad_token")


# --- whose a token is ------------------------------------------------------------------------------------------------


@pytest.fixture
def both(world, believe):
    """Two organisations that believe one issuer, each for an audience of its own."""
    with world.database.of(OTHER).write() as connection:
        tenants.ensure(connection, OTHER, "Other", NOW)
    believe()
    believe(OTHER, audience="other-api")


def people_of(answer):
    assert answer.status_code == 200, answer.text
    return {each["id"] for each in answer.json()["items"]}


def test_one_issuer_of_two_organisations_opens_to_each_its_own(world, both, ask, role):
    ours = {world.seller.id, world.engineer.id}
    assert people_of(ask(role("sluis.all"), "/v1/employees")) == ours
    assert people_of(ask(role("sluis.all", aud=["x", "sluis"]), "/v1/employees")) == ours
    assert people_of(ask(role("sluis.all", aud="other-api"), "/v1/employees")) == set()


def test_a_token_for_both_is_for_nobody(both, ask, role):
    assert code(ask(role("sluis.all", aud=["sluis", "other-api"]))) == (401, "bad_token")


def test_a_second_organisation_cannot_claim_the_same_tokens(world, both, believe, ask, role):
    with pytest.raises(Conflict, match="audience of its own"):
        believe(OTHER)
    assert people_of(ask(role("sluis.all"), "/v1/employees")) == {world.seller.id, world.engineer.id}


def test_a_provider_that_was_removed_opens_nothing_from_then_on(world, believe, ask, role):
    made = believe()
    assert ask(role("sluis.all")).status_code == 200
    with world.database.of(world.tenant).write() as connection:
        providers.remove(connection, world.tenant, made.id)
    assert code(ask(role("sluis.all"))) == (401, "bad_token")


# --- what hangs on a caller ------------------------------------------------------------------------------------------


def test_what_an_application_did_stands_under_its_name(world, believe, ask, role):
    believe()
    body = {"opted_in": False}
    assert ask(role("sluis.all"), f"/v1/employees/{world.seller.id}/consent", "PUT", json=body).status_code == 200
    with world.database.read() as connection:
        kept = people.export(connection, world.tenant, world.seller.id)["consents"]
    assert "key app (token of 127.0.0.1)" in {each["via"] for each in kept}


def test_an_answer_is_remembered_per_application(world, believe, ask, role):
    believe()
    header = {"Idempotency-Key": "a-1"}
    body = {"label": "made", "scopes": ["recommend"]}

    def post(**claims):
        return ask(role("sluis.all", **claims), "/v1/keys", "POST", json=body, headers=header).json()["prefix"]

    first = post()
    assert post(sub="somebody else of the same application") == first
    assert post(azp="another") != first


def test_a_token_gives_no_key_that_may_more_than_it_may_itself(believe, ask, role):
    believe(scopes={"admin": {Scope.ADMIN}})
    body = {"label": "made", "scopes": ["people"]}
    assert ask(role("admin"), "/v1/keys", "POST", json=body).status_code == 403


def test_an_application_has_the_rate_of_a_key(world, believe, ask, role):
    believe()
    app = world.client.app
    app.state.services = replace(app.state.services, rates=Rates(per_key=2, per_tenant=0))
    assert [ask(role("sluis.all")).status_code for _ in range(3)] == [200, 200, 429]
    assert ask(role("sluis.all", azp="another")).status_code == 200


def test_it_is_known_when_a_provider_was_last_used_and_never_by_whom(world, believe, ask, role, clock, caplog):
    made = believe()
    caplog.set_level(logging.INFO, "api.access")
    ask(role("sluis.all"))
    clock.now = NOW + timedelta(seconds=59)
    ask(role("sluis.all"))
    with world.database.of(world.tenant).read() as connection:
        [kept] = providers.every(connection, world.tenant)
    assert kept == replace(made, last_used_at=NOW)
    lines = [record for record in caplog.records if record.name == "api.access"]
    assert {(line.tenant, line.key) for line in lines} == {(world.tenant, f"oidc-{made.id[:8]}")}
    assert "somebody" not in str([vars(line) for line in lines])


def test_whoever_tries_out_tokens_is_slowed_down(idp, ask):
    found = [ask(idp.token()).status_code for _ in range(STRANGERS + 1)]
    assert (set(found[:-1]), found[-1]) == ({401}, 429)


# --- promises --------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(["a", "b", "a.b", "", "recommend", "x y"])
CLAIMS = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(WORDS, CLAIMS, max_size=4),
    WORDS.filter(bool),
    st.dictionaries(WORDS.filter(bool), st.sets(st.sampled_from(Scope), min_size=1), min_size=1),
)
def test_never_more_is_given_than_the_operator_allowed(claims, claim, opens):
    allowed = make.provider(TenantId("acme"), "https://login.example", scope_claim=claim, scopes=opens)
    given = tokens.granted(allowed, claims)
    assert given <= frozenset().union(*opens.values())
    said = json.dumps(claims)
    assert given <= {scope for word, scopes in opens.items() if word in said for scope in scopes}


def _encoded(value):
    return base64_text(json.dumps(value).encode())


PARTS = st.builds(
    _encoded,
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "iss", "aud", "exp"]),
        CLAIMS | st.just("RS256") | st.just("https://login.example") | st.just("sluis"),
    )
    | CLAIMS,
) | st.text(max_size=40)


@given(st.builds(".".join, st.lists(PARTS, min_size=2, max_size=4)))
def test_whatever_is_sent_is_refused_in_our_own_words(text):
    def nobody(issuer, kid, now):
        raise ProviderAway("none is there")

    with pytest.raises((BadToken, ProviderAway)):
        seen = tokens.look(text)
        assert seen is not None
        tokens.verify(seen, [make.provider(TenantId("acme"), "https://login.example")], nobody, NOW)
