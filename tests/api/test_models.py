"""What was learned, told to whoever may know; and another ranker asked for by whoever is alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalog import outbox, promotions, tenants, webhooks
from catalog.ids import TenantId
from catalog.keys import Scope
from catalog.records import PromotionState
from catalog.webhooks import Topic
from models.manifest import ORGANISATION, RANKER, TAGGERS
from sluis.settings import Settings
from sluis.wiring import House
from tests.make import NOW


@pytest.fixture
def registry(world):
    return world.client.app.state.services.registry


@pytest.fixture
def add(registry, tenant):
    """Makes an artefact."""

    def made(kind=RANKER, by=tenant, ndcg=0.5):
        facts = {"secret": "fact", ORGANISATION: by}
        return registry.add(kind, {"x.txt": b"x"}, facts=facts, metrics={"ndcg": ndcg}, now=NOW).name

    return made


@pytest.fixture
def ask(world):
    header = world.header(Scope.MODELS)

    def send(method, path="", **headers):
        return world.client.request(method, f"/v1/models{path}", headers=header | headers)

    return send


@pytest.fixture
def told(world):
    """Of what webhooks were told."""
    with world.database.write() as connection:
        hook = webhooks.add(connection, world.tenant, "https://a.example/", frozenset({Topic.MODEL_PROMOTED}), NOW)

    def messages():
        with world.database.read() as connection:
            return [each.body for each in outbox.deliveries(connection, world.tenant, webhook=hook.id)]

    return messages


@pytest.fixture(autouse=True)
def alone(world):
    """The operator's word that there is one organisation, for where the database does not tell."""
    settings, state = Settings(tenant=world.tenant, sole_tenant=True), world.client.app.state
    before = state.services
    state.services = replace(before, is_alone=House(settings, world.database).is_alone)
    return before


def another_organisation(world, alone):
    """Whose operator takes that word back."""
    other = TenantId("other")
    with world.database.of(other).write() as connection:
        tenants.ensure(connection, other, "Other", NOW)
    world.client.app.state.services = alone


def test_models_are_listed_with_the_one_in_use(world, registry, add, ask):
    first, second = add(ndcg=0.5), add(ndcg=0.75)
    registry.promote(RANKER, first)
    answer = ask("GET")
    said = {each["name"]: (each["kind"], each["in_use"], each["metrics"]) for each in answer.json()["items"]}
    assert said == {first: ("ranker", True, {"ndcg": 0.5}), second: ("ranker", False, {"ndcg": 0.75})}
    assert "secret" not in answer.text
    assert world.client.get("/v1/models", headers=world.header(Scope.ADMIN)).status_code == 403
    assert ask("GET", f"/{second}").json() == next(each for each in answer.json()["items"] if each["name"] == second)
    assert ask("GET", "/ranker-20200101-0000-abcd").json()["code"] == "not_found"


def test_nothing_learned_is_an_empty_list(ask):
    assert ask("GET").json() == {"items": []}


def test_a_ranker_that_is_to_rank_waits_for_the_gate(world, registry, add, ask):
    name = add()
    answers = [ask("POST", f"/{name}/promote", **{"Idempotency-Key": key}) for key in ("1", "1", "2")]
    assert [answer.status_code for answer in answers] == [202] * 3
    gate = answers[0].json()["gate"]
    assert (gate["status"], gate["reason"], gate["asked_by"], gate["difference"]) == ("waiting", "", "test", None)
    assert registry.current(RANKER) is None
    with world.database.write() as connection:
        claim = promotions.claim_waiting(connection, world.tenant, NOW)
        (asked,) = promotions.claimed(claim)
        assert not promotions.claim_waiting(connection, world.tenant, NOW)  # asked three times, and waits once
        word = "refused, it is worse: nDCG@10 0.4 against 0.5"
        figures = {"slates": 50, "difference": -0.1, "low": -0.2, "high": 0.0, "decided_at": NOW}
        judged = replace(asked, state=PromotionState.REFUSED, reason=word, **figures)
        promotions.decide(connection, world.tenant, judged, claim.token)
    gate = ask("GET", f"/{name}").json()["gate"]
    assert (gate["status"], gate["reason"], gate["slates"], gate["difference"]) == ("refused", word, 50, -0.1)
    assert (gate["low"], gate["high"], gate["decided_at"]) == (-0.2, 0.0, "2026-03-02T09:00:00Z")
    assert ask("POST", f"/{name}/promote").json()["gate"]["status"] == "waiting"  # the log has grown meanwhile


def test_what_cannot_be_promoted(world, registry, add, ask):
    taggers, name = add(TAGGERS), add()
    registry.promote(RANKER, name)
    for path, status, code in (
        (f"/{taggers}/promote", 422, "invalid"),
        (f"/{name}/promote", 409, "in_use"),
        ("/ranker-20200101-0000-abcd/promote", 404, "not_found"),
        ("/..%2F..%2Fkey/promote", 404, "not_found"),
        ("/UPPER/promote", 422, "malformed"),
    ):
        answer = ask("POST", path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    with world.database.read() as connection:
        assert not promotions.waiting(connection, world.tenant, NOW)


@pytest.mark.parametrize("kind", [RANKER, TAGGERS])
def test_there_is_a_way_back_and_it_is_gone_once(registry, add, ask, told, kind):
    first, second, third = (add(kind) for _ in range(3))
    for name in (first, second, third):
        registry.promote(kind, name)
    answers = [ask("POST", f"/{third}/rollback", **{"Idempotency-Key": "1"}) for _ in range(2)]
    assert [answer.json()["name"] for answer in answers] == [second, second]
    assert answers[0].json()["in_use"] is True
    assert registry.current(kind).name == second
    again = ask("POST", f"/{third}/rollback")
    assert (again.status_code, again.json()["code"]) == (409, "not_in_use")
    assert registry.current(kind).name == second
    assert ask("POST", f"/{second}/rollback").json()["name"] == first
    nothing = ask("POST", f"/{first}/rollback")
    assert (nothing.status_code, nothing.json()["code"]) == (409, "conflict")
    assert len(told()) == (2 if kind == RANKER else 0)
    assert all(second in body or first in body for body in told())


def test_what_ranks_for_others_nobody_changes(world, alone, registry, add, ask):
    own, theirs, used = add(), add(by="other"), add(by="other")
    for name in (own, used):
        registry.promote(RANKER, name)
    another_organisation(world, alone)
    for path in (f"/{own}/promote", f"/{used}/promote", f"/{used}/rollback"):
        answer = ask("POST", path)
        assert (answer.status_code, answer.json()["code"]) == (403, "serves_others")
    assert registry.current(RANKER).name == used
    said = {each["name"]: each["metrics"] for each in ask("GET").json()["items"]}
    assert said == {own: {"ndcg": 0.5}, used: {}}
    for method, path in (("GET", ""), ("POST", "/promote"), ("POST", "/rollback")):
        assert ask(method, f"/{theirs}{path}").json()["code"] == "not_found"


def test_only_a_key_for_models_changes_them(world, registry, add):
    name = add()
    header = world.header(*(set(Scope) - {Scope.MODELS}))
    for method, path in (("GET", ""), ("POST", "/promote"), ("POST", "/rollback")):
        assert world.client.request(method, f"/v1/models/{name}{path}", headers=header).status_code == 403


def test_a_lease_that_ran_out_lets_another_judge(world, add, ask):
    ask("POST", f"/{add()}/promote")
    late = NOW + promotions.LEASE + timedelta(seconds=1)
    with world.database.write() as connection:
        first = promotions.claim_waiting(connection, world.tenant, NOW)
        assert first
        assert not promotions.waiting(connection, world.tenant, NOW)
        assert promotions.waiting(connection, world.tenant, late)
        second = promotions.claim_waiting(connection, world.tenant, late)
        assert promotions.claimed(second) == promotions.claimed(first)
        assert not promotions.claim_waiting(connection, TenantId("other"), late)
