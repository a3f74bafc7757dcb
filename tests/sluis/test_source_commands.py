"""`sluis source …` on a real database and a real site: what becomes a source, how it does, what it is good for."""

import csv
import io
import json
import string
from datetime import timedelta

import pytest

from catalog import articles, events, items, people, slates, sources, taxonomy
from catalog.clock import utcnow
from catalog.errors import Invalid
from catalog.records import EventType, ItemState, SourceStatus, State, Tag, Trust
from ingest.check import Verdict
from ingest.items import NO_ADDRESS, SAME_ID, TOO_MANY
from ingest.sitemaps import NO_DATE, OLD
from ingest.walls import Barrier
from models.hashing import HashingEncoder
from sluis.commands.sources import words
from sluis.commands.sources.options import address
from sluis.commands.sources.preview import in_words
from sluis.wiring import House
from tests import make

OPML = """<opml version="2.0"><body>
<outline text="Ports" xmlUrl="https://ports.example/feed"/>
<outline text="Locks" xmlUrl="https://locks.example/feed" language="nl"/>
<outline text="Locks again" xmlUrl="https://locks.example/feed"/>
</body></opml>"""

TEXT = "The lock gates on the northern canal open again this week after a long repair, says the port authority. "


@pytest.fixture
def site(loopback, monkeypatch):
    """A site whose front page names two feeds, and whose news feed has two items, one of them readable."""
    entry = "<item><title>{0}</title><link>{1}/{0}</link><pubDate>Sun, 01 Mar 2026 08:00:00 GMT</pubDate></item>"
    origin = loopback({})
    monkeypatch.setenv("SLUIS_TRUSTED_HOSTS", origin.removeprefix("http://"))
    found = "".join(entry.format(slug, origin) for slug in ("gates", "gone"))
    links = "".join(
        f"<link rel='alternate' type='application/rss+xml' href='/{name}.xml'>" for name in ("news", "more")
    )
    loopback(
        {
            "/": f"<html><head>{links}</head><body><p>Welcome</p></body></html>".encode(),
            "/news.xml": f"<rss version='2.0'><channel><title>Lock News</title><language>en</language>{found}"
            "<item><title>Nowhere</title></item></channel></rss>".encode(),
            "/gates": f"<html lang='en'><body><article><p>{TEXT * 5}</p></article></body></html>".encode(),
            "/none": b"<html><body><p>Nothing</p></body></html>",
        }
    )
    return origin


def known(shell):
    with shell.database.read() as connection:
        return {source.url: source for source in sources.every(connection, shell.tenant)}


def stored(shell, **given):
    """A source that is there already, whatever its site says."""
    found = make.source(**{"url": "https://news.example/feed", "title": "Port News"} | given)
    shell("init")
    with shell.database.write() as connection:
        sources.add(connection, shell.tenant, found)
    return found


def test_a_page_is_searched_for_its_feed(shell, site):
    said = shell("source", "add", f"{site}/")
    assert f"added {site}/news.xml: Lock News, 2 items" in said
    assert f"found on {site}/" in said
    assert f"names more: {site}/more.xml" in said
    found = known(shell)[f"{site}/news.xml"]
    assert (found.title, found.language, found.internal, found.checked_at) == ("Lock News", "en", False, None)


def test_what_is_said_of_a_source_goes_before_what_its_feed_says(shell, site):
    told = "--title Locks --language nl --owner Comms --audience function=sales --tag topic=labour --trust high --legal"
    shell("source", "add", f"{site}/news.xml", *told.split(), "--archive-days", "30", "--daily-cap", "5", "--internal")
    found = known(shell)[f"{site}/news.xml"]
    assert (found.title, found.language, found.owner, found.trust) == ("Locks", "nl", "Comms", Trust.HIGH)
    assert (found.audience, found.tags) == (make.audience("sales"), {"topic": {"labour"}})
    assert (found.internal, found.needs_legal, found.archive_days, found.daily_cap) == (True, True, 30, 5)


def test_one_address_that_cannot_be_read_keeps_no_other_out(shell, site):
    code, said, complained = shell.call("source", "add", f"{site}/none", f"{site}/404", f"{site}/news.xml")
    assert code == 1
    assert f"added {site}/news.xml" in said
    assert "no feed on this page" in complained
    assert "answer 404: there is no such page: check the address" in complained
    assert "2 of 3 addresses were not added" in complained
    assert list(known(shell)) == [f"{site}/news.xml"]


def test_a_word_that_is_no_address_keeps_no_other_out(shell, site):
    code, said, complained = shell.call("source", "add", "feed.xml", "push:A b", f"{site}/news.xml")
    assert (code, f"added {site}/news.xml" in said) == (1, True)
    assert "'feed.xml' is not a web address" in complained
    assert "2 of 3 addresses were not added" in complained


def test_a_refusal_names_its_remedy_and_can_be_overruled(shell, site, loopback):
    assert "--no-check adds it unseen" in shell.fails("source", "add", f"{site}/404")
    assert "two letters" in shell.fails("source", "add", f"{site}/news.xml", "--language", "Dutch")
    assert "no function 'salez'" in shell.fails("source", "add", f"{site}/news.xml", "--audience", "function=salez")
    assert "no topic 'labor'" in shell.fails("source", "add", f"{site}/news.xml", "--tag", "topic=labor")
    assert "facet=concept" in shell.fails("source", "add", f"{site}/news.xml", "--tag", "labour")
    assert "--title is for one address" in shell.fails("source", "add", site, f"{site}/x", "--title", "Two")
    assert known(shell) == {}
    asked = len(loopback.asked)
    assert "added" in shell("source", "add", f"{site}/404", "--no-check")
    assert len(loopback.asked) == asked
    assert "source already" in shell.fails("source", "add", f"{site}/404", "--no-check")


def test_folders_and_handed_in_articles_are_our_own_and_not_visited(shell, tmp_path):
    inbox = tmp_path / "in box"
    inbox.mkdir()
    shell("source", "add", str(inbox), "push:intranet")
    assert {url: source.internal for url, source in known(shell).items()} == {
        inbox.as_uri(): True,
        "push:intranet": True,
    }
    assert "source already" in shell.fails("source", "add", inbox.as_uri())
    shell("source", "add", "push:partners", "--external")
    assert known(shell)["push:partners"].internal is False
    assert "handed in" in shell("source", "list")


@pytest.mark.parametrize(
    "wrong",
    ["file:///etc/passwd", "/no/such/folder", "http://[bad", "feed.xml", "ftp://a.example/", "push:", "push:A b"],
)
def test_what_is_no_source_is_refused(wrong):
    with pytest.raises(Invalid, match=r"https?://|push:"):
        address(wrong)


def test_editing_changes_only_what_is_named(shell):
    source = stored(shell, tags={"topic": frozenset({"labour"})}, owner="Comms", language="nl")
    said = shell("source", "edit", "https://news", "--tag", "function=sales", "--trust", "low", "--daily-cap", "3")
    assert "changed Port News (https://news.example/feed): daily cap, tags, trust" in said
    assert "from now on" in said
    found = known(shell)[source.url]
    assert found.tags == {"topic": {"labour"}, "function": {"sales"}}
    assert (found.owner, found.language, found.trust, found.daily_cap) == ("Comms", "nl", Trust.LOW, 3)
    assert "from now on" not in shell("source", "edit", source.id[:8], "--owner", "Anne")


def test_an_empty_value_takes_away_what_was_there(shell):
    given = {"audience": make.audience("sales"), "tags": {"topic": frozenset({"labour"})}, "owner": "Comms"}
    source = stored(shell, **given, language="nl", archive_days=30, daily_cap=3, internal=True)
    cleared = ["--audience", "", "--tag", "topic=", "--owner", "", "--language", "", "--external"]
    shell("source", "edit", source.url, *cleared, "--archive-days", "0", "--daily-cap", "0", "--title", "")
    found = known(shell)[source.url]
    assert (found.audience, found.tags, found.owner, found.language) == (None, {}, "", None)
    assert (found.archive_days, found.daily_cap, found.title, found.internal) == (None, None, "", False)


def test_an_edit_that_names_nothing_or_nobody_says_so(shell):
    source = stored(shell)
    assert "nothing to change" in shell.fails("source", "edit", source.url)
    assert "no source has" in shell.fails("source", "edit", "https://other.example/", "--owner", "Anne")


def test_a_paused_source_is_resumed_at_once_and_an_ended_one_too(shell):
    later = utcnow() + timedelta(days=1)
    source = stored(shell, status=SourceStatus.ENDED, failures=9, last_error="gone", due_at=later)
    assert "ended" in shell("source", "list")
    shell("source", "resume", "https://news")
    found = known(shell)[source.url]
    assert (found.status, found.failures, found.last_error) == (SourceStatus.ACTIVE, 0, None)
    assert found.due_at <= utcnow()
    shell("source", "pause", source.id)
    assert known(shell)[source.url].status is SourceStatus.PAUSED


def test_the_list_says_how_each_source_does(shell):
    now = utcnow()
    stored(shell, last_error="https://news.example/feed: answer 500", failures=3, due_at=now + timedelta(minutes=20.5))
    stored(shell, url="https://new.example/feed", title="Brand New", due_at=now)
    listing = shell("source", "list")
    rows = {line.split()[0]: line for line in listing.splitlines()}
    assert rows["Port"].split()[2:] == ["failing", "3x", "in", "20", "min", "0", "-", "answer", "500"]
    assert rows["Brand"].split()[2:] == ["new", "now", "0", "-"]
    assert "last problem answer 500" in shell("source", "show", "https://news")
    told = {row["title"]: row for row in json.loads(shell("source", "list", "--json"))}
    assert told["Port News"]["health"] == "failing 3x"
    assert (told["Port News"]["new_items"], told["Port News"]["yield"]["approved_share"]) == (0, None)


def fill(shell, source, approved=3, rejected=1):
    """Items, decided articles, and a reader who opens one of them and shares it."""
    now, person = utcnow(), make.employee("sales")
    with shell.database.write() as connection:
        announced = [make.feed_item(source.id) for _ in range(approved + rejected)]
        items.remember(connection, shell.tenant, announced, now, ItemState.STORED)
        broken = [make.feed_item(source.id, url="https://news.example/broken")]
        items.remember(connection, shell.tenant, broken, now, ItemState.FAILED, "answer 404: check the address")
        given = {"source_id": source.id, "created_at": now, "live_from": now}
        made = [
            make.store_live(connection, shell.tenant, make.audience("sales"), **given)
            for _ in range(approved + rejected)
        ]
        for article in made[approved:]:
            articles.move(connection, shell.tenant, article, State.REJECTED)
        slate = make.slate(person.id, [article.id for article in made[:approved]], created_at=now)
        people.upsert(connection, shell.tenant, [person])
        slates.save(connection, shell.tenant, slate)
        told = [make.event(slate), make.event(slate, 1, EventType.SHARE), make.event(slate, approved, EventType.SEEN)]
        events.append(connection, shell.tenant, told)


def test_one_source_is_shown_with_all_that_happened(shell):
    source = stored(shell, owner="Comms", needs_legal=True, daily_cap=4, archive_days=30, last_error="answer 500")
    fill(shell, source)
    shown = shell("source", "show", "https://news")
    for said in (
        *(
            "owner Comms",
            "legal must sign",
            "at most 4 items a day",
            "expires after 30 days",
            "last problem answer 500",
        ),
        *("Not visited yet", "items: 4 stored, 1 failed", "https://news.example/broken: answer 404"),
        *("5 items", "4 articles", "approved 75% of 4", "readers used 33% of 3 served, 1 share"),
    ):
        assert said in shown
    told = json.loads(shell("source", "show", source.id, "--json"))
    assert told["items"] == {"stored": 4, "failed": 1}
    assert told["yield"]["engaged"] == 1


def test_visits_are_shown_with_what_came_of_them(shell, site):
    shell("source", "add", f"{site}/news.xml")
    shell.call("ingest")
    shown = shell("source", "show", site)
    assert "visited just now" in shown
    assert "read" in shown
    (visit,) = json.loads(shell("source", "show", site, "--json"))["visits"]
    assert (visit["outcome"], visit["items_new"]) == ("read", 2)


def test_the_most_useful_source_is_first_and_silent_ones_are_named(shell, monkeypatch):
    stored(shell, url="https://silent.example/feed", title="Silent", checked_at=utcnow())
    stored(shell, url="https://new.example/feed", title="Unvisited")
    stored(shell, url="https://off.example/feed", title="Switched off", status=SourceStatus.PAUSED)
    stored(shell, url="push:intranet", title="Intranet", checked_at=utcnow())
    fill(shell, stored(shell, url="https://poor.example/feed", title="Poor"), approved=1, rejected=9)
    fill(shell, stored(shell, url="https://good.example/feed", title="Good"))
    table, _, hint = shell("source", "stats").partition("Brought nothing in 30 days: ")
    assert [row.split()[0] for row in table.splitlines()[1:3]] == ["Good", "Poor"]
    assert hint.strip() == "Silent. 'sluis source pause NAME' stops visiting it."
    rows = json.loads(shell("source", "stats", "--days", "7", "--json"))
    assert [row["title"] for row in rows][:2] == ["Good", "Poor"]
    assert (rows[0]["approved_share"], rows[0]["engagement"]) == (0.75, pytest.approx(1 / 3))
    header = set(table.splitlines()[0].replace("last item", "last_item").split()) - {"source"}
    assert {"items", "duplicates", "waiting", "engaged"} <= header <= set(rows[0])
    monkeypatch.setenv("COLUMNS", "80")
    assert "duplicates" not in shell("source", "stats")


def test_a_title_that_is_a_formula_stays_a_title_in_a_spreadsheet(shell):
    stored(shell, title='=HYPERLINK("https://evil.example")')
    (row,) = csv.DictReader(io.StringIO(shell("source", "stats", "--csv")))
    assert row["title"].startswith("'=")
    assert (row["items"], row["approved_share"]) == ("0", "")


def test_a_strangers_title_is_no_markup(shell):
    source = stored(shell, title="[bold] [/x]")
    for command in (["list"], ["show", source.url], ["stats"], ["pause", source.url]):
        assert "[bold] [/x]" in shell("source", *command)


def test_a_list_of_feeds_comes_in_once(shell, tmp_path):
    path = tmp_path / "feeds.opml"
    path.write_text(OPML)
    assert "2 would be added, 0 known as sources already" in shell("source", "import", str(path), "--dry-run")
    assert known(shell) == {}
    code, said, complained = shell.call("source", "import", str(path), "--owner", "Comms", "--trust", "low")
    assert (code, said.strip()) == (0, "2 added, 0 known as sources already")
    assert "https://locks.example/feed is in the file twice" in complained
    found = known(shell)["https://locks.example/feed"]
    assert (found.title, found.language, found.owner, found.trust) == ("Locks", "nl", "Comms", Trust.LOW)
    assert "0 added, 2 known as sources already" in shell("source", "import", str(path))


def test_what_is_exported_can_be_imported(shell, tmp_path):
    stored(shell, language="nl")
    shell("source", "add", "push:intranet")
    path = tmp_path / "out.opml"
    assert "1 source written" in shell("source", "export", str(path))
    assert 'xmlUrl="https://news.example/feed" language="nl"' in shell("source", "export")
    assert "0 added, 1 known as sources already" in shell("source", "import", str(path))


def test_a_list_that_cannot_be_read_or_written_names_the_remedy(shell, tmp_path):
    (tmp_path / "page.html").write_text("<html></html>")
    assert "as OPML" in shell.fails("source", "import", str(tmp_path / "page.html"))
    assert "path of an OPML file" in shell.fails("source", "import", str(tmp_path / "nothing.opml"))
    assert "cannot be written" in shell.fails("source", "export", str(tmp_path / "no" / "folder.opml"))


class Labels:
    """A tagger that is sure of one thing."""

    def tags(self, vectors):
        return [[Tag("topic", "labour", 0.9), Tag("function", "sales", 0.4)] for _ in vectors]


@pytest.fixture
def tagged(monkeypatch):
    monkeypatch.setattr(House, "encoder", lambda house: HashingEncoder())
    monkeypatch.setattr(House, "taggers", lambda house, encoder, progress: Labels())


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ["found on", "2 items", "left out: 1 × no web address", "the page can be read", "(answer 404)",
                "topic: Labour", "1 of 2 would become articles", "would be visited again after"]),
        ("nl", ["gevonden op", "2 items", "weggelaten: 1 × geen webadres", "de pagina is te lezen", "(antwoord 404)",
                "onderwerp: ", "1 van de 2 zouden artikelen worden", "zouden we er opnieuw kijken"]),
    ],
)  # fmt: skip
def test_a_preview_tells_what_would_be_read_in_both_languages(shell, site, tagged, language, says):
    seen = shell("source", "check", site, "--language", language)
    for said in ["Lock News", f"{site}/news.xml", f"{site}/more.xml", "gates", "gone", *says]:
        assert said in seen
    assert "sales" not in seen.lower()
    assert "verkoop" not in seen.lower()
    assert not (shell.folder / "sluis.db").exists()


def test_a_preview_as_json_has_no_text_but_all_facts(shell, site, tagged):
    seen = json.loads(shell("source", "check", f"{site}/news.xml", "--json"))
    assert (seen["title"], seen["items"], seen["left_out"]) == ("Lock News", 2, {NO_ADDRESS: 1})
    gates, gone = seen["previews"]
    assert (gates["verdict"], gates["language"], gates["words"]) == ("readable", "en", 95)
    assert gates["tags"][0]["concept"] == "labour"
    assert (gone["verdict"], gone["tags"]) == ("unreachable", [])
    assert "404" in gone["problem"]


def test_a_preview_of_nothing_is_refused_in_the_language_that_was_asked_for(shell, site):
    assert "geen feed op deze pagina" in shell.fails("source", "check", f"{site}/none", "--language", "nl")
    assert "antwoord 404: controleer" in shell.fails("source", "check", f"{site}/404", "--language", "nl")
    private = shell.fails("source", "check", "http://127.0.0.1:1/", "--language", "nl")
    assert "niet te lezen" in private
    assert "public" in private
    assert "no such page: check the address" in shell.fails("source", "check", f"{site}/404")


@pytest.mark.parametrize("told", ["push:intranet", "."])
def test_only_what_is_on_the_web_can_be_previewed(shell, told):
    assert "add it with 'sluis source add'" in shell.fails("source", "check", told)
    assert "voeg dit toe met 'sluis source add'" in shell.fails("source", "check", told, "--language", "nl")


def test_all_that_a_preview_can_say_is_said_in_both_languages():
    codes = {*Verdict, *Barrier, *taxonomy.FACETS, NO_ADDRESS, SAME_ID, TOO_MANY, NO_DATE, OLD}
    assert codes <= words.CODES
    fields = {
        language: {
            code: {name for _, name, _, _ in string.Formatter().parse(words.phrase(code, language)) if name}
            for code in words.CODES
        }
        for language in taxonomy.LANGUAGES
    }
    assert fields["nl"] == fields["en"]


def test_only_tags_that_are_sure_are_shown_by_their_labels():
    known_concepts = taxonomy.load()
    tags = [Tag("topic", "labour", 0.9), Tag("topic", "economy", 0.2), Tag("function", "sales", 0.5)]
    assert in_words([*tags], known_concepts, "nl").endswith("functie: Verkoop")
    assert in_words([], known_concepts, "nl") == ""


@pytest.mark.parametrize(
    ("minutes", "dutch"),
    [(0, "1 min"), (15, "15 min"), (119, "119 min"), (121, "2 uur"), (2879, "48 uur"), (2881, "2 dagen")],
)
def test_times_are_told_in_their_largest_sensible_unit(minutes, dutch):
    assert words.span(timedelta(minutes=minutes), "nl") == dutch


@pytest.mark.parametrize(
    ("per_day", "says"),
    [(None, "nothing dated"), (12.3, "12 a day"), (0.5, "4 a week"), (0.1, "3 a month"), (0.001, "1 a month")],
)
def test_how_often_is_told_so_that_the_number_is_at_least_one(per_day, says):
    assert says in words.pace(per_day)
