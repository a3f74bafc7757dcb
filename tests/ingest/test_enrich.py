"""Enrichment: language, vector, sketch, tags and story, all or nothing, and only ever one encoder."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import numpy as np
import pytest

from catalog import articles, tenants
from catalog.database import Database
from catalog.ids import TenantId
from catalog.records import Origin, State, Tag
from catalog.stories import members, neighbours
from ingest.config import EnrichOptions
from ingest.enrich import EnrichReport, OtherEncoder, enrich
from ingest.passage import passage
from ingest.sketch import sketch
from models.hashing import HashingEncoder
from models.protocols import Progress, Vectors
from tests import make
from tests.make import NOW

DAY = timedelta(days=1)
ENCODER = HashingEncoder(dimensions=64)
DUTCH = "De sluiswachter opende de deuren bij zonsopgang, en de schepen die de hele nacht hadden gewacht voeren uit. "
ENGLISH = "The keeper opened the gates at dawn, and the barges that had waited all night went down to the sea. "


class BySign:
    """Taggers that look at the first two numbers of a vector."""

    def tags(self, vectors: Vectors) -> list[list[Tag]]:
        return [[Tag("topic", "labour" if vector[0] > 0 else "sport", 0.9, tagger="sign")] for vector in vectors]


class Busy:
    """An encoder during whose work something else happens."""

    def __init__(self, meanwhile) -> None:
        self.digest, self.dimensions = ENCODER.digest, ENCODER.dimensions
        self._meanwhile = meanwhile

    def encode(self, texts: list[str], progress: Progress | None = None) -> Vectors:
        self._meanwhile()
        return ENCODER.encode(texts, progress)


def run(database: Database, tenant: TenantId, encoder=ENCODER, now=NOW, **options) -> EnrichReport:
    done: list[int] = []
    report = enrich(database, tenant, encoder, BySign(), EnrichOptions(**options), lambda: now, done.append)
    assert sum(done) == report.articles_tagged + report.leases_lost
    return report


def save(database: Database, tenant: TenantId, *stored) -> None:
    with database.write() as connection:
        for article in stored:
            assert articles.save(connection, tenant, article)


def test_an_article_gets_all_there_is_to_know(database, tenant):
    dutch, english = make.article(text=DUTCH * 3), make.article(text=ENGLISH * 3, language="nl")
    save(database, tenant, dutch, english)
    assert run(database, tenant) == EnrichReport(articles_tagged=2)
    with database.read() as connection:
        found = articles.many(connection, tenant, [dutch.id, english.id])
        assert {article.state for article in found.values()} == {State.TAGGED}
        assert (found[dutch.id].language, found[english.id].language) == ("nl", "en")
        assert found[dutch.id].story_id == dutch.id
        vectors = articles.vectors(connection, tenant, ENCODER.digest)
        assert np.array_equal(vectors[dutch.id], ENCODER.encode([passage(dutch)])[0])
        [known] = neighbours(connection, tenant, ENCODER.digest, [dutch.id])
        assert np.array_equal(known.sketch, sketch(dutch.text))
        [tag] = articles.tags_of(connection, tenant, [dutch.id])[dutch.id]
        assert tag == BySign().tags(vectors[dutch.id][None])[0][0]
        assert tenants.get(connection, tenant).encoder == ENCODER.digest
    assert run(database, tenant) == EnrichReport()


def test_work_is_taken_in_batches_until_none_is_left(sqlite_database, tenant):
    save(sqlite_database, tenant, *(make.article(text=f"{ENGLISH} {n}") for n in range(7)))
    assert run(sqlite_database, tenant, batch=3).articles_tagged == 7


def test_another_encoder_is_refused_before_anything_is_done(sqlite_database, tenant):
    save(sqlite_database, tenant, make.article())
    with sqlite_database.write() as connection:
        tenants.set_encoder(connection, tenant, "f" * 64)
    with pytest.raises(OtherEncoder, match="SLUIS_ENCODER"):
        run(sqlite_database, tenant)
    with sqlite_database.read() as connection:
        assert articles.count_by_state(connection, tenant) == {State.EXTRACTED: 1}
        assert tenants.get(connection, tenant).encoder == "f" * 64


def test_no_transaction_is_open_while_the_encoder_works(sqlite_database, tenant):
    save(sqlite_database, tenant, make.article())

    def meanwhile() -> None:
        with sqlite_database.write() as connection:  # waits in vain where another write is open
            tenants.touch(connection, tenant)

    assert run(sqlite_database, tenant, Busy(meanwhile)).articles_tagged == 1


def test_a_result_that_comes_too_late_is_dropped_and_counted(database, tenant):
    save(database, tenant, make.article())
    lease = timedelta(minutes=1)

    def meanwhile() -> None:
        with database.write() as connection:
            assert articles.claim_extracted(connection, tenant, 1, NOW + lease, lease)

    assert run(database, tenant, Busy(meanwhile), lease=lease) == EnrichReport(leases_lost=1)
    with database.read() as connection:
        assert articles.count_by_state(connection, tenant) == {State.EXTRACTED: 1}
        assert not articles.vectors(connection, tenant, ENCODER.digest)


def test_near_duplicates_join_one_story_within_a_batch_and_later(database, tenant):
    first = make.article(text=ENGLISH * 5, published_at=NOW - 3 * DAY, created_at=NOW - 3 * DAY)
    same_batch = make.article(text=ENGLISH * 5 + "And so.", published_at=NOW - 2 * DAY)
    other = make.article(title="Wages", text="Wages of crane drivers rise by four percent from the summer on. " * 5)
    save(database, tenant, first, same_batch, other)
    assert run(database, tenant).in_a_story == 1
    later = make.article(text=ENGLISH * 5 + "Once more.", published_at=NOW)
    save(database, tenant, later)
    assert run(database, tenant, batch=1).in_a_story == 1
    with database.read() as connection:
        found = articles.many(connection, tenant, [first.id, same_batch.id, other.id, later.id])
        assert {found[near.id].story_id for near in (first, same_batch, later)} == {first.id}
        assert found[other.id].story_id == other.id
        assert len(members(connection, tenant, State, [first.id])) == 3


def test_what_the_source_says_about_a_facet_comes_before_the_tagger(sqlite_database, tenant):
    told, silent = make.article(text=DUTCH * 3), make.article(text=ENGLISH * 3)
    save(sqlite_database, tenant, told, silent)
    said = [Tag("topic", "water", 1.0, Origin.SOURCE), Tag("industry", "construction", 1.0, Origin.SOURCE)]
    with sqlite_database.write() as connection:
        articles.replace_tags(connection, tenant, told.id, said)
        articles.replace_tags(connection, tenant, silent.id, said[1:])
    run(sqlite_database, tenant)
    with sqlite_database.read() as connection:
        tags = articles.tags_of(connection, tenant)
    assert sorted(tags[told.id], key=lambda tag: tag.facet) == [said[1], said[0]]
    assert {(tag.facet, tag.origin) for tag in tags[silent.id]} == {
        ("industry", Origin.SOURCE),
        ("topic", Origin.MACHINE),
    }


def test_two_workers_at_once_start_one_story(database, tenant):
    """Both have encoded their article before either writes it down."""
    both = Barrier(2, timeout=30)
    for round_ in range(3):
        pair = [make.article(text=f"{ENGLISH} Round {round_}. " * 5 + end) for end in ("", "And so.")]
        save(database, tenant, *pair)

        def work(_: int) -> EnrichReport:
            rest = iter([both.wait])
            return run(database, tenant, Busy(lambda: next(rest)()), batch=1)

        with ThreadPoolExecutor(2) as workers:
            reports = list(workers.map(work, range(2)))
        assert sum(report.articles_tagged for report in reports) == 2
        with database.read() as connection:
            found = articles.many(connection, tenant, [each.id for each in pair])
        assert len({each.story_id for each in found.values()}) == 1


def test_stories_that_turn_out_to_be_one_are_one_in_the_database(sqlite_database, tenant):
    words = [f"word{number}" for number in range(300)]
    texts = [words[:130], words[170:], words]
    beginning, end, whole = (make.article(text=" ".join(text), published_at=NOW - DAY) for text in texts)
    options = {"story_cosine": 2.0, "story_cosine_across": 2.0, "story_jaccard": 0.35, "story_slack": 4.0}
    for article in (beginning, end):
        save(sqlite_database, tenant, article)
        assert run(sqlite_database, tenant, **options).in_a_story == 0
    save(sqlite_database, tenant, whole)
    assert run(sqlite_database, tenant, **options).in_a_story == 2
    with sqlite_database.read() as connection:
        found = articles.many(connection, tenant, [beginning.id, end.id, whole.id])
    assert len({each.story_id for each in found.values()}) == 1


def revised(connection, tenant, known) -> None:
    assert articles.revise(connection, tenant, known, make.article())


def moved(connection, tenant, known) -> None:
    articles.move(connection, tenant, known, State.WITHDRAWN)


@pytest.mark.parametrize("change", [revised, moved])
def test_nobody_holds_an_article_while_waiting_for_who_gives_stories(postgres_database, waits, tenant, change):
    """Who gives stories holds the tenant and then wants articles: the other way round, each would wait for ever."""
    known = make.article()
    save(postgres_database, tenant, known)

    def work() -> None:
        with postgres_database.write() as connection:
            change(connection, tenant, known)

    with ThreadPoolExecutor(1) as other:
        with postgres_database.write() as connection:
            tenants.get(connection, tenant, lock=True)
            at_work = other.submit(work)
            while not waits():
                assert not at_work.done()
            connection.exec_driver_sql("SELECT 1 FROM articles FOR UPDATE NOWAIT").one()
        at_work.result(timeout=30)


def test_enrichment_stops_between_batches_when_it_is_told_to(sqlite_database, tenant):
    save(sqlite_database, tenant, *(make.article(text=f"{ENGLISH} {n}") for n in range(5)))
    answers = iter([True, False])
    report = enrich(
        sqlite_database,
        tenant,
        ENCODER,
        BySign(),
        EnrichOptions(batch=2),
        lambda: NOW,
        lambda _: None,
        lambda: next(answers),
    )
    assert report.articles_tagged == 2
    assert run(sqlite_database, tenant).articles_tagged == 3


def test_a_revised_article_is_enriched_anew(sqlite_database, tenant):
    known = make.article(text=DUTCH * 3)
    save(sqlite_database, tenant, known)
    run(sqlite_database, tenant)
    with sqlite_database.write() as connection:
        known = articles.get(connection, tenant, known.id)
        assert articles.revise(connection, tenant, known, make.article(text=ENGLISH * 3, language="en"))
    assert run(sqlite_database, tenant).articles_tagged == 1
    with sqlite_database.read() as connection:
        assert articles.get(connection, tenant, known.id).language == "en"
