"""Looking at an address before it becomes a source: its feed is found, and its items are read as ingestion would."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.database import Database
from catalog.ids import TenantId
from ingest import check
from ingest.check import Found, Look, NoFeed, Verdict
from ingest.config import IngestOptions, SandboxLimits
from ingest.fetch import FetchFailed
from ingest.worker import Worker
from tests.ingest.conftest import page, publish, rss
from tests.ingest.site import Answer, Site
from tests.make import NOW

HTML = {"Content-Type": "text/html"}
LONG = "The feed itself says quite a lot about this, in more than ten words of its own."


class Looker:
    """A site and what `check` makes of an address on it; `build` fills the site once its address is known."""

    def __init__(self, folder: Path) -> None:
        self.moment = NOW
        self._database = Database(f"sqlite:///{folder / 'never.db'}")
        self.site = Site()

    def find(self, path, build) -> Found:
        return self._run(path, build, check.find)

    def look(self, path, build) -> Look:
        return self._run(path, build, check.look)

    def _run(self, path, build, work):
        async def scenario():
            async with self.site as site:
                build(site)
                limits = SandboxLimits(children=1)
                options = IngestOptions(limits=site.limits(), sandbox=limits, min_page_words=20, min_feed_words=10)
                async with Worker(self._database, TenantId("acme"), options, self._clock) as worker:
                    return await work(worker, f"{site.origin}{path}")

        return asyncio.run(scenario())

    def _clock(self):
        self.moment += timedelta(milliseconds=1)
        return self.moment


@pytest.fixture
def looker(tmp_path):
    return Looker(tmp_path)


def home(*links):
    found = "".join(f"<link rel='alternate' type='application/rss+xml' href='{link}'>" for link in links)
    return Answer(f"<html><head><title>News</title>{found}</head><body><p>Welcome.</p></body></html>", headers=HTML)


def test_a_feed_is_its_own_address(looker):
    def build(site):
        site["/feed"] = rss(site.origin, "one")

    found = looker.find("/feed?utm_source=mail", build)
    assert (found.url, found.page, found.others) == (f"{looker.site.origin}/feed", None, ())
    assert found.feed.title == "The Feed"


def test_a_page_leads_to_its_first_feed_and_names_the_others(looker):
    def build(site):
        site["/"] = home("/gone.xml", "/news.xml", "/sport.xml")
        site["/news.xml"] = rss(site.origin, "one")

    found = looker.find("/", build)
    assert found.url == f"{looker.site.origin}/news.xml"
    assert found.page == f"{looker.site.origin}/"
    assert found.others == (f"{looker.site.origin}/gone.xml", f"{looker.site.origin}/sport.xml")
    assert "/sport.xml" not in looker.site.asked


def test_a_feed_with_items_goes_before_an_empty_one(looker):
    def build(site):
        site["/"] = home("/empty.xml", "/news.xml")
        site["/empty.xml"] = rss(site.origin)
        site["/news.xml"] = rss(site.origin, "one")

    assert looker.find("/", build).url.endswith("/news.xml")


def test_an_empty_feed_is_better_than_none(looker):
    def build(site):
        site["/"] = home("/empty.xml")
        site["/empty.xml"] = rss(site.origin)

    assert looker.find("/", build).url.endswith("/empty.xml")


def test_a_site_that_names_no_feed_is_searched_where_sites_keep_one(looker):
    def build(site):
        site["/"] = home()
        site["/sitemap.xml"] = Answer(
            f"<sitemapindex><sitemap><loc>{site.origin}/s1.xml</loc></sitemap></sitemapindex>"
        )
        site["/s1.xml"] = Answer(
            f"<urlset><url><loc>{site.origin}/one</loc><lastmod>2026-03-01</lastmod></url></urlset>"
        )

    found = looker.find("/", build)
    assert found.url == f"{looker.site.origin}/s1.xml"
    assert found.others == ()


def test_a_site_that_answers_every_address_with_a_page_has_no_feed(looker):
    def build(site):
        site["/"] = home(*(f"/feed/{number}.xml" for number in range(30)))
        for number in range(30):
            site[f"/feed/{number}.xml"] = home()

    with pytest.raises(NoFeed, match="no feed on this page"):
        looker.find("/", build)
    assert len(looker.site.asked) <= check.MOST_VISITS + 1


def test_what_cannot_be_reached_is_told_with_its_remedy(looker):
    with pytest.raises(FetchFailed, match="there is no such page: check the address"):
        looker.find("/feed", lambda site: None)


def test_a_feed_that_moved_for_good_is_read_where_it_is_now(looker):
    def build(site):
        site["/old"] = Answer(status=301, headers={"Location": f"{site.origin}/new"})
        site["/new"] = rss(site.origin, "one")

    assert looker.find("/old", build).url == f"{looker.site.origin}/new"


def test_the_newest_items_are_read_as_they_would_be(looker):
    def build(site):
        site["/feed"] = rss(site.origin, *(f"item{number}" for number in range(7)))
        publish(site, [f"item{number}" for number in range(7)])

    seen = looker.look("/feed", build)
    assert len(seen.previews) == check.PREVIEWED
    assert {preview.verdict for preview in seen.previews} == {Verdict.READABLE}
    article = seen.previews[0].article
    assert article.text.startswith("On this page the words item0 are said")
    assert (article.language, article.site_name, seen.previews[0].words) == ("en", "The Feed", 27)
    assert (seen.per_day, seen.newest) == (pytest.approx(7 / (25 / 24), rel=0.01), NOW - timedelta(hours=25))
    assert timedelta(minutes=15) <= seen.wait <= timedelta(days=1)


@pytest.mark.parametrize(
    ("answer", "verdict", "says"),
    [
        (Answer("no", 403), Verdict.UNREACHABLE, "does not let programs in"),
        (Answer("<html><body><p>Short.</p></body></html>", headers=HTML), Verdict.NO_TEXT, "words of text"),
        (Answer(b"%PDF-1.7 \0", headers={"Content-Type": "image/png"}), Verdict.NO_TEXT, "no web page"),
    ],
)
def test_what_cannot_be_read_is_told_per_item(looker, answer, verdict, says):
    def build(site):
        site["/feed"] = rss(site.origin, "good", "bad")
        site["/good"], site["/bad"] = page("good"), answer

    good, bad = looker.look("/feed", build).previews
    assert good.verdict is Verdict.READABLE
    assert (bad.verdict, bad.article, bad.words) == (verdict, None, 0)
    assert says in bad.problem


def test_what_ingestion_would_not_take_is_said_to_be_too_old_and_not_visited(looker):
    def build(site):
        dated = f"<link>{site.origin}/one</link><pubDate>Sat, 01 Mar 2025 08:00:00 GMT</pubDate>"
        site["/feed"] = Answer(f"<rss version='2.0'><channel><item><title>t</title>{dated}</item></channel></rss>")
        publish(site, ["one"])

    (preview,) = looker.look("/feed", build).previews
    assert (preview.verdict, preview.article) == (Verdict.OLD, None)
    assert "365 days" in preview.problem
    assert "/one" not in looker.site.asked


def test_what_has_no_title_is_called_as_it_would_be(looker):
    words = "The lock gates on the northern canal open again this week, says the port authority, after a long repair. "

    def build(site):
        dated = f"<link>{site.origin}/one</link><pubDate>Sun, 01 Mar 2026 08:00:00 GMT</pubDate>"
        said = f"<description>{words * 2}</description>"
        site["/feed"] = Answer(f"<rss version='2.0'><channel><item>{dated}{said}</item></channel></rss>")

    (preview,) = looker.look("/feed", build).previews
    assert preview.verdict is Verdict.FROM_FEED
    assert preview.article.title.startswith("The lock gates")
    assert len(preview.article.title) <= 80


def test_an_item_that_leads_to_the_front_page_is_gone(looker):
    def build(site):
        site["/feed"] = rss(site.origin, "one")
        site["/one"] = Answer(status=302, headers={"Location": f"{site.origin}/"})
        site["/"] = page("front")

    (preview,) = looker.look("/feed", build).previews
    assert (preview.verdict, preview.article) == (Verdict.NO_TEXT, None)
    assert "front page" in preview.problem


def test_a_page_that_the_site_closes_to_programs_is_not_visited(looker):
    def build(site):
        site["/robots.txt"] = Answer("User-agent: *\nDisallow: /one")
        site["/feed"] = rss(site.origin, "one")
        publish(site, ["one"])

    (preview,) = looker.look("/feed", build).previews
    assert preview.verdict is Verdict.CLOSED
    assert "robots.txt" in preview.problem
    assert "/one" not in looker.site.asked


def test_a_site_that_wants_time_between_two_visits_gets_it(looker, monkeypatch):
    def build(site):
        site["/robots.txt"] = Answer("User-agent: *\nCrawl-delay: 0.05")
        site["/feed"] = rss(site.origin, "one", "two", "three")
        publish(site, ["one", "two", "three"])

    slept = []
    sleep = asyncio.sleep
    monkeypatch.setattr("ingest.check.asyncio.sleep", lambda seconds: slept.append(seconds) or sleep(seconds))
    looker.look("/feed", build)
    assert len([seconds for seconds in slept if 0 < seconds <= 0.05]) == 2


def test_the_feeds_own_words_stand_in_where_they_are_enough(looker):
    def build(site):
        site["/feed"] = rss(site.origin, "one", summary=LONG)

    (preview,) = looker.look("/feed", build).previews
    assert (preview.verdict, preview.article.text) == (Verdict.FROM_FEED, LONG)
    assert "404" in preview.problem


def test_a_site_that_cannot_tell_what_may_be_read_is_not_said_to_refuse(looker):
    def build(site):
        site["/robots.txt"] = Answer("trouble", 503)
        site["/feed"] = rss(site.origin, "one")
        publish(site, ["one"])

    (preview,) = looker.look("/feed", build).previews
    assert preview.verdict is Verdict.UNSURE
    assert "/one" not in looker.site.asked


def test_items_without_a_date_say_nothing_of_a_rhythm(looker):
    def build(site):
        entries = "".join(f"<item><title>t</title><link>{site.origin}/{slug}</link></item>" for slug in ("one", "two"))
        site["/feed"] = Answer(f"<rss version='2.0'><channel><title>The Feed</title>{entries}</channel></rss>")
        publish(site, ["one", "two"])

    seen = looker.look("/feed", build)
    assert (seen.per_day, seen.newest, seen.wait) == (None, None, IngestOptions().interval)
    assert [preview.article.published_at for preview in seen.previews] == [seen.found.at] * 2


def test_an_empty_feed_has_no_rhythm_and_no_previews(looker):
    def build(site):
        site["/feed"] = rss(site.origin)

    seen = looker.look("/feed", build)
    assert (seen.previews, seen.per_day, seen.newest) == ((), None, None)
    assert seen.wait == IngestOptions().interval


HOURS = st.lists(st.integers(-100, 3000), max_size=50)


@given(HOURS)
def test_how_often_it_publishes_is_never_more_than_it_published(hours):
    rate = check.per_day([NOW - timedelta(hours=each) for each in hours], NOW)
    recent = [each for each in hours if 0 < each <= 720]
    assert (rate is None) == (not recent)
    assert rate is None or 0 < rate <= len(recent)


def test_a_feed_that_goes_back_far_is_measured_over_the_month():
    assert check.per_day([NOW - timedelta(days=day) for day in (1, 2, 3, 400)], NOW) == pytest.approx(3 / 30)
    assert check.per_day([NOW - timedelta(days=day) for day in (1, 2, 3)], NOW) == pytest.approx(1)
