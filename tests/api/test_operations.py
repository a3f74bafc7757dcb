"""Limits, shedding and figures: what keeps a server answering, and what tells whether it does."""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api import limits
from api.app import create_app
from api.metrics import Metrics
from api.rates import STRANGERS, Rates
from api.watch import Watch
from catalog import articles, audiences
from catalog.keys import Scope
from catalog.records import State
from tests import make
from tests.make import NOW


def reopened(world, **given):
    """The same house with other settings."""
    wired = replace(world.client.app.state.services, **given)
    return TestClient(create_app(wired), raise_server_exceptions=False)


def ask(client, world, header):
    return client.get(f"/v1/articles/{world.meant['sales'].id}", headers=header)


def test_a_key_is_told_what_is_left_and_then_to_wait(world):
    client, header = reopened(world, rates=Rates(per_key=2, per_tenant=0)), world.header(Scope.CONTENT)
    left = [ask(client, world, header).headers["RateLimit-Remaining"] for _ in range(2)]
    refused = ask(client, world, header)
    assert left == ["1", "0"]
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert ask(client, world, world.header(Scope.CONTENT)).status_code == 200  # another key is another caller


def test_all_keys_of_an_organisation_share_its_limit(world):
    client = reopened(world, rates=Rates(per_key=0, per_tenant=2))
    found = [ask(client, world, world.header(Scope.CONTENT)).status_code for _ in range(3)]
    assert found == [200, 200, 429]


def test_a_refusal_is_not_counted_against_the_key_of_somebody_else(world):
    header = world.header(Scope.CONTENT)
    codes = {world.client.get("/v1/articles", headers={"Authorization": "Bearer sluis_x_y"}).status_code}
    assert codes == {401}
    assert ask(world.client, world, header).status_code == 200


def test_whoever_tries_out_keys_is_slowed_down(world):
    wrong = {"Authorization": "Bearer sluis_0123456789ab_guess"}
    found = [world.client.get("/v1/articles", headers=wrong).status_code for _ in range(STRANGERS + 1)]
    assert set(found[:-1]) == {401}
    assert found[-1] == 429


def test_without_limits_nothing_is_said_of_them(world):
    answer = ask(world.client, world, world.header(Scope.CONTENT))
    assert not [name for name in answer.headers if name.startswith("ratelimit")]


def test_many_who_write_at_once_are_all_served(world):
    """More than the forty threads that a server has by itself: the one whose turn it is needs a thread to end it."""
    header = world.header(Scope.PEOPLE)

    def say(number):
        body = {"email": f"p{number}@acme.example", "name": "Pat", "functions": ["sales"]}
        return client.put(f"/v1/employees/ext:{number}", json=body, headers=header).status_code

    with reopened(world) as client, ThreadPoolExecutor(80) as crowd:
        assert set(crowd.map(say, range(160))) == {201}


def test_what_is_too_much_is_sent_away_at_once_and_health_is_not():
    metrics, entered, go_on = Metrics(), asyncio.Event(), asyncio.Event()

    async def slow(scope, receive, send):
        entered.set()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def run():
        watch, sent = Watch(slow, metrics, most_at_once=1), []

        async def send(message):
            sent.append(message)

        def request(path):
            return watch({"type": "http", "method": "GET", "path": path, "headers": []}, None, send)

        first = asyncio.create_task(request("/v1/articles"))
        await entered.wait()
        await request("/v1/articles")
        shed = sent[0]
        health = asyncio.create_task(request("/healthz"))
        go_on.set()
        await asyncio.gather(first, health)
        await request("/v1/articles")
        return shed, [message["status"] for message in sent if "status" in message]

    shed, statuses = asyncio.run(run())
    assert (shed["status"], dict(shed["headers"])[b"retry-after"]) == (503, b"5")
    assert statuses == [503, 200, 200, 200]
    assert metrics.registry.get_sample_value("sluis_requests_shed_total") == 1
    assert metrics.registry.get_sample_value("sluis_requests_under_way") == 0


def test_a_body_that_drips_is_given_up(world, monkeypatch):
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.2)
    sent = []

    async def drip():
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message):
        sent.append(message)

    bearer = world.header(Scope.EVENTS)["Authorization"].encode()
    headers = [(b"content-type", b"application/json"), (b"authorization", bearer)]
    scope = {"type": "http", "method": "POST", "path": "/v1/events", "headers": headers, "query_string": b""}
    began = time.monotonic()
    asyncio.run(world.client.app(scope, drip, send))
    assert sent[0]["status"] == 408
    assert time.monotonic() - began < 5


def test_a_request_has_a_number_and_keeps_the_one_it_came_with(world):
    assert world.client.get("/healthz", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    made = world.client.get("/healthz", headers={"X-Request-Id": "no\tgood " * 20}).headers["X-Request-Id"]
    assert len(made) == 32


def test_a_line_of_the_log_has_ids_and_no_address(world, caplog):
    header = world.header(Scope.RECOMMEND)
    with caplog.at_level(logging.INFO, logger="api.access"):
        world.client.get(f"/v1/employees/{world.seller.id}/feed?language=nl", headers=header)
    [line] = [record for record in caplog.records if record.name == "api.access"]
    assert (line.tenant, line.status, line.method) == (world.tenant, 200, "GET")
    assert line.route.endswith("/employees/{employee_id}/feed")
    assert line.key in header["Authorization"]
    assert not [text for text in (world.seller.id, world.seller.email) if text in str(vars(line))]


def test_metrics_are_for_whoever_has_the_token(world):
    assert world.client.get("/metrics").status_code == 404
    client = reopened(world, metrics_token="t" * 32)
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Bearer {'t' * 32}"}).status_code == 200


@pytest.fixture
def figures(world):
    """What the metrics say after somebody was served."""
    wired = world.client.app.state.services
    wired.feeds(world.tenant)._observer = wired.metrics
    client = reopened(world, metrics_token="token")

    def read():
        text = client.get("/metrics", headers={"Authorization": "Bearer token"}).text
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    return client, read


def test_metrics_tell_of_feeds_and_of_how_articles_stand(world, figures):
    client, read = figures
    client.get(f"/v1/employees/{world.seller.id}/feed", headers=world.header(Scope.RECOMMEND))
    found = read()
    assert found['sluis_slates_total{degraded="no"}'] == 1
    assert found["sluis_slate_items_sum"] == 2
    assert found["sluis_isolation_violations_total"] == 0
    assert found['sluis_articles{state="approved",tenant="acme"}'] == 3
    assert found['sluis_events_behind{tenant="acme"}'] == 0
    assert found['sluis_queue_age_seconds{tenant="acme"}'] == 0


def test_an_item_for_somebody_else_is_an_alarm(world, figures, monkeypatch):
    client, read = figures
    real = audiences.violations

    def all_closed(*given):
        return [*given[3]] if real(*given) == [] else []

    monkeypatch.setattr("ranking.feed.audiences.violations", all_closed)
    client.get(f"/v1/employees/{world.seller.id}/feed", headers=world.header(Scope.RECOMMEND))
    assert read()["sluis_isolation_violations_total"] == 2


def test_what_waits_for_a_person_grows_old(world, figures):
    client, read = figures
    client.get(f"/v1/employees/{world.seller.id}/feed", headers=world.header(Scope.RECOMMEND))
    with world.database.write() as connection:
        waiting = make.article(state=State.IN_REVIEW, created_at=NOW - timedelta(hours=2))
        articles.save(connection, world.tenant, waiting)
    assert read()['sluis_queue_age_seconds{tenant="acme"}'] == 7200
