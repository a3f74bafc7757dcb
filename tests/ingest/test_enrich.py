"""Enrichment: language, vector, tags and story, all or nothing, and only ever one encoder."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from catalog import articles, tenants
from catalog.articles import Neighbour
from catalog.database import Database
from catalog.ids import ArticleId, TenantId, new_id
from catalog.records import State, Tag
from ingest.config import EnrichOptions
from ingest.enrich import PASSAGE_WORDS, EnrichReport, OtherEncoder, enrich, passage
from ingest.stories import Stories
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
        assert articles.story_sizes(connection, tenant, [first.id]) == {first.id: 3}


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


def neighbour(cosine: float, **given) -> Neighbour:
    vector = np.array([cosine, np.sqrt(1 - cosine**2)], np.float32)
    known = Neighbour(ArticleId(new_id()), None, "nl", NOW, vector)
    return replace(known, **given)


NEW = neighbour(1.0)
SELF = neighbour(0.99, id=NEW.id)
TOLD = ArticleId(new_id())


@pytest.mark.parametrize(
    ("known", "joins"),
    [
        ([], None),
        ([neighbour(0.95)], 0),
        ([neighbour(0.93)], None),
        ([neighbour(0.93, language="en")], 0),
        ([neighbour(0.89, language="en")], None),
        ([neighbour(0.95), neighbour(0.97)], 1),
        ([neighbour(0.93), neighbour(0.91, language="en")], 1),
        ([neighbour(0.99, published_at=NOW - 14 * DAY)], 0),
        ([neighbour(0.99, published_at=NOW - 15 * DAY)], None),
        ([neighbour(0.99, published_at=NOW + 15 * DAY), neighbour(0.95)], 1),
        ([SELF], None),
    ],
)
def test_the_nearest_that_is_near_enough_decides(known, joins):
    expected = NEW.id if joins is None else known[joins].id
    assert Stories(known, EnrichOptions()).of(NEW) == expected


def test_a_story_keeps_the_name_of_its_first_article():
    stories = Stories([neighbour(0.95, story_id=TOLD)], EnrichOptions())
    assert stories.of(NEW) == TOLD
    stories.add(NEW, TOLD)
    assert stories.of(neighbour(0.999)) == TOLD


def test_a_passage_is_title_lead_and_beginning_each_once():
    article = make.article(title="Title", lead="A lead of its own.", text="word " * 300)
    assert passage(article) == f"Title. A lead of its own. {'word ' * PASSAGE_WORDS}".strip()
    cut = make.article(title="Title", lead="word word…", text="word " * 300)
    assert passage(cut) == f"Title. {'word ' * PASSAGE_WORDS}".strip()
