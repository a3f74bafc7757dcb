"""Messages arrive signed, once it is due and until it is there, and never at a private address."""

import asyncio
import contextlib
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from aiohttp import web
from standardwebhooks import Webhook as Verifying
from standardwebhooks import WebhookVerificationError

from api.delivery import webhooks as delivering
from api.delivery.webhooks import AGAIN_AFTER, deliver
from catalog import articles, certificates, outbox, tenants, webhooks
from catalog.certificates import Kept
from catalog.ids import CertificateId, TenantId
from catalog.records import State
from catalog.webhooks import OVERLAP, Topic
from curation.review import Desk, Reviewer
from tests import make
from tests.make import NOW

EVERYTHING = frozenset(Topic)
TENANT = TenantId("acme")


class Receiver:
    """A server that keeps what it is sent, and answers as told."""

    def __init__(self):
        self.got, self.status, self.wait = [], 200, 0.0

    async def take(self, request):
        self.got.append((dict(request.headers), await request.text()))
        await asyncio.sleep(self.wait)
        return web.Response(status=self.status, headers={"Location": "http://127.0.0.1:1/"})

    @contextlib.asynccontextmanager
    async def listening(self):
        app = web.Application()
        app.router.add_post("/", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The library that verifies looks at the real clock; here it looks at ours."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return NOW

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Clock)


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def told(database, tenant, receiver):
    """Delivers to the receiver what `happens` to one webhook, at each of the moments `at`."""

    def run(happens, *at, types=EVERYTHING, trusted=True):
        async def go():
            async with receiver.listening() as port:
                with database.write() as connection:
                    hook = webhooks.add(connection, tenant, f"http://127.0.0.1:{port}/", types, NOW)
                    happens(connection, hook)
                allow = frozenset({("127.0.0.1", port)}) if trusted else frozenset()
                for moment in at or (NOW,):
                    await deliver(database, tenant, allow, lambda moment=moment: moment, asyncio.Event())
                return hook

        return asyncio.run(go())

    return run


def picks(connection, _hook):
    outbox.put(connection, TENANT, Topic.PICKS_READY, {"day": "2026-03-02", "people": 3}, NOW)


def standing(database, tenant, hook):
    with database.read() as connection:
        return webhooks.get(connection, tenant, hook.id), outbox.deliveries(connection, tenant, webhook=hook.id)


def test_the_official_library_verifies_what_arrives(database, tenant, receiver, told):
    hook = told(picks)
    [(headers, body)] = receiver.got
    assert Verifying(hook.secret).verify(body, headers) == json.loads(body)
    assert json.loads(body)["type"] == "picks.ready"
    assert json.loads(body)["data"] == {"day": "2026-03-02", "people": 3}
    _, [done] = standing(database, tenant, hook)
    assert (done.status, done.attempts, done.due_at, done.delivered_at) == (200, 1, None, NOW)
    with pytest.raises(WebhookVerificationError):
        Verifying(hook.secret).verify(body.replace("3", "4"), headers)
    with pytest.raises(WebhookVerificationError):
        Verifying(hook.secret).verify(body, headers | {"webhook-id": "another"})
    with pytest.raises(WebhookVerificationError):  # a replay of last hour
        Verifying(hook.secret).verify(body, headers | {"webhook-timestamp": str(int(NOW.timestamp()) - 3600)})


def test_during_a_change_both_secrets_verify_and_then_only_the_new_one(database, tenant, receiver, told):
    made = []

    def change(connection, hook):
        made.append(webhooks.rotate(connection, tenant, hook.id, NOW))
        picks(connection, hook)

    old = told(change)
    [(headers, body)] = receiver.got
    for secret in (old.secret, made[0].secret):
        Verifying(secret).verify(body, headers)
    assert made[0].signing(NOW + OVERLAP) == (made[0].secret,)


def test_what_fails_is_tried_again_under_the_same_id_and_at_last_given_up(database, tenant, receiver, told):
    receiver.status = 500
    later = NOW
    moments = [later := later + 2 * wait for wait in (timedelta(), *AGAIN_AFTER)]
    hook = told(picks, *moments)
    assert len(receiver.got) == len(AGAIN_AFTER) + 1
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    after, [given_up] = standing(database, tenant, hook)
    assert (given_up.due_at, given_up.delivered_at, given_up.problem) == (None, None, "it answered 500")
    assert after.disabled_why == "it answered 500"


def test_it_is_not_tried_before_its_time(receiver, told):
    receiver.status = 503
    told(picks, NOW, NOW + timedelta(seconds=3), NOW + timedelta(seconds=7))
    assert len(receiver.got) == 2


def test_one_that_is_gone_is_told_nothing_more(database, tenant, receiver, told):
    receiver.status = 410
    hook = told(picks, NOW, NOW + timedelta(days=2))
    assert len(receiver.got) == 1
    assert standing(database, tenant, hook)[0].disabled_at == NOW


def test_a_redirect_is_not_followed(database, tenant, receiver, told):
    receiver.status = 302
    hook = told(picks)
    assert standing(database, tenant, hook)[1][0].problem == "it answered 302"


def test_a_private_address_is_refused_when_it_is_dialled(database, tenant, receiver, told):
    hook = told(picks, trusted=False)
    assert receiver.got == []
    assert "not a public address" in standing(database, tenant, hook)[1][0].problem


def test_a_slow_receiver_is_left(database, tenant, receiver, told, monkeypatch):
    monkeypatch.setattr(delivering, "_SECONDS", 0.3)
    receiver.wait = 2.0
    hook = told(picks)
    assert "could not be reached in time" in standing(database, tenant, hook)[1][0].problem


def test_two_workers_send_each_message_once(database, tenant, receiver):
    async def go():
        async with receiver.listening() as port:
            with database.write() as connection:
                hook = webhooks.add(connection, tenant, f"http://127.0.0.1:{port}/", EVERYTHING, NOW)
                for _ in range(30):
                    picks(connection, hook)
            allow = frozenset({("127.0.0.1", port)})
            await asyncio.gather(*(deliver(database, tenant, allow, lambda: NOW, asyncio.Event()) for _ in range(2)))

    asyncio.run(go())
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got) == 30


def test_what_a_killed_worker_had_is_sent_again_when_its_lease_is_over(database, tenant, receiver, told):
    def taken(connection, hook):
        picks(connection, hook)
        assert outbox.claim_due(connection, tenant, 5, NOW, timedelta(minutes=5))

    told(taken, NOW + timedelta(minutes=1), NOW + timedelta(minutes=6))
    assert len(receiver.got) == 1


def test_what_was_undone_is_not_told(database, tenant):
    with database.write() as connection:
        hook = webhooks.add(connection, tenant, "https://a.example/", EVERYTHING, NOW)
    with contextlib.suppress(RuntimeError), database.write() as connection:
        picks(connection, hook)
        raise RuntimeError
    assert standing(database, tenant, hook)[1] == []


def test_nothing_is_kept_where_nobody_wants_to_hear(database, tenant):
    with database.write() as connection:
        hook = webhooks.add(connection, tenant, "https://a.example/", frozenset({Topic.MODEL_PROMOTED}), NOW)
        picks(connection, hook)
    assert standing(database, tenant, hook)[1] == []


def test_decisions_and_lapses_are_told(database, tenant):
    with database.write() as connection:
        hook = webhooks.add(connection, tenant, "https://a.example/", EVERYTHING, NOW)
        stored = make.store_live(connection, tenant, None, tags={"function": {"sales": 0.9}})
        articles.move(connection, tenant, articles.get(connection, tenant, stored.id), State.IN_REVIEW, live_from=None)
        desk = Desk(connection, tenant, NOW)
        desk.approve(stored.id, Reviewer("Ann"), audience=make.audience("sales"))
        desk.withdraw(stored.id, Reviewer("Ann"), reason="wrong")
        certificates.add(connection, tenant, Kept(CertificateId("c1"), NOW, "Ann", "{}"))
        for _ in range(2):
            certificates.lapse(connection, tenant, CertificateId("c1"), "too many errors", NOW)
    said = [(each.type, json.loads(each.body)["data"]) for each in standing(database, tenant, hook)[1]]
    assert sorted(said, key=str) == sorted(
        [
            (Topic.ARTICLE_APPROVED, {"article_id": stored.id}),
            (Topic.ARTICLE_WITHDRAWN, {"article_id": stored.id}),
            (Topic.CERTIFICATE_LAPSED, {"certificate_id": "c1", "reason": "too many errors"}),
        ],
        key=str,
    )


def test_an_article_that_the_clock_ended_is_told_of_once(database, tenant):
    with database.write() as connection:
        hook = webhooks.add(connection, tenant, "https://a.example/", EVERYTHING, NOW)
        expired = make.store_live(connection, tenant, make.audience("*"), expires_at=NOW - timedelta(minutes=1))
        make.store_live(connection, tenant, make.audience("*"), expires_at=NOW + timedelta(minutes=1))
        for _ in range(3):
            outbox.notice_expired(connection, tenant, NOW)
    [one] = standing(database, tenant, hook)[1]
    assert (one.type, json.loads(one.body)["data"]) == (Topic.ARTICLE_EXPIRED, {"article_id": expired.id})


def test_nobody_hears_of_another_organisation(database, tenant):
    other = TenantId("other")
    with database.write() as connection:
        hook = webhooks.add(connection, tenant, "https://a.example/", EVERYTHING, NOW)
    with database.of(other).write() as connection:
        tenants.ensure(connection, other, "Other", NOW)
        outbox.put(connection, other, Topic.PICKS_READY, {}, NOW)
    assert standing(database, tenant, hook)[1] == []
    assert replace(hook, old_secret="x", old_until=NOW).signing(NOW) == (hook.secret,)
