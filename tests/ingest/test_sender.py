"""What a sender says of an article holds, from the first time to the last."""

from datetime import timedelta

from catalog import articles, audiences
from catalog.records import State
from ingest import handed
from tests import make
from tests.ingest.conftest import Reader, page, rss
from tests.ingest.site import Site
from tests.ingest.test_pipeline import play
from tests.make import NOW

DAY = timedelta(days=1)
TEXT = "The lock gates of the northern canal open again next week, the port authority told its customers today."


def push(reader: Reader, **said) -> None:
    with reader.database.write() as connection:
        piece = handed.piece("j-1", text=TEXT, **{"title": "Gates", "url": "https://intranet.example/1"} | said)
        handed.push(connection, reader.tenant, "api", [piece], reader.clock.now)


def test_who_hands_in_the_same_text_for_fewer_people_is_heard(either: Reader):
    async def scenario(site: Site) -> None:
        push(either, audience=make.audience("*"), published_at=NOW - 3 * DAY)
        assert (await either.run(site)).articles_stored == 1
        found = either.stored()["Gates"]
        assert (found.url, found.published_at) == ("https://intranet.example/1", NOW - 3 * DAY)
        with either.database.write() as connection:
            articles.move(connection, either.tenant, found, State.APPROVED, live_from=NOW)
        told = {"title": "Gates again", "audience": make.audience("sales"), "expires_at": NOW + DAY}
        push(either, **told, tags={"topic": frozenset({"labour"})})
        assert (await either.run(site)).articles_revised == 1
        again = either.stored()["Gates again"]
        assert (again.id, again.state, again.expires_at) == (found.id, State.EXTRACTED, NOW + DAY)
        with either.database.read() as connection:
            assert audiences.get(connection, either.tenant, found.id) == make.audience("sales")
            assert [tag.concept for tag in articles.tags_of(connection, either.tenant)[found.id]] == ["labour"]

    play(scenario)


def test_a_page_with_the_same_text_changes_nothing_of_what_was_handed_in(either: Reader):
    async def scenario(site: Site) -> None:
        site["/feed"], site["/one"] = rss(site.origin, "one"), page("one")
        either.add(f"{site.origin}/feed", audience=make.audience("*"))
        with either.database.write() as connection:
            words = "On this page the words one are said, and so that it is long enough they are said again: one,"
            piece = handed.piece("j-2", title="Ours", text=f"{words} just as they were at the start.")
            handed.push(connection, either.tenant, "api", [piece], NOW)
        await either.run(site, per_host=1)
        assert len(either.stored()) == 1

    play(scenario)
