"""`sluis oidc …`: only a provider that is there is believed, and a token's fault is told by name."""

import io
import json
from datetime import timedelta

import pytest

from catalog.clock import utcnow
from tests import provider

ADD = ("--audience", "sluis", "--scope-claim", "roles", "--map", "sluis.read=recommend", "--map", "a=b=admin")


@pytest.fixture
def idp(monkeypatch):
    with provider.running() as found:
        monkeypatch.setenv("SLUIS_TRUSTED_HOSTS", f"127.0.0.1:{found.port}")
        yield found


@pytest.fixture
def check(shell, monkeypatch):
    def send(token, run=shell):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{token}\n"))
        return run("oidc", "check")

    return send


def claims(idp, **more):
    now = utcnow()
    moments = {"iat": now - timedelta(seconds=1), "exp": now + timedelta(minutes=5)}
    return idp.claims(**{name: int(moment.timestamp()) for name, moment in moments.items()} | more)


def test_a_provider_is_added_shown_and_removed(shell, idp):
    made = shell("oidc", "add", idp.issuer, *ADD, "--algorithm", "RS256", "--algorithm", "ES256", "--leeway", "5")
    which, found = made.splitlines()
    assert found == "1 key of it found"
    (told,) = json.loads(shell("oidc", "list", "--json"))
    assert (told["id"], told["issuer"], told["audience"]) == (which, idp.issuer, "sluis")
    assert told["scopes"] == {"sluis.read": ["recommend"], "a=b": ["admin"]}
    assert (told["algorithms"], told["leeway"], told["scope_claim"]) == (["ES256", "RS256"], 5, "roles")
    assert "sluis.read=recommend" in shell("oidc", "list")
    assert "audience of its own" in shell.fails("oidc", "add", idp.issuer, *ADD)
    shell("oidc", "remove", which)
    assert json.loads(shell("oidc", "list", "--json")) == []
    assert "sluis oidc list" in shell.fails("oidc", "remove", which)
    assert "sluis oidc add" in shell("oidc", "list")


def test_what_cannot_be_used_is_not_added_and_says_what_is_wrong(shell, idp, monkeypatch):
    idp.discovery["issuer"] = "https://other.example"
    assert "of another issuer" in shell.fails("oidc", "add", idp.issuer, *ADD)
    idp.status = 404
    assert "answered 404" in shell.fails("oidc", "add", idp.issuer, *ADD)
    assert "private key" in shell.fails("oidc", "add", idp.issuer, *ADD, "--algorithm", "HS256")
    for wrong in ("word", "=admin", "word=", "word=everything"):
        assert "WORD=SCOPE" in shell.fails("oidc", "add", idp.issuer, *ADD, "--map", wrong)
    monkeypatch.setenv("SLUIS_TRUSTED_HOSTS", "")
    assert "SLUIS_TRUSTED_HOSTS" in shell.fails("oidc", "add", idp.issuer, *ADD)
    assert json.loads(shell("oidc", "list", "--json")) == []


def test_a_token_is_explained(shell, idp, check):
    shell("oidc", "add", idp.issuer, *ADD)
    assert "app (token of 127.0.0.1) may open: recommend" in check(idp.token(claims(idp, roles=["sluis.read"])))
    assert "nothing: no word" in check(idp.token(claims(idp)))
    for token, why in (
        (idp.token(claims(idp, exp=1)), "expired"),
        (idp.token(claims(idp, aud="another")), "audience"),
        (idp.token(claims(idp), key="foreign"), "does not publish"),
        ("sluis_a_b", "no JWT"),
        ("", "no JWT"),
    ):
        assert why in check(token, shell.fails)
