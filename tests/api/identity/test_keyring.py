"""Keys are read from the provider that an operator named, seldom, and used for a while where it is away."""

from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Event

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import KeySet, OctKey, RSAKey

from api.identity import published
from api.identity.keyring import AGAIN, FRESH, KEPT, Keyring
from api.identity.published import ProviderAway
from api.rates import STRANGERS
from catalog.errors import Invalid
from tests.make import NOW
from tests.provider import DISCOVERY, JWKS

ALL = {"roles": ["sluis.all"]}
ONCE = [DISCOVERY, JWKS]


def code(answer):
    return answer.status_code, answer.json().get("code")


def test_a_storm_of_unknown_names_of_keys_makes_us_dial_once_in_a_while(idp, believe, ask, clock):
    believe()
    good = idp.token(idp.claims(**ALL))
    for second in range(0, 60, 2):
        clock.now = NOW + timedelta(seconds=second)
        assert ask(idp.token(idp.claims(**ALL), key="foreign", kid=f"k{second}")).status_code == 401
        assert ask(good).status_code == 200
    assert idp.asked == ONCE * 2


def test_no_stranger_makes_us_dial(idp, believe, ask):
    believe()
    claims = idp.claims(**ALL)
    for token in (
        idp.token(claims | {"iss": "http://127.0.0.1:1/realm"}),
        idp.token(claims | {"aud": "x"}),
        idp.token(claims, alg="PS256"),
        idp.token(claims, kid=None),
        "a.b.c",
    ):
        assert code(ask(token)) == (401, "bad_token")
    assert idp.asked == []


def test_a_new_key_is_found_and_one_that_was_taken_back_counts_no_longer(idp, believe, ask, clock):
    believe()
    old, new = (idp.token(idp.claims(**ALL, exp=int((NOW + KEPT).timestamp())), key=key) for key in ("one", "two"))
    assert ask(old).status_code == 200
    idp.rotate("one", "two")
    clock.now = NOW + AGAIN
    assert ask(new).status_code == 200
    idp.rotate("two")
    clock.now = NOW + AGAIN + FRESH - timedelta(seconds=1)
    assert ask(old).status_code == 200
    clock.now = NOW + AGAIN + FRESH
    assert code(ask(old)) == (401, "bad_token")
    assert ask(new).status_code == 200


def test_while_the_provider_is_away_its_keys_are_used_for_a_day_and_then_no_more(idp, believe, ask, clock, caplog):
    believe()
    token, other = (idp.token(idp.claims(**ALL, exp=int((NOW + 2 * KEPT).timestamp())), key=k) for k in ("one", "two"))
    assert ask(token).status_code == 200
    idp.status = 503
    clock.now = NOW + KEPT - timedelta(seconds=1)
    assert ask(token).status_code == 200
    assert code(ask(other)) == (503, "identity_provider_away")  # it may be a new key: nobody can tell now
    clock.now = NOW + KEPT
    answer = ask(token)
    assert code(answer) == (503, "identity_provider_away")
    assert "Retry-After" in answer.headers
    assert "answered 503" in caplog.text
    assert "answered" not in answer.text
    idp.status = 200
    clock.now = NOW + KEPT + AGAIN
    assert ask(token).status_code == 200


def test_while_it_is_away_nobody_fills_the_log(idp, believe, ask, caplog):
    believe()
    idp.status = 500
    found = [ask(idp.token(idp.claims(**ALL))).status_code for _ in range(STRANGERS + 2)]
    assert (set(found[:-2]), found[-2:]) == ({503}, [429, 429])
    assert len([each for each in caplog.records if each.name == "api.security"]) == STRANGERS


def test_a_provider_that_was_never_there_opens_nothing_and_is_asked_seldom(idp, believe, ask, clock):
    believe()
    idp.status = 500
    for _ in range(5):
        assert code(ask(idp.token(idp.claims(**ALL)))) == (503, "identity_provider_away")
    assert idp.asked == [DISCOVERY]


def a_set(*names):
    return KeySet([RSAKey.import_key(PUBLIC | {"kid": name}) for name in names])


PUBLIC = RSAKey.generate_key(2048).as_dict(private=False)


def test_many_at_once_ask_once_and_few_of_them_wait():
    asked, answered = [], Event()

    def read(issuer):
        asked.append(issuer)
        assert answered.wait(30)
        return a_set("one")

    ring = Keyring(read)
    with ThreadPoolExecutor(20) as pool:
        under_way = [pool.submit(ring.keys, "https://login.example", "one", NOW) for _ in range(20)]
        turned_away = [each for each in under_way if _waits_not(each)]
        answered.set()
        found = [each.result() for each in under_way if each not in turned_away]
    assert asked == ["https://login.example"]
    assert len(turned_away) == 16
    assert all(ring.keys[0].kid == "one" for ring in found)


def _waits_not(each):
    try:
        return isinstance(each.exception(timeout=0.5), ProviderAway)
    except TimeoutError:
        return False


def test_nobody_waits_for_keys_that_are_only_old():
    asked, answered = Event(), Event()

    def slow(_):
        asked.set()
        assert answered.wait(30)
        return a_set("one")

    ring = Keyring(slow)
    answered.set()
    ring.keys("https://login.example", "one", NOW)
    asked.clear()
    answered.clear()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(ring.keys, "https://login.example", "one", NOW + FRESH)
        assert asked.wait(30)
        assert ring.keys("https://login.example", "one", NOW + FRESH)
        answered.set()
        assert reading.result()


STEPS = st.lists(
    st.tuples(st.integers(0, 4000), st.sampled_from(["one", "two", "x", "y"]), st.booleans()), min_size=1, max_size=60
)


@given(STEPS)
def test_whatever_is_asked_and_whenever_the_provider_is_dialled_seldom_and_old_keys_open_nothing(steps):
    dialled, there, now, read_at = [], True, NOW, None

    def read(_):
        dialled.append(now)
        if not there:
            raise ProviderAway("it is away")
        return a_set("one", "two")

    ring = Keyring(read)
    for seconds, kid, there in steps:
        now += timedelta(seconds=seconds)
        before = len(dialled)
        try:
            found = ring.keys("https://login.example", kid, now)
        except ProviderAway:
            found = None
        if len(dialled) > before and there:
            read_at = now
        assert (found is None) or (read_at is not None and now - read_at < KEPT)
    assert all(later - sooner >= AGAIN for sooner, later in pairwise(dialled))


# --- what is read ----------------------------------------------------------------------------------------------------


def refused(idp, allow=None):
    with pytest.raises(ProviderAway) as caught:
        published.keys(idp.issuer, idp.allow if allow is None else allow)
    assert str(caught.value) == str(ProviderAway(""))
    return caught.value.why


def test_an_address_that_is_not_trusted_is_not_dialled(idp):
    assert "not https" in refused(idp, frozenset())
    with pytest.raises(ProviderAway) as caught:
        published.keys("https://127.0.0.1/realm", frozenset())
    assert "127.0.0.1 is not a public address" in caught.value.why
    idp.discovery["jwks_uri"] = "https://169.254.169.254/latest"
    assert "169.254.169.254 is not a public address" in refused(idp)
    for wrong in ("http://keys.example/", "file:///etc/passwd", "", 5, None, "https://a:b@keys.example/"):
        idp.discovery["jwks_uri"] = wrong
        assert refused(idp)
    assert JWKS not in idp.asked


@pytest.mark.parametrize("wrong", ["https://other.example", None, 5])
def test_a_discovery_document_of_another_issuer_is_not_believed(idp, wrong):
    idp.discovery["issuer"] = wrong
    assert "another issuer" in refused(idp)
    assert idp.asked == [DISCOVERY]


def test_redirects_long_answers_and_slow_ones_end_it(idp, monkeypatch):
    idp.status = 302
    assert "answered 302" in refused(idp)
    idp.status, idp.raw = 200, b" " * 300_000
    assert "longer than 256 kB" in refused(idp)
    for raw in (b"[1]", b"not json", b""):
        idp.raw = raw
        assert "JSON" in refused(idp)
    monkeypatch.setattr(published, "SECONDS", 0.2)
    idp.slow = 1.0
    assert "TimeoutError" in refused(idp)


def test_what_is_no_public_key_for_signatures_is_left_out(idp):
    good = idp.keys["one"].as_dict(private=False)
    modulus = generate_private_key(65537, 1024).public_key().public_numbers().n.to_bytes(128, "big")
    weak = good | {"n": urlsafe_b64encode(modulus).rstrip(b"=").decode(), "kid": "weak"}
    junk = [
        OctKey.generate_key(256, {"kid": "oct"}).as_dict(private=True),
        good | {"use": "enc", "kid": "enc"},
        weak,
        {"kty": "ML-KEM", "kid": "new"},
        {"kty": "RSA", "kid": "empty"},
        {"kty": "RSA", "kid": "text", "n": 5, "e": "AQAB"},
        {},
        "text",
        None,
    ]
    idp.jwks = {"keys": [*junk, good]}
    assert [key.kid for key in published.keys(idp.issuer, idp.allow)] == ["one"]
    for nothing in ({"keys": junk}, {"keys": {}}, {}):
        idp.jwks = nothing
        assert "no public key" in refused(idp)


def test_an_issuer_is_kept_as_it_is_spelled_or_refused():
    fine = "https://Login.Example/Realm/"
    assert published.issuer(fine, frozenset()) == fine
    assert published.issuer("http://127.0.0.1:8080/r", frozenset({("127.0.0.1", 8080)}))
    for wrong in (
        "login.example",
        "http://login.example",
        "https://login.example/?a=1",
        "https://u:p@login.example",
        "",
    ):
        with pytest.raises(Invalid):
            published.issuer(wrong, frozenset())
