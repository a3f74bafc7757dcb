"""Which identity providers are believed: one organisation's per issuer and audience, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalog import providers, tenants
from catalog.errors import Conflict, Invalid, NotFound
from catalog.ids import ProviderId, TenantId
from catalog.keys import Scope
from tests import make
from tests.make import NOW

OTHER = TenantId("other")


@pytest.fixture(autouse=True)
def another(database):
    with database.of(OTHER).write() as connection:
        tenants.ensure(connection, OTHER, "Other", NOW)


def add(database, provider):
    with database.of(provider.tenant).write() as connection:
        providers.add(connection, provider)
    return provider


def every(database, tenant):
    with database.of(tenant).read() as connection:
        return providers.every(connection, tenant)


def test_what_was_added_is_what_is_believed(database, tenant):
    made = add(
        database,
        make.provider(
            tenant,
            algorithms=frozenset({"RS256", "Ed25519"}),
            scopes={"a": {Scope.EVENTS, Scope.CONTENT}, "b": {Scope.ADMIN}},
            leeway=300,
        ),
    )
    assert every(database, tenant) == [made]
    assert every(database, OTHER) == []
    with database.of_nobody().read() as connection:
        assert providers.of_issuer(connection, made.issuer) == [made]
        for issuer in (f"{made.issuer}/", made.issuer.upper(), ""):
            assert providers.of_issuer(connection, issuer) == []


@pytest.mark.parametrize("second", [OTHER, TenantId("acme")])
def test_issuer_and_audience_are_of_one_organisation(database, tenant, second):
    first = add(database, make.provider(tenant))
    with pytest.raises(Conflict, match="audience of its own"):
        add(database, make.provider(second))
    with database.of_nobody().read() as connection:
        assert providers.of_issuer(connection, first.issuer) == [first]
    add(database, make.provider(second, audience="another"))
    with database.of_nobody().read() as connection:
        assert len(providers.of_issuer(connection, first.issuer)) == 2


def test_use_is_noted_and_removal_is_for_good_and_of_ones_own_alone(database, tenant):
    made = add(database, make.provider(tenant))
    caller = providers.application(made, "app", frozenset())
    with database.of(tenant).write() as connection:
        providers.used(connection, caller, NOW + timedelta(hours=1))
    assert every(database, tenant) == [replace(made, last_used_at=NOW + timedelta(hours=1))]
    with pytest.raises(NotFound), database.of(OTHER).write() as connection:
        providers.remove(connection, OTHER, made.id)
    with database.of(tenant).write() as connection:
        providers.remove(connection, tenant, made.id)
    assert every(database, tenant) == []
    with pytest.raises(NotFound, match="sluis oidc list"), database.of(tenant).write() as connection:
        providers.remove(connection, tenant, ProviderId("x"))


def test_an_application_is_the_same_caller_each_time_and_another_one_with_every_other_provider(tenant):
    first, second = make.provider(tenant), make.provider(tenant)
    ids = [providers.application(one, client, frozenset()).id for one in (first, second) for client in ("a", "b")]
    assert len(set(ids)) == 4
    assert ids[0] == providers.application(first, "a", frozenset(Scope)).id


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithms": frozenset({"RS256", "HS256"})},
        {"algorithms": frozenset({"none"})},
        {"algorithms": frozenset()},
        {"scopes": {}},
        {"scopes": {"word": set()}},
        {"scopes": {"": {Scope.EVENTS}}},
        {"leeway": 301},
        {"leeway": -1},
        {"audience": ""},
        {"audience": "a\x00"},
        {"scope_claim": "x" * 256},
    ],
)
def test_what_could_never_be_safe_is_no_provider(tenant, wrong):
    with pytest.raises(Invalid):
        make.provider(tenant, **wrong)
