"""Every way of misbehaving ends soon, with one line for a curator, and tells nothing that is not the server's own."""

import asyncio
import gzip
import time

import pytest

from catalog.errors import SluisError
from ingest import extract, feeds, fetch
from ingest.config import SandboxLimits
from ingest.extract import NoText
from ingest.fetch import FetchFailed
from ingest.inflate import Body
from ingest.items import NotAFeed
from ingest.sandbox import Sandbox, TooCostly
from tests.ingest.hostile import ANSWERS, FEEDS, PAGES, Hostile
from tests.make import NOW

SECONDS = 1.5
SANDBOX = SandboxLimits(cpu_seconds=1.0, seconds=10.0, memory_bytes=300_000_000, children=1)
ENDS_AT_ALL = 60.0
COSTLY = {"feed-of-unclosed-tags", "page-of-line-breaks", "page-of-attributes"}


def visit(path):
    """The server's answer, or why there is none, and the server."""

    async def scenario():
        async with asyncio.timeout(ENDS_AT_ALL), Hostile() as server:
            try:
                return server, await fetch.get(server.url(path), server.limits(SECONDS))
            except FetchFailed as error:
                return server, error

    return asyncio.run(scenario())


def read(path, work, *more):
    """What a child makes of the server's answer."""

    async def scenario():
        async with asyncio.timeout(ENDS_AT_ALL), Hostile() as server:
            found = await fetch.get(server.url(path), server.limits(ENDS_AT_ALL))
            with Sandbox(SANDBOX) as sandbox:
                return await sandbox.run(work, found, *more)

    try:
        return asyncio.run(scenario())
    except SluisError as error:
        return error


def read_feed(found):
    return feeds.parse(found.body, found.url, found.content_type, NOW)


def read_page(found):
    return extract.extract(found.body, found.url, found.content_type, found.charset, NOW, 20)


@pytest.mark.parametrize("path", ANSWERS)
def test_a_server_that_misbehaves_is_left_in_time_with_one_line(path):
    started = time.monotonic()
    _, failure = visit(path)
    assert isinstance(failure, FetchFailed), failure
    assert time.monotonic() - started < ENDS_AT_ALL / 4
    assert "\n" not in str(failure)
    assert "hunter2" not in str(failure)
    assert len(str(failure)) < 1000


def test_no_password_goes_where_a_redirect_leads():
    server, _ = visit("leads-on-with-a-password")
    assert len(server.asked) == 1
    assert not any(b"authorization" in head.lower() for head in server.asked)


@pytest.mark.parametrize("path", FEEDS)
def test_a_hostile_feed_costs_its_source_only(path):
    told = read(path, read_feed)
    innocent(told, NotAFeed)
    assert isinstance(told, TooCostly) or path not in COSTLY


@pytest.mark.parametrize("path", PAGES)
def test_a_hostile_page_costs_its_source_only(path):
    told = read(path, read_page)
    innocent(told, NoText)
    assert isinstance(told, TooCostly) or path not in COSTLY


@pytest.mark.parametrize("size", [1_000, 30, 7])
def test_what_follows_a_packed_body_is_no_part_of_it(size):
    sent, body = gzip.compress(b"words") + b"and more", Body("gzip", limit=1000)
    for start in range(0, len(sent), size):
        body.add(sent[start : start + size])
    assert body.content() == b"words"


def innocent(told, refusal):
    """Refused in one line; or read, and then nothing of this machine is in it, nor more than it was worth."""
    if isinstance(told, Exception):
        assert isinstance(told, refusal | TooCostly)
        assert "\n" not in str(told)
    else:
        assert "root:" not in repr(told)
        assert len(repr(told)) < 1_000_000
