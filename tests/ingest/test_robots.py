"""robots.txt: what a site asks of programs is kept, and asked for once."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import robots
from ingest.fetch import Fetched, FetchFailed
from ingest.robots import LONGEST_DELAY, Robots, Rules
from tests.make import NOW

PAGE = "https://x.example/news/1"


def said(text, status=200):
    return Rules.parse(status, text.encode())


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /news", False),
        ("User-agent: *\nDisallow: /private", True),
        ("User-agent: *\nDisallow: /news\nAllow: /news/1", True),
        ("User-agent: *\nDisallow: /*/1$", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: sluis\nDisallow: /private", True),
        ("User-agent: *\nDisallow:\n\nUser-agent: SLUIS/2.0 # us\nDisallow: /", False),
        ("User-agent: another\nUser-agent: Sluis\nDisallow: /", False),
        ("User-agent: another\nDisallow: /", True),
        ("User-agent: slu\nDisallow: /", True),
        ("user agent: *\ndisallow: /", False),
        ("\ufeffUser-agent: *\r\nDisallow: /", False),
        ("<html><body>Disallow: /</body></html>", True),
        ("User-agent: *\nDisallow: /caf\u00e9", True),
        ("User-agent: *\n" + "# padding\n" * 60_000 + "Disallow: /", True),
    ],
)
def test_a_site_says_what_may_be_read(text, allowed):
    assert said(text).allows(PAGE) is allowed


@pytest.mark.parametrize(
    ("status", "known", "allowed"),
    [
        (404, True, True),
        (403, True, True),
        (304, True, True),
        (500, False, False),
        (429, False, False),
        (None, False, False),
    ],
)
def test_without_a_file_all_is_allowed_and_without_an_answer_nothing(status, known, allowed):
    rules = Rules.parse(status, b"")
    assert (rules.known, rules.allows(PAGE)) == (known, allowed)


@pytest.mark.parametrize(
    ("delay", "seconds"), [("5", 5), ("0.5", 0.5), ("9999", 30), ("-3", 0), ("nan", 0), ("inf", 0), ("soon", 0)]
)
def test_a_delay_is_kept_within_reason(delay, seconds):
    assert said(f"User-agent: *\nCrawl-delay: {delay}").crawl_delay == timedelta(seconds=seconds)
    assert said("User-agent: other\nCrawl-delay: 5").crawl_delay == timedelta(0)


@given(st.binary(max_size=2000) | st.text(max_size=500).map(str.encode), st.text(max_size=100))
def test_no_bytes_are_too_odd(body, path):
    rules = Rules.parse(200, body)
    assert rules.allows(f"https://x.example/{path}") in (True, False)
    assert timedelta(0) <= rules.crawl_delay <= LONGEST_DELAY


def test_many_names_times_many_rules_are_no_bomb():
    names = "".join(f"User-agent: a{number}\n" for number in range(12_000))
    rules = "".join(f"Disallow: /*{number}$\n" for number in range(12_000))
    assert said(f"{names}{rules}\nUser-agent: *\nDisallow: /news").allows(PAGE) is False


class Server:
    """Answers as told, a moment later, and counts."""

    def __init__(self, *answers):
        self.asked = []
        self.answers = list(answers)
        self.now = NOW

    async def fetch(self, url):
        self.asked.append(url)
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, FetchFailed):
            raise answer
        return Fetched(200, url, answer.encode(), "text/plain", None, None, None, None)

    def robots(self):
        return Robots(self.fetch, lambda: self.now)


CLOSED = "User-agent: *\nDisallow: /"
AWAY = FetchFailed("away", permanent=False)


def test_twenty_tasks_ask_once():
    server = Server(CLOSED)

    async def scenario():
        cache = server.robots()
        return await asyncio.gather(*(cache.rules_for(f"https://X.example/{number}") for number in range(20)))

    found = asyncio.run(scenario())
    assert server.asked == ["https://x.example/robots.txt"]
    assert not any(rules.allows(PAGE) for rules in found)


def test_each_scheme_host_and_port_has_its_own():
    server = Server(CLOSED)

    async def scenario():
        cache = server.robots()
        for url in ("https://a.example/x", "http://a.example/x", "https://a.example:8443/x", "https://a.example/y"):
            await cache.rules_for(url)

    asyncio.run(scenario())
    assert len(server.asked) == 3


@pytest.mark.parametrize(("first", "kept"), [(CLOSED, timedelta(days=1)), (AWAY, timedelta(hours=1))])
def test_an_answer_is_kept_for_a_day_and_a_failure_for_an_hour(first, kept):
    server = Server(first, "")

    async def scenario():
        cache = server.robots()
        allowed = []
        for moment in (NOW, NOW + kept - timedelta(seconds=1), NOW + kept):
            server.now = moment
            allowed.append((await cache.rules_for(PAGE)).allows(PAGE))
        return allowed

    assert asyncio.run(scenario()) == [False, False, True]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("failure", "allowed"),
    [
        (FetchFailed("404", permanent=True, status=404), True),
        (FetchFailed("500", permanent=False, status=500), False),
        (FetchFailed("sends us on too often", permanent=True), True),
        (AWAY, False),
    ],
)
def test_a_failure_counts_as_the_answer_it_stands_for(failure, allowed):
    cache = Server(failure).robots()
    assert asyncio.run(cache.rules_for(PAGE)).allows(PAGE) is allowed


def test_one_who_gives_up_does_not_spoil_it_for_the_others():
    server = Server(CLOSED)

    async def scenario():
        cache = server.robots()
        first, second = (asyncio.create_task(cache.rules_for(PAGE)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(scenario()).known
    assert len(server.asked) == 1


def test_a_mistake_of_ours_is_not_remembered():
    server = Server(None, CLOSED)

    async def scenario():
        cache = server.robots()
        with pytest.raises(AttributeError):
            await cache.rules_for(PAGE)
        return await cache.rules_for(PAGE)

    assert asyncio.run(scenario()).known


@pytest.mark.parametrize(("limit", "value"), [("MOST_SITES", 2), ("_MOST_REMEMBERED_BYTES", 2 * len(CLOSED))])
def test_the_site_not_needed_for_longest_is_forgotten_first(monkeypatch, limit, value):
    monkeypatch.setattr(robots, limit, value)
    server = Server(CLOSED)

    async def scenario():
        cache = server.robots()
        for host in ("a", "b", "a", "c", "a", "b"):
            await cache.rules_for(f"https://{host}.example/")

    asyncio.run(scenario())
    assert [url[8] for url in server.asked] == ["a", "b", "c", "b"]
