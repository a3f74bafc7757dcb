"""The Python client and the guide, against the application itself: what they show is what works."""

import asyncio
import re
import shlex
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

import sluis_client
from catalog import events
from catalog.keys import Scope
from sluis_client import AsyncClient, Client, Event, SluisError, core

GUIDE = Path(__file__).parents[2] / "docs" / "api" / "guide.md"


@pytest.fixture
def key(world):
    return world.header(*Scope)["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def sluis(world, key):
    with Client("http://testserver", key, http=TestClient(world.client.app)) as client:
        yield client


def test_a_feed_is_read_and_what_is_done_with_it_reported(world, sluis):
    feed = sluis.feed(world.seller.id, limit=2, language="nl")
    assert [item["position"] for item in feed["items"]] == [1, 2]
    batch = [Event("seen", item["impression"]) for item in feed["items"]]
    assert [each["status"] for each in sluis.report(batch)] == ["accepted", "accepted"]
    assert [each["status"] for each in sluis.report(batch)] == ["duplicate", "duplicate"]
    with world.database.read() as connection:
        assert {event.id for event in events.since(connection, world.tenant, 0)} == {each.id for each in batch}
    assert sluis.picks(world.seller.id)["items"] == []


def test_many_events_go_in_several_requests(world, sluis, monkeypatch):
    monkeypatch.setattr(core, "AT_ONCE", 3)
    token = sluis.feed(world.seller.id)["items"][0]["impression"]
    assert [each["status"] for each in sluis.report([Event("seen", token) for _ in range(7)])] == ["accepted"] * 7


def test_the_directory_is_kept_and_read_page_by_page(world, sluis):
    for number in range(3):
        sluis.put_employee(f"ext:E {number}", f"p{number}@acme.example", "A person", functions=["sales"])
    assert sluis.consent("ext:E 1", opted_in=True)["opted_in"] is True
    emails = [each["email"] for each in sluis.employees(q="p")]
    assert emails == ["p0@acme.example", "p1@acme.example", "p2@acme.example"]
    sluis.erase("ext:E 0")
    with pytest.raises(SluisError) as refused:
        sluis.feed("ext:E 0")
    assert (refused.value.status, refused.value.code) == (404, "unknown_employee")


def test_the_asynchronous_one_does_the_same(world, key):
    async def go():
        transport = httpx.ASGITransport(app=world.client.app)
        http = httpx.AsyncClient(transport=transport, base_url="http://testserver")
        async with AsyncClient("http://testserver", key, http=http) as client:
            feed = await client.feed(world.seller.id)
            results = await client.report([Event("open", feed["items"][0]["impression"])])
            listed = [each async for each in client.employees()]
            return results, listed

    results, listed = asyncio.run(go())
    assert [each["status"] for each in results] == ["accepted"]
    assert len(listed) == 2


def scripted(*answers):
    """A transport that gives these answers in turn, and what it was asked."""
    asked, left = [], list(answers)

    def handle(request):
        asked.append(request)
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return httpx.Client(transport=httpx.MockTransport(handle), base_url="http://s"), asked


def test_what_is_busy_is_asked_again_with_the_same_key_after_the_time_it_names(monkeypatch):
    waited = []
    monkeypatch.setattr("sluis_client.client.time.sleep", waited.append)
    http, asked = scripted(
        httpx.Response(503, headers={"Retry-After": "7"}, json={}),
        httpx.ConnectError("down"),
        httpx.Response(200, json={"results": []}),
    )
    assert Client("http://s", "k", http=http).report([Event("open", "t")]) == []
    assert waited[0] == 7.0
    assert 0.5 < waited[1] < 2
    assert len({request.headers["Idempotency-Key"] for request in asked}) == 1
    assert len({request.content for request in asked}) == 1


def test_it_gives_up_and_does_not_repeat_what_is_refused(monkeypatch):
    monkeypatch.setattr("sluis_client.client.time.sleep", lambda _: None)
    http, asked = scripted(*[httpx.Response(429, json={"code": "too_many_requests", "detail": "wait"})] * core.TRIES)
    with pytest.raises(SluisError, match="too_many_requests"):
        Client("http://s", "k", http=http).feed("x")
    assert len(asked) == core.TRIES
    http, asked = scripted(httpx.Response(422, json={"code": "malformed", "detail": "no"}))
    with pytest.raises(SluisError, match="malformed: no"):
        Client("http://s", "k", http=http).feed("x")
    http, asked = scripted(*[httpx.ConnectError("down")] * core.TRIES)
    with pytest.raises(httpx.ConnectError):
        Client("http://s", "k", http=http).feed("x")


def test_a_moment_without_time_zone_is_no_moment():
    with pytest.raises(ValueError, match="time zone"):
        Event("open", "t", at=datetime(2026, 3, 2)).wire()  # noqa: DTZ001


def snippets():
    text = GUIDE.read_text(encoding="utf-8")
    return re.findall(r"```(sh|python)\n(.*?)```", text, re.DOTALL)


def test_every_snippet_of_the_guide_works(world, key, monkeypatch):
    monkeypatch.setattr(sluis_client.client.httpx, "Client", lambda **_: TestClient(world.client.app))
    names = {"KEY": key}
    for kind, text in snippets():
        if kind == "python":
            exec(compile(text, str(GUIDE), "exec"), names)
        else:
            for command in re.split(r"^curl ", text, flags=re.MULTILINE)[1:]:
                curl(world.client, command.replace("$KEY", key).replace("\\\n", " "))
    assert [item["article"]["title"] for item in names["feed"]["items"]]
    assert {kind for kind, _ in snippets()} == {"sh", "python"}


def curl(client, command):
    """One command of the guide, as curl would send it; no program is needed for that."""
    words, method, headers, body, url = shlex.split(command), "GET", {}, None, ""
    while words:
        match words.pop(0):
            case "-X":
                method = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case "-d":
                body = words.pop(0)
            case word:
                url = word.removeprefix("http://127.0.0.1:8000")
    answer = client.request(method, url, headers=headers, content=body)
    waits = answer.status_code == 404 and answer.json()["code"] == "not_read_yet"  # nobody reads it in this test
    assert answer.is_success or waits, (command, answer.text)
