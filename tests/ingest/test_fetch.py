"""Fetching: what a well-behaved server gets, and what the others cannot do."""

import asyncio
import gzip
import zlib

import pytest

from catalog.errors import Invalid
from ingest import fetch
from ingest.config import FetchLimits
from ingest.fetch import Fetched, FetchFailed
from tests.ingest.site import Answer, Site

RSS = {
    "Content-Type": "application/rss+xml; charset=utf-8",
    "ETag": '"v1"',
    "Last-Modified": "Mon, 02 Mar 2026 08:00:00 GMT",
}


def visit(
    answers: dict[str, Answer], path: str = "/", etag: str | None = None, **limits: object
) -> tuple[Fetched, Site]:
    async def scenario() -> tuple[Fetched, Site]:
        async with Site() as site:
            for place, answer in answers.items():
                site[place] = answer
            return await fetch.get(site.origin + path, site.limits(**limits), etag=etag), site

    return asyncio.run(scenario())


def failure(answers: dict[str, Answer], path: str = "/", **limits: object) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        visit(answers, path, **limits)
    message = str(caught.value)
    assert "\n" not in message
    assert ": " in message.removeprefix("http://")
    return caught.value


def test_a_visit_brings_the_body_and_how_to_ask_again():
    found, site = visit({"/": Answer("<rss/>", headers=RSS)})
    assert (found.status, found.body, found.content_type, found.charset) == (
        200,
        b"<rss/>",
        "application/rss+xml",
        "utf-8",
    )
    assert (found.etag, found.last_modified) == ('"v1"', "Mon, 02 Mar 2026 08:00:00 GMT")
    assert (found.url, found.permanent_url) == (f"{site.origin}/", None)
    [headers] = site.asked["/"]
    assert headers["User-Agent"].startswith("Sluis (")
    assert headers["Accept-Encoding"] == "gzip, deflate"
    assert "Cookie" not in headers


def test_contact_is_told():
    _, site = visit({"/": Answer("x")}, contact="https://acme.example/bot")
    assert "https://acme.example/bot" in site.asked["/"][0]["User-Agent"]


def test_what_has_not_changed_is_not_sent_again():
    found, site = visit({"/": Answer("<rss/>", headers=RSS)}, etag='"v1"')
    assert (found.status, found.body) == (304, b"")
    assert site.asked["/"][0]["If-None-Match"] == '"v1"'


def test_unchanged_is_no_answer_to_who_never_asked():
    assert not failure({"/": Answer(status=304)}).permanent


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"hello " * 1000, mtime=0)),
        ("deflate", zlib.compress(b"hello " * 1000)),
        ("deflate", zlib.compress(b"hello " * 1000, wbits=-15)),
        ("identity", b"hello " * 1000),
    ],
)
def test_packed_bodies_are_unpacked(coding, packed):
    found, _ = visit({"/": Answer(packed, headers={"Content-Encoding": coding})})
    assert found.body == b"hello " * 1000


@pytest.mark.parametrize(
    ("coding", "body", "word"),
    [
        ("br", b"whatever", "'br'"),
        ("gzip", b"this is not gzip", "damaged"),
        ("gzip", gzip.compress(b"hello " * 1000, mtime=0)[:-20], "half-way"),
    ],
)
def test_packing_we_cannot_trust_is_refused(coding, body, word):
    assert word in str(failure({"/": Answer(body, headers={"Content-Encoding": coding})}))


def test_a_gzip_bomb_stops_at_the_cap():
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < 100_000
    found = failure({"/": Answer(bomb, headers={"Content-Encoding": "gzip"})}, max_bytes=1_000_000)
    assert found.permanent
    assert "1 MB" in str(found)


def test_a_large_body_stops_at_the_cap():
    assert visit({"/": Answer(bytes(1000))}, max_bytes=1000)[0].body == bytes(1000)
    assert "larger" in str(failure({"/": Answer(bytes(1001))}, max_bytes=1000))


def test_a_slow_drip_ends_with_the_time_for_the_whole_visit():
    found = failure({"/": Answer(bytes(1000), drip=0.02)}, seconds=0.2)
    assert "0.2 seconds" in str(found)
    assert not found.permanent


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (401, True),
        (403, True),
        (404, True),
        (410, True),
        (418, True),
        (408, False),
        (429, False),
        (500, False),
        (503, False),
    ],
)
def test_an_answer_that_is_no_page_says_whether_to_come_back(status, permanent):
    found = failure({"/": Answer("sorry", status)})
    assert found.permanent is permanent
    assert str(status) in str(found)


def redirect(target: str, status: int = 302) -> Answer:
    return Answer(status=status, headers={"Location": target})


def test_redirects_are_followed_and_a_move_for_good_is_told():
    moved = {"/": redirect("/a", 301), "/a": redirect("/b", 308), "/b": redirect("/c"), "/c": Answer("here")}
    found, site = visit(moved)
    assert found.body == b"here"
    assert found.url == f"{site.origin}/c"
    assert found.permanent_url == f"{site.origin}/b"


def test_a_detour_is_no_move():
    found, _ = visit({"/": redirect("/a"), "/a": redirect("/b", 301), "/b": Answer("here")})
    assert found.permanent_url is None


def test_a_circle_of_redirects_ends():
    found = failure({"/": redirect("/")}, redirects=3)
    assert "more than 3 times" in str(found)
    assert found.permanent


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://a.example/", "javascript:alert(1)", "http://[", "http://"]
)
def test_a_redirect_to_anything_but_the_web_is_refused(target):
    assert failure({"/": redirect(target)}).permanent


INSIDE = ("127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "127.1", "0x7f.1", "①②⑦.⓪.⓪.①", "[::ffff:127.0.0.1]")


def test_a_redirect_to_a_private_address_sends_no_packet():
    connected: list[object] = []

    async def scenario() -> None:
        inside = await asyncio.start_server(lambda *streams: connected.append(streams), "127.0.0.1", 0)
        port = inside.sockets[0].getsockname()[1]
        async with Site() as site, inside:
            for host in INSIDE:
                site["/"] = redirect(f"http://{host}:{port}/secret")
                with pytest.raises(FetchFailed, match="public") as caught:
                    await fetch.get(site.origin, site.limits())
                assert caught.value.permanent

    asyncio.run(scenario())
    assert not connected


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(FetchFailed) as caught:
        asyncio.run(fetch.get("https://user:hunter2@feeds.example/", FetchLimits()))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["a" * 64 + ".example", "a..example", ".example", "[::1", "127.1", "host.example:70000"]
)
def test_a_host_that_cannot_be_is_refused_for_good(host):
    with pytest.raises(FetchFailed) as caught:
        asyncio.run(fetch.get(f"http://{host}/feed", FetchLimits()))
    assert caught.value.permanent


def test_a_validator_that_cannot_be_sent_back_is_forgotten():
    odd = {"ETag": '"é"', "Last-Modified": "x" * 600, "Content-Type": "text/html; charset=utf-8"}
    found, _ = visit({"/": Answer("x", headers=odd)})
    assert (found.etag, found.last_modified) == (None, None)


@pytest.mark.parametrize("url", ["feeds.example/rss", "/etc/passwd", "file:///etc/passwd", "", "http://"])
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(FetchFailed, match="not a web address"):
        asyncio.run(fetch.get(url, FetchLimits()))


def test_proxy_variables_are_ignored(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert visit({"/": Answer("direct")})[0].body == b"direct"


def test_a_server_that_is_not_there_is_tried_again():
    async def scenario() -> str:
        async with Site() as site:
            return site.origin

    origin = asyncio.run(scenario())
    port = int(origin.rsplit(":", 1)[1])
    with pytest.raises(FetchFailed, match="cannot be reached") as caught:
        asyncio.run(fetch.get(origin, FetchLimits(allow=frozenset({("127.0.0.1", port)}))))
    assert not caught.value.permanent


def test_trust_is_never_by_name():
    with pytest.raises(Invalid, match="give its address"):
        FetchLimits(allow=frozenset({("localhost", 80)}))
