"""Ingestion against a real site: everything once, whatever the site does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from catalog import articles, audiences, items, sources
from catalog.hosts import Manners
from catalog.records import ItemState, State
from tests import make
from tests.ingest.conftest import HOUR, LEASE, Reader, page, publish, rss
from tests.ingest.site import Answer, Site
from tests.make import NOW

LONG = "The feed itself says quite a lot about this, in more than ten words of its own."
MANNERS = Manners(per_host=2)
Scenario = Callable[[Site], Awaitable[None]]


def play(scenario: Scenario) -> None:
    async def on_air() -> None:
        async with Site() as site:
            await scenario(site)

    asyncio.run(on_air())


def test_a_source_becomes_articles(either: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one", "two", summary="About this.", etag='"v1"')
        publish(site, ["one", "two"])
        source = either.add(f"{site.origin}/feed", title="")
        report = await either.run(site)
        assert (report.sources_read, report.items_new, report.articles_stored) == (1, 2, 2)
        assert (report.problems, report.left_for_later, sum(either.progress)) == ((), 0, 3)
        found = either.stored()["one"]
        assert found.url == f"{site.origin}/one"
        assert found.text.startswith("On this page the words one are said")
        assert (found.state, found.language, found.site_name) == (State.EXTRACTED, "en", "The Feed")
        assert (found.created_at, found.published_at) == (NOW, NOW - timedelta(hours=25))
        after = either.source(source)
        assert (after.title, after.etag, after.failures, after.last_error) == ("The Feed", '"v1"', 0, None)
        assert (after.checked_at, after.due_at) == (NOW, NOW + HOUR)

    play(scenario)


def test_nothing_happens_twice(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one", "two")
        publish(site, ["one", "two"])
        reader.add(f"{site.origin}/feed")
        await reader.run(site)
        before = reader.stored()
        again = await reader.run(site)
        assert again == type(again)()
        reader.clock.forward(HOUR)
        later = await reader.run(site)
        assert later == type(later)(sources_read=1)
        assert reader.stored() == before
        assert len(site.asked["/one"]) == 1

    play(scenario)


def test_an_unchanged_feed_costs_one_short_question(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one", etag='"v1"')
        publish(site, ["one"])
        source = reader.add(f"{site.origin}/feed")
        await reader.run(site)
        reader.clock.forward(HOUR)
        assert (await reader.run(site)).sources_unchanged == 1
        assert reader.source(source).etag == '"v1"'
        assert reader.source(source).due_at == reader.clock.now + HOUR

    play(scenario)


def test_what_the_source_is_for_goes_with_the_article(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one")
        publish(site, ["one"])
        meant = make.audience("sales", region=["north"])
        reader.add(f"{site.origin}/feed", audience=meant, internal=True, needs_legal=True, language="nl")
        await reader.run(site)
        found = reader.stored()["one"]
        assert (found.internal, found.needs_legal) == (True, True)
        with reader.database.read() as connection:
            assert audiences.get(connection, reader.tenant, found.id) == meant

    play(scenario)


def test_a_revised_item_revises_its_article(either: Reader):
    async def scenario(site: Site) -> None:
        meant = make.audience("sales")
        either.add(f"{site.origin}/feed", audience=meant)
        site["/feed"], site["/one"] = rss(site.origin, "one"), page("one")
        await either.run(site)
        either.clock.forward(HOUR)
        site["/feed"], site["/one"] = rss(site.origin, "one", summary="Corrected."), page("one", "corrected")
        report = await either.run(site)
        assert (report.items_revised, report.articles_revised, report.articles_stored) == (1, 1, 0)
        found = either.stored()["one"]
        assert (found.revision, found.state) == (2, State.EXTRACTED)
        assert "corrected" in found.text
        with either.database.read() as connection:
            assert audiences.get(connection, either.tenant, found.id) == meant

    play(scenario)


def test_a_revised_item_with_the_same_page_changes_nothing(reader: Reader):
    async def scenario(site: Site) -> None:
        reader.add(f"{site.origin}/feed")
        site["/feed"], site["/one"] = rss(site.origin, "one"), page("one")
        await reader.run(site)
        before = reader.stored()
        reader.clock.forward(HOUR)
        site["/feed"] = rss(site.origin, "one", summary="Another teaser.")
        assert (await reader.run(site)).articles_kept == 1
        assert reader.stored() == before

    play(scenario)


def test_a_second_outlet_adds_an_address_not_an_article(either: Reader):
    async def scenario(site: Site) -> None:
        site["/a.xml"], site["/b.xml"] = rss(site.origin, "one"), rss(site.origin, "copy", "one")
        site["/one"], site["/copy"] = page("one"), page("one")
        either.add(f"{site.origin}/a.xml")
        either.add(f"{site.origin}/b.xml", due_at=NOW + HOUR)
        await either.run(site)
        either.clock.forward(HOUR)
        assert (await either.run(site)).duplicates == 2
        [found] = either.stored().values()
        assert either.addresses() == {f"{site.origin}/one": found.id, f"{site.origin}/copy": found.id}

    play(scenario)


def test_a_duplicate_never_rewrites_what_it_duplicates(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/a.xml"], site["/b.xml"] = rss(site.origin, "one"), rss(site.origin, "copy")
        site["/one"], site["/copy"] = page("one"), page("one")
        reader.add(f"{site.origin}/a.xml")
        reader.add(f"{site.origin}/b.xml", due_at=NOW + HOUR)
        await reader.run(site)
        reader.clock.forward(HOUR)
        await reader.run(site)
        before = reader.stored()
        reader.clock.forward(HOUR)
        site["/b.xml"], site["/copy"] = rss(site.origin, "copy", summary="Twisted."), page("one", "twisted")
        assert (await reader.run(site)).duplicates == 1
        assert reader.stored() == before

    play(scenario)


@pytest.mark.parametrize("state", [State.REJECTED, State.WITHDRAWN])
def test_a_new_wording_does_not_bring_back_what_was_refused(reader: Reader, state):
    async def scenario(site: Site) -> None:
        reader.add(f"{site.origin}/feed")
        site["/feed"], site["/one"] = rss(site.origin, "one"), page("one")
        await reader.run(site)
        with reader.database.write() as connection:
            articles.move(connection, reader.tenant, reader.stored()["one"], state)
        reader.clock.forward(HOUR)
        site["/feed"], site["/one"] = rss(site.origin, "one", summary="Again."), page("one", "again")
        await reader.run(site)
        assert (reader.stored()["one"].state, reader.stored()["one"].revision) == (state, 1)

    play(scenario)


@pytest.mark.parametrize("missing", [Answer("gone", 410), Answer("no", 403), Answer("<html></html>"), Answer("", 200)])
def test_a_page_that_cannot_be_read_is_told_by_its_feed(reader: Reader, missing):
    async def scenario(site: Site) -> None:
        site["/feed"], site["/one"] = rss(site.origin, "one", summary=LONG), missing
        reader.add(f"{site.origin}/feed")
        report = await reader.run(site)
        assert (report.articles_stored, report.from_feed, report.pages_failed) == (1, 1, 0)
        assert (reader.stored()["one"].text, reader.stored()["one"].url) == (LONG, f"{site.origin}/one")

    play(scenario)


def test_a_page_without_text_and_a_feed_without_words_is_one_clear_line(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"], site["/one"] = rss(site.origin, "one"), Answer("<html><body>Not many words</body></html>")
        reader.add(f"{site.origin}/feed")
        report = await reader.run(site)
        assert (report.articles_stored, report.pages_failed) == (0, 1)
        state, error = reader.items()["one"]
        assert state is ItemState.FAILED
        assert report.problems == (error,)
        assert f"{site.origin}/one: 3 words of text where 20 are needed" in error
        assert not reader.stored()

    play(scenario)


def test_a_page_that_only_wants_a_login_is_marked_as_no_article(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"], site["/one"] = rss(site.origin, "one"), Answer("<html><body><p>Log in</p></body></html>")
        reader.add(f"{site.origin}/feed")
        assert (await reader.run(site)).pages_failed == 1
        assert reader.items()["one"][0] is ItemState.BOILERPLATE
        assert not reader.stored()

    play(scenario)


def test_a_page_that_went_away_does_not_shrink_the_article(reader: Reader):
    async def scenario(site: Site) -> None:
        reader.add(f"{site.origin}/feed")
        site["/feed"], site["/one"] = rss(site.origin, "one", summary="x " * 11), page("one", *["word"] * 30)
        await reader.run(site)
        before = reader.stored()
        reader.clock.forward(HOUR)
        site["/feed"], site["/one"] = rss(site.origin, "one", summary="y " * 11), Answer("gone", 410)
        assert (await reader.run(site)).pages_failed == 1
        assert reader.stored() == before
        assert reader.items()["one"][0] is ItemState.STORED

    play(scenario)


def test_an_item_that_leads_to_the_front_page_is_gone(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"], site["/"] = rss(site.origin, "old"), page("welcome")
        site["/old"] = Answer(status=302, headers={"Location": "/"})
        reader.add(f"{site.origin}/feed")
        assert "front page" in (await reader.run(site)).problems[0]
        assert not reader.stored()

    play(scenario)


def test_trouble_that_passes_is_waited_out(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"], site["/one"] = rss(site.origin, "one", summary=LONG), [Answer("oops", 500), page("one")]
        reader.add(f"{site.origin}/feed")
        first = await reader.run(site, retry_delays=(HOUR / 2,))
        assert (first.pages_postponed, first.articles_stored, first.left_for_later) == (1, 0, 0)
        reader.clock.forward(0.7 * HOUR)
        assert (await reader.run(site)).articles_stored == 1
        assert "On this page" in reader.stored()["one"].text
        assert reader.items()["one"] == (ItemState.STORED, None)

    play(scenario)


def test_trouble_that_lasts_ends_after_the_last_try(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"], site["/one"] = rss(site.origin, "one"), Answer("oops", 503)
        reader.add(f"{site.origin}/feed")
        for _ in range(2):
            assert (await reader.run(site, retry_delays=(HOUR / 4, HOUR / 4))).pages_postponed == 1
            reader.clock.forward(0.4 * HOUR)
        assert (await reader.run(site, retry_delays=(HOUR / 4, HOUR / 4))).pages_failed == 1
        assert reader.items()["one"][0] is ItemState.FAILED
        assert len(site.asked["/one"]) == 3

    play(scenario)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            Answer("<html><body>Hello</body></html>", headers={"Content-Type": "text/html"}),
            "it looks like an HTML page",
        ),
        (Answer("sorry", 404), "there is no such page"),
        (Answer(status=302, headers={"Location": "http://10.0.0.1/"}), "10.0.0.1 is not a public address"),
    ],
)
def test_a_source_that_cannot_be_read_says_so_and_is_left_alone_for_longer(reader: Reader, answer, words):
    async def scenario(site: Site) -> None:
        site["/feed"] = [answer, answer, rss(site.origin)]
        source = reader.add(f"{site.origin}/feed", etag='"old"')
        report = await reader.run(site)
        assert (report.sources_failed, report.sources_read) == (1, 0)
        [line] = report.problems
        assert words in line
        failed = reader.source(source)
        assert (failed.failures, failed.last_error, failed.etag) == (1, line, '"old"')
        assert 2 * HOUR <= failed.due_at - NOW <= 2.5 * HOUR
        reader.clock.now = failed.due_at
        await reader.run(site)
        failed = reader.source(source)
        assert 4 * HOUR <= failed.due_at - reader.clock.now <= 5 * HOUR
        reader.clock.now = failed.due_at
        await reader.run(site)
        assert (reader.source(source).failures, reader.source(source).last_error) == (0, None)

    play(scenario)


def test_one_bad_source_does_not_stop_the_others(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/good"] = rss(site.origin, "one")
        publish(site, ["one"])
        reader.add(f"{site.origin}/bad")
        reader.add(f"{site.origin}/good")
        report = await reader.run(site)
        assert (report.sources_failed, report.sources_read, report.articles_stored) == (1, 1, 1)

    play(scenario)


def test_a_feed_that_moved_for_good_is_read_at_its_new_place(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/old"] = Answer(status=301, headers={"Location": "/new"})
        site["/new"] = rss(site.origin, "one")
        publish(site, ["one"])
        source = reader.add(f"{site.origin}/old")
        await reader.run(site)
        assert reader.source(source).url == f"{site.origin}/new"

    play(scenario)


def test_a_feed_that_moved_to_where_another_is_read_stays(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/old"] = Answer(status=301, headers={"Location": "/new"})
        site["/new"] = rss(site.origin)
        source = reader.add(f"{site.origin}/old")
        reader.add(f"{site.origin}/new")
        assert (await reader.run(site)).sources_read == 2
        assert reader.source(source).url == f"{site.origin}/old"

    play(scenario)


def test_two_workers_share_the_work(either: Reader):
    async def scenario(site: Site) -> None:
        slugs = [f"page-{n}" for n in range(12)]
        site["/a.xml"], site["/b.xml"] = rss(site.origin, *slugs[:6]), rss(site.origin, *slugs[6:])
        publish(site, slugs)
        either.add(f"{site.origin}/a.xml")
        either.add(f"{site.origin}/b.xml")
        await asyncio.gather(*(either.run(site, concurrency=3) for _ in range(2)))
        await either.run(site)
        assert set(either.stored()) == set(slugs)
        assert {path: len(asked) for path, asked in site.asked.items() if path != "/robots.txt"} == {
            "/a.xml": 1,
            "/b.xml": 1,
            **{f"/{slug}": 1 for slug in slugs},
        }

    play(scenario)


def test_what_another_worker_holds_is_left_and_reported(reader: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one")
        publish(site, ["one"])
        reader.add(f"{site.origin}/feed")
        with reader.database.write() as connection:
            sources.claim_due(connection, reader.tenant, 1, NOW, LEASE, MANNERS)
        assert (await reader.run(site)).left_for_later == 1
        assert not reader.stored()
        reader.clock.forward(LEASE)
        assert (await reader.run(site)).articles_stored == 1

    play(scenario)


def test_a_worker_that_comes_back_late_leaves_no_trace(either: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"] = rss(site.origin, "one")
        publish(site, ["one"])
        either.add(f"{site.origin}/feed")

        def taken_over() -> None:
            either.clock.forward(LEASE)
            with either.database.write() as connection:
                assert items.claim_due(connection, either.tenant, 1, either.clock.now, LEASE, MANNERS)

        site.when("/one", taken_over)
        report = await either.run(site, concurrency=1)  # or it would take the page up again itself
        assert (report.leases_lost, report.articles_stored, report.left_for_later) == (1, 0, 1)
        assert not either.stored()
        assert not either.addresses()

    play(scenario)


def test_a_revision_during_the_reading_is_read_as_well(either: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"], site["/one"] = rss(site.origin, "one"), page("one")
        source = either.add(f"{site.origin}/feed")

        def revised() -> None:
            site.when("/one", lambda: None)
            with either.database.write() as connection:
                known = items.known(connection, either.tenant, source.id, ["one"])["one"]
                items.remember(connection, either.tenant, [replace(known, digest="new", revisions=1)], NOW)

        site.when("/one", revised)
        report = await either.run(site)
        assert (report.leases_lost, report.articles_stored) == (1, 1)
        assert len(site.asked["/one"]) == 2

    play(scenario)
