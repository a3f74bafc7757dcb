"""How a worker behaves towards hosts, and what a source may bring in."""

import asyncio
import time
from datetime import timedelta
from itertools import pairwise

import pytest

from catalog import items, sources
from catalog.hosts import Manners
from catalog.records import ItemState, Source, SourceStatus
from ingest.config import SandboxLimits
from tests.ingest.conftest import HOUR, Reader, page, publish, rss
from tests.ingest.hostile import ANSWERS, FEEDS, PAGES, Hostile
from tests.ingest.site import Answer, Site
from tests.ingest.test_pipeline import LONG, play
from tests.make import NOW

DAY = timedelta(days=1)


def robots(*lines: str) -> Answer:
    return Answer("\n".join(("User-agent: *", *lines)), headers={"Content-Type": "text/plain"})


def test_a_page_that_robots_may_not_read_is_told_by_its_feed(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/robots.txt"] = robots("Disallow: /closed")
        site["/feed"] = rss(site.origin, "closed/one", "open", summary=LONG)
        publish(site, ["closed/one", "open"])
        reader.add(f"{site.origin}/feed")
        report = await reader.run(site)
        assert (report.articles_stored, report.from_feed) == (2, 1)
        assert reader.stored()["closed/one"].text == LONG
        assert "/closed/one" not in site.asked
        assert len(site.asked["/robots.txt"]) == 1

    play(scenario)


def test_what_is_our_own_is_read_whatever_robots_may(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/robots.txt"], site["/feed"] = robots("Disallow: /"), rss(site.origin, "one")
        publish(site, ["one"])
        reader.add(f"{site.origin}/feed", internal=True)
        assert (await reader.run(site)).articles_stored == 1

    play(scenario)


def test_robots_that_cannot_be_asked_are_asked_again(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/robots.txt"], site["/feed"] = [Answer("oops", 500), robots()], rss(site.origin, "one")
        publish(site, ["one"])
        reader.add(f"{site.origin}/feed")
        first = await reader.run(site, retry_delays=(HOUR, HOUR))
        assert (first.pages_postponed, len(site.asked["/one"])) == (1, 0)
        reader.clock.forward(2 * HOUR)
        assert (await reader.run(site)).articles_stored == 1

    play(scenario)


def test_time_between_two_visits_is_kept(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/robots.txt"] = robots("Crawl-delay: 10")
        slugs = [f"page-{n}" for n in range(3)]
        site["/feed"] = rss(site.origin, *slugs)
        publish(site, slugs)
        reader.add(f"{site.origin}/feed")
        run = asyncio.create_task(reader.run(site, per_host=1))
        for read in range(1, len(slugs) + 1):
            while sum(len(site.asked[f"/{slug}"]) for slug in slugs) < read:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)
            assert sum(len(site.asked[f"/{slug}"]) for slug in slugs) == read
            reader.clock.forward(timedelta(seconds=10))
        assert (await run).articles_stored == 3

    play(scenario)


def test_a_host_that_asks_for_patience_gets_it(reader: Reader):
    async def scenario(site: Site) -> None:
        busy = Answer("later", 429, headers={"Retry-After": "7200"})
        slugs = [f"page-{n}" for n in range(5)]
        site["/feed"] = rss(site.origin, *slugs)
        for slug in slugs:
            site[f"/{slug}"] = [busy, page(slug)]
        reader.add(f"{site.origin}/feed")
        report = await reader.run(site, per_host=1, retry_delays=(HOUR,))
        assert (report.pages_postponed, report.left_for_later) == (1, 4)
        assert sum(len(site.asked[f"/{slug}"]) for slug in slugs) == 1
        reader.clock.forward(1.9 * HOUR)
        with reader.database.read() as connection:
            assert items.count_due(connection, reader.tenant, reader.clock.now) == 4

    play(scenario)


def test_a_host_that_never_answers_is_given_up_for_a_while(reader: Reader):
    async def scenario(site: Site) -> None:
        slugs = [f"page-{n}" for n in range(9)]
        site["/feed"] = rss(site.origin, *slugs)
        for slug in slugs:
            site[f"/{slug}"] = Answer("x" * 100, drip=0.2)
        reader.add(f"{site.origin}/feed", internal=True)
        report = await reader.run(site, limits=site.limits(seconds=0.3))
        assert 4 <= report.pages_postponed <= 5
        assert report.left_for_later == 9 - report.pages_postponed

    play(scenario)


def test_a_source_that_asks_for_patience_gets_it(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = Answer("later", 503, headers={"Retry-After": "Wed, 04 Mar 2099 09:00:00 GMT"})
        source = reader.add(f"{site.origin}/feed")
        await reader.run(site)
        assert reader.source(source).due_at == NOW + 7 * DAY

    play(scenario)


def test_a_source_that_is_gone_is_not_visited_again(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = Answer("gone", 410)
        source = reader.add(f"{site.origin}/feed")
        report = await reader.run(site)
        assert "gone for good" in report.problems[0]
        assert reader.source(source).status is SourceStatus.ENDED
        reader.clock.forward(90 * DAY)
        assert (await reader.run(site)).sources_failed == 0
        assert len(site.asked["/feed"]) == 1

    play(scenario)


def test_a_paused_source_is_left_alone(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin)
        reader.add(f"{site.origin}/feed", status=SourceStatus.PAUSED)
        assert (await reader.run(site)).sources_read == 0
        assert not site.asked

    play(scenario)


def test_what_came_of_visits_is_kept(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = [rss(site.origin, "one", etag='"v1"'), rss(site.origin, "one", etag='"v1"'), Answer("no", 404)]
        publish(site, ["one"])
        source = reader.add(f"{site.origin}/feed")
        for _ in range(3):
            await reader.run(site)
            reader.clock.forward(HOUR)
        with reader.database.read() as connection:
            told = sources.visits(connection, reader.tenant, source.id, 10)
        assert [(visit.outcome, visit.items_new) for visit in told] == [("failed", 0), ("unchanged", 0), ("read", 1)]
        assert "404" in (told[0].detail or "")

    play(scenario)


def test_a_source_brings_in_no_more_than_its_cap_a_day(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one", "two", "three")
        source = reader.add(f"{site.origin}/feed", daily_cap=2)
        publish(site, ["one", "two", "three", "four", "five"])
        report = await reader.run(site)
        assert (report.items_new, report.items_capped, report.articles_stored) == (2, 1, 2)
        site["/feed"] = rss(site.origin, "one", "two", "three", "four")
        reader.clock.forward(HOUR)
        assert (await reader.run(site)).items_capped == 1
        reader.clock.forward(DAY)
        site["/feed"] = rss(site.origin, "five", "four", "three", "two", "one")
        assert (await reader.run(site)).articles_stored == 1
        with reader.database.read() as connection:
            assert items.states(connection, reader.tenant, source.id)[ItemState.CAPPED] == 2

    play(scenario)


def test_what_was_left_out_does_not_come_in_when_the_feed_changes_it(reader: Reader):
    async def scenario(site: Site) -> None:
        slugs = [f"page-{n}" for n in range(6)]
        site["/feed"] = rss(site.origin, *slugs)
        publish(site, slugs)
        reader.add(f"{site.origin}/feed", daily_cap=2)
        await reader.run(site)
        reader.clock.forward(DAY)
        site["/feed"] = rss(site.origin, *slugs, summary="The feed was made anew.")
        report = await reader.run(site)
        assert (report.articles_stored, report.items_capped) == (0, 0)
        assert len(reader.stored()) == 2

    play(scenario)


def test_the_cap_is_one_a_day_also_in_a_worker_that_stays(reader: Reader):
    async def scenario(site: Site) -> None:
        feeds = [rss(site.origin, f"a{n}", f"b{n}") for n in range(3)]
        site["/feed"] = feeds
        publish(site, [f"{letter}{n}" for n in range(3) for letter in "ab"])
        source = reader.add(f"{site.origin}/feed", daily_cap=2, due_at=NOW + DAY)
        stop = asyncio.Event()
        run = asyncio.create_task(reader.run(site, stop=stop, stay=True))
        reader.clock.forward(DAY)
        for visits in range(1, 4):
            while made(reader, source) < visits or items_due(reader):  # what is under way has a lease of a minute
                await asyncio.sleep(0.05)
            reader.clock.forward(HOUR)
        stop.set()
        report = await run
        assert report.items_new + report.items_capped == 6
        assert report.articles_stored == 2

    def made(reader: Reader, source: Source) -> int:
        with reader.database.read() as connection:
            return len(sources.visits(connection, reader.tenant, source.id, 9))

    def items_due(reader: Reader) -> int:
        with reader.database.read() as connection:
            return items.count_due(connection, reader.tenant, reader.clock.now)

    play(scenario)


def test_pages_of_a_paused_source_wait(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one", "two")
        publish(site, ["one", "two"])
        source = reader.add(f"{site.origin}/feed")

        def paused() -> None:
            with reader.database.write() as connection:
                sources.change(connection, reader.tenant, source.id, status=SourceStatus.PAUSED)

        site.when("/feed", paused)
        assert (await reader.run(site)).articles_stored == 0
        with reader.database.write() as connection:
            sources.change(connection, reader.tenant, source.id, status=SourceStatus.ACTIVE)
        assert (await reader.run(site)).articles_stored == 2

    play(scenario)


def test_what_a_curator_says_during_a_visit_stands(either: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = [rss(site.origin), Answer("gone", 410)]
        source = either.add(f"{site.origin}/feed", title="", language=None)

        def said() -> None:
            with either.database.write() as connection:
                told = {"title": "Ours", "language": "nl", "status": SourceStatus.PAUSED}
                sources.change(connection, either.tenant, source.id, **told)

        site.when("/feed", said)
        await either.run(site)
        found = either.source(source)
        assert (found.title, found.language, found.status) == ("Ours", "nl", SourceStatus.PAUSED)
        with either.database.write() as connection:
            sources.change(connection, either.tenant, source.id, status=SourceStatus.ACTIVE)
        either.clock.forward(HOUR)
        await either.run(site)
        assert either.source(source).status is SourceStatus.PAUSED

    play(scenario)


def test_robots_are_asked_wherever_a_redirect_leads(reader: Reader):
    async def scenario(site: Site) -> None:
        async with Site() as other:
            other["/robots.txt"], site["/robots.txt"] = robots("Disallow: /"), robots("Disallow: /closed")
            site["/feed"] = rss(site.origin, "there", "here")
            site["/there"] = Answer(status=302, headers={"Location": f"{other.origin}/page"})
            site["/here"] = Answer(status=302, headers={"Location": "/closed/page"})
            other["/page"], site["/closed/page"] = page("there"), page("here")
            reader.add(f"{site.origin}/feed")
            limits = site.limits(allow=site.limits().allow | other.limits().allow)
            report = await reader.run(site, limits=limits)
            assert (report.articles_stored, report.pages_failed) == (0, 2)
            assert "/page" not in other.asked
            assert "/closed/page" not in site.asked

    play(scenario)


def test_two_at_once_still_keep_the_time_between_two_visits(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/robots.txt"] = robots("Crawl-delay: 0.5")
        slugs = [f"page-{n}" for n in range(3)]
        site["/feed"] = rss(site.origin, *slugs)
        publish(site, slugs)
        at: list[float] = []
        for slug in slugs:
            site.when(f"/{slug}", lambda: at.append(time.monotonic()))
        reader.add(f"{site.origin}/feed")
        run = asyncio.create_task(reader.run(site, per_host=2))
        while not run.done():
            await asyncio.sleep(0.1)
            reader.clock.forward(timedelta(seconds=0.1))
        assert (await run).articles_stored == 3
        assert all(later - earlier > 0.3 for earlier, later in pairwise(at))

    play(scenario)


def test_what_nobody_thought_of_stops_nobody(reader: Reader):
    with reader.database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER boom BEFORE INSERT ON articles WHEN NEW.title = 'bad' BEGIN SELECT RAISE(ABORT, 'x'); END"
        )

    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "bad", "good")
        publish(site, ["bad", "good"])
        reader.add(f"{site.origin}/feed")
        report = await reader.run(site, retry_delays=(HOUR,))
        assert (report.articles_stored, report.pages_postponed) == (1, 1)
        reader.clock.forward(2 * HOUR)
        assert (await reader.run(site, retry_delays=(HOUR,))).pages_failed == 1
        state, error = reader.items()["bad"]
        assert (state, "IntegrityError" in (error or "")) == (ItemState.FAILED, True)

    play(scenario)


def test_a_duplicate_from_a_stricter_source_makes_its_article_stricter(either: Reader):
    async def scenario(site: Site) -> None:
        site["/a.xml"], site["/b.xml"] = rss(site.origin, "one"), rss(site.origin, "copy")
        site["/one"], site["/copy"] = page("one"), page("one")
        either.add(f"{site.origin}/a.xml")
        either.add(f"{site.origin}/b.xml", due_at=NOW + HOUR, needs_legal=True, archive_days=9)
        await either.run(site)
        either.clock.forward(HOUR)
        assert (await either.run(site)).duplicates == 1
        found = either.stored()["one"]
        assert (found.needs_legal, found.expires_at) == (True, found.published_at + 9 * DAY)

    play(scenario)


def test_history_is_no_news(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one")
        reader.add(f"{site.origin}/feed", archive_days=1)
        assert (await reader.run(site)).items_old == 1
        state, reason = reader.items()["one"]
        assert state is ItemState.OLD
        assert "1 days" in (reason or "")

    play(scenario)


def test_articles_are_put_away_when_their_time_is_over(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one")
        publish(site, ["one"])
        reader.add(f"{site.origin}/feed", archive_days=30)
        await reader.run(site)
        found = reader.stored()["one"]
        assert found.expires_at == found.published_at + 30 * DAY

    play(scenario)


@pytest.mark.parametrize("bomb", ["<p>some words of text, here.</p>" * 100_000])
def test_a_page_that_costs_too_much_gives_its_host_a_rest_and_harms_nobody(reader: Reader, bomb):
    async def scenario(site: Site) -> None:
        async with Site() as other:
            site["/feed"] = rss(site.origin, *(f"bomb-{n}" for n in range(4)))
            for n in range(4):
                site[f"/bomb-{n}"] = Answer(
                    f"<html><body><article>{bomb}</article>", headers={"Content-Type": "text/html"}
                )
            other["/feed"] = rss(other.origin, "one", "two")
            publish(other, ["one", "two"])
            reader.add(f"{site.origin}/feed")
            reader.add(f"{other.origin}/feed")
            allow = site.limits().allow | other.limits().allow
            limits = site.limits(allow=allow)
            report = await reader.run(site, limits=limits, per_host=1, sandbox=SandboxLimits(cpu_seconds=1))
            assert (report.articles_stored, report.pages_failed, report.left_for_later) == (2, 1, 3)
            assert "computing" in report.problems[0]

    play(scenario)


def test_a_worker_that_is_stopped_finishes_what_it_has_begun(reader: Reader):
    async def scenario(site: Site) -> None:
        stop = asyncio.Event()
        slugs = [f"page-{n}" for n in range(6)]
        site["/feed"] = rss(site.origin, *slugs)
        publish(site, slugs)
        for slug in slugs:
            site.when(f"/{slug}", stop.set)
        reader.add(f"{site.origin}/feed")
        report = await reader.run(site, stop=stop, stay=True)
        assert 1 <= report.articles_stored <= 2
        assert report.left_for_later == 6 - report.articles_stored
        with reader.database.write() as connection:
            assert items.claim_due(connection, reader.tenant, 9, NOW, HOUR, Manners(9)).rows

    play(scenario)


def test_every_hostile_server_there_is_costs_a_healthy_source_nothing(reader: Reader):
    async def scenario(site: Site) -> None:
        paths = (*ANSWERS, *FEEDS, *PAGES)
        async with Hostile(len(paths)) as server:
            site["/feed"] = rss(site.origin, "one", "two")
            publish(site, ["one", "two"])
            reader.add(f"{site.origin}/feed")
            bad = [reader.add(server.url(path, host)) for host, path in enumerate(paths)]
            limits = site.limits(allow=site.limits().allow | server.limits(1.0).allow, seconds=2.0)
            report = await reader.run(site, limits=limits, sandbox=SandboxLimits(cpu_seconds=1))
            assert {"one", "two"} <= set(reader.stored())
            assert report.sources_failed + report.sources_read == len(bad) + 1
            told = [source.last_error for source in map(reader.source, bad) if source.failures]
            assert len(told) > len(bad) // 2
            assert all(line and "\n" not in line for line in told)

    play(scenario)
