"""Articles that are pushed: the last word about an id holds, and nothing is there twice."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from catalog import articles, audiences, items, sources, tables, tenants
from catalog.articles import StateChanged
from catalog.database import Database
from catalog.ids import TenantId, new_id
from catalog.records import ItemState, State
from curation.review import Desk, Sender
from ingest.config import IngestOptions
from ingest.handed import Taken, Withdrawn, piece, push
from ingest.pipeline import IngestReport, ingest
from tests import make
from tests.ingest.conftest import Reader
from tests.make import NOW

WORDS = "The gates of the new lock open on Monday, and whoever works nearby is welcome to come and see it happen. "
BY = Sender("intranet")


def pushed(name: str, text: str = WORDS, **said):
    kind = {} if "html" in said else {"text": text}
    return piece(name, title="Lock opens", **kind, **said)


def take(reader: Reader, *pieces, source="api"):
    with reader.database.write() as connection:
        return [each.taken for each in push(connection, reader.tenant, source, pieces, reader.clock.now)]


def run(reader: Reader) -> IngestReport:
    options = IngestOptions(lease=timedelta(minutes=1))
    return asyncio.run(ingest(reader.database, reader.tenant, options, reader.clock, lambda _: None))


def test_a_text_becomes_an_article_as_its_sender_tells_it(either):
    meant = make.audience("sales", region=["*"])
    said = {"author": "Ann Bell", "language": "nl", "url": "https://acme.example/lock", "audience": meant}
    moments = {"published_at": NOW - timedelta(hours=5), "expires_at": NOW + timedelta(days=9)}
    tags = {"topic": frozenset({"labour"})}
    assert take(either, pushed("a", **said, **moments, tags=tags)) == [Taken.NEW]
    assert run(either).articles_stored == 1
    found = either.stored()["Lock opens"]
    assert (found.author, found.language, found.url) == ("Ann Bell", "nl", "https://acme.example/lock")
    assert (found.published_at, found.expires_at, found.internal) == (*moments.values(), True)
    assert found.text.strip() == WORDS.strip()
    with either.database.read() as connection:
        assert audiences.get(connection, either.tenant, found.id) == meant
        [tag] = articles.tags_of(connection, either.tenant, [found.id])[found.id]
    assert (tag.facet, tag.concept, tag.probability) == ("topic", "labour", 1.0)


def test_markup_is_read_as_its_words(reader):
    take(reader, pushed("a", html=f"<h2>Gates</h2><p>{WORDS}</p><script>steal()</script>"))
    run(reader)
    assert "steal" not in reader.stored()["Lock opens"].text
    assert "whoever works nearby" in reader.stored()["Lock opens"].text


def test_another_version_revises_the_article_and_an_unread_one_is_replaced(either):
    take(either, pushed("a", "Never read."))
    assert take(either, pushed("a")) == [Taken.CHANGED]
    assert run(either).articles_stored == 1
    assert take(either, pushed("a")) == [Taken.UNCHANGED]
    assert take(either, pushed("a", WORDS + "On Tuesday.")) == [Taken.CHANGED]
    assert run(either).articles_revised == 1
    found = either.stored()["Lock opens"]
    assert (found.revision, found.text.endswith("On Tuesday.")) == (2, True)


def test_two_ids_with_one_text_are_one_article(reader):
    take(reader, pushed("a"), pushed("b"))
    report = run(reader)
    assert (report.articles_stored, report.duplicates) == (1, 1)


def test_all_of_a_batch_is_taken_or_nothing(either):
    take(either, pushed("gone"))
    with either.database.write() as connection:
        seen = items.handed_in(connection, either.tenant, "gone")
        Desk(connection, either.tenant, NOW).take_back(seen, BY, reason="old")
    with pytest.raises(Withdrawn):
        take(either, pushed("new"), pushed("gone"))
    with either.database.read() as connection:
        assert items.handed_in(connection, either.tenant, "new") is None


def test_what_was_withdrawn_is_said_to_be_withdrawn_to_any_source(reader):
    reader.add("push:intranet")
    take(reader, pushed("gone"))
    with reader.database.write() as connection:
        seen = items.handed_in(connection, reader.tenant, "gone")
        Desk(connection, reader.tenant, NOW).take_back(seen, BY, reason="old")
    with pytest.raises(Withdrawn, match="under another id"):
        take(reader, pushed("gone"), source="intranet")


def test_taking_back_what_was_read_since_one_looked_changes_nothing_until_one_looks_again(either):
    take(either, pushed("a"))
    with either.database.read() as connection:
        seen = items.handed_in(connection, either.tenant, "a")
    run(either)
    with pytest.raises(StateChanged, match="again"), either.database.write() as connection:
        Desk(connection, either.tenant, NOW).take_back(seen, BY, reason="old")
    assert either.stored()["Lock opens"].state is State.EXTRACTED
    with either.database.write() as connection:
        seen = items.handed_in(connection, either.tenant, "a")
        Desk(connection, either.tenant, NOW).take_back(seen, BY, reason="old")
    assert either.stored()["Lock opens"].state is State.WITHDRAWN
    assert run(either).articles_stored == 0


def test_a_source_of_its_own_gives_what_it_says(reader):
    source = reader.add("push:intranet", audience=make.audience("engineering"), needs_legal=True, title="Intranet")
    take(reader, pushed("a"), source="intranet")
    run(reader)
    found = reader.stored()["Lock opens"]
    assert (found.needs_legal, found.site_name, found.source_id) == (True, "Intranet", source.id)
    with reader.database.read() as connection:
        assert audiences.get(connection, reader.tenant, found.id) == make.audience("engineering")


def test_a_moment_still_to_come_is_now_for_who_published_it(reader):
    take(reader, pushed("a", published_at=NOW + timedelta(days=3)))
    run(reader)
    assert reader.stored()["Lock opens"].published_at == NOW


ACTS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from("ab"), st.integers(0, 2)),
    st.tuples(st.sampled_from(["delete", "read"]), st.sampled_from("ab"), st.none()),
)


@settings(max_examples=40, deadline=None)
@given(acts=st.lists(ACTS, max_size=10))
def test_whatever_is_sent_in_whatever_order_the_last_word_holds(sqlite_everything: Database, acts):
    """Each id has the text that was put last, unless it was taken back; and one item, and at most one article."""
    database, tenant = sqlite_everything, TenantId(new_id())
    with database.write() as connection:
        tenants.ensure(connection, tenant, "Any", NOW)
    texts: dict[str, str | None] = {}
    for act, name, version in acts:
        with database.write() as connection:
            if act == "put" and (name not in texts or texts[name] is not None):
                texts[name] = f"{name} {version}"
                push(connection, tenant, "api", [pushed(name, texts[name])], NOW)
            elif act == "put":
                with pytest.raises(Withdrawn):
                    push(connection, tenant, "api", [pushed(name, "again")], NOW)
            elif name in texts:
                seen = items.handed_in(connection, tenant, name)
                if act == "delete":
                    Desk(connection, tenant, NOW).take_back(seen, BY, reason="old")
                    texts[name] = None
                else:
                    _read(connection, tenant, seen)
    with database.read() as connection:
        for name, text in texts.items():
            found = items.handed_in(connection, tenant, name)
            content = items.document(connection, tenant, found.item.id)
            article = articles.get(connection, tenant, found.article_id) if found.article_id else None
            if text is None:
                assert (found.state, content) == (ItemState.WITHDRAWN, None)
                assert article is None or article.state is State.WITHDRAWN
            else:
                assert (content.content.decode() if content else article.text) == text
        here = tables.feed_items.c.tenant_id == tenant
        counted = connection.execute(select(func.count()).select_from(tables.feed_items).where(here))
        assert counted.scalar_one() == len(texts)
        assert len(sources.every(connection, tenant)) == bool(texts)


def _read(connection, tenant, seen) -> None:
    """What the worker would do with it now."""
    content = items.document(connection, tenant, seen.item.id)
    if content is None:
        return
    fresh = make.article(text=content.content.decode(), url=None)
    known = articles.get(connection, tenant, seen.article_id) if seen.article_id else None
    if known is None:
        articles.save(connection, tenant, fresh)
    else:
        articles.revise(connection, tenant, known, fresh)
    mine = (tables.feed_items.c.tenant_id == tenant, tables.feed_items.c.id == seen.item.id)
    ended = {"state": ItemState.STORED, "article_id": known.id if known else fresh.id}
    connection.execute(tables.feed_items.update().where(*mine).values(ended))
    items.drop_document(connection, tenant, seen.item.id)


@pytest.fixture(scope="module")
def sqlite_everything(sqlite_template, tmp_path_factory):
    """One database for all examples: each has a tenant of its own."""
    path = tmp_path_factory.mktemp("handed") / "test.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()
