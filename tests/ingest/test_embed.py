"""Moving to another encoder: nothing mixes, nothing is lost, whatever is killed or comes in meanwhile."""

import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from catalog import articles, audiences, embeddings, reviews, tenants
from catalog.records import Action, Origin, State, Tag
from ingest.config import EnrichOptions
from ingest.embed import embed, switch
from ingest.enrich import OtherEncoder, enrich, passage
from models.hashing import HashingEncoder
from tests import make
from tests.make import NOW

OLD, NEW = HashingEncoder(64), HashingEncoder(96)
OPTIONS = EnrichOptions(batch=3)


class Taggers:
    """One topic for whatever comes, which says whose taggers spoke; and they refuse other encoders' vectors."""

    def __init__(self, encoder) -> None:
        self.encoder = encoder

    def tags(self, vectors):
        assert vectors.shape[1] == self.encoder.dimensions
        name = f"by-{self.encoder.dimensions}"
        return [[Tag(facet, name, 0.9, tagger=name) for facet in ("topic", "function", "kind")] for _ in vectors]


class Watched:
    """The new encoder; counts what it reads, and lets something happen before it answers."""

    digest, dimensions = NEW.digest, NEW.dimensions

    def __init__(self, meanwhile=lambda: None) -> None:
        self.read: Counter[str] = Counter()
        self.meanwhile = meanwhile

    def encode(self, texts, progress=None):
        self.read.update(texts)
        self.meanwhile()
        return NEW.encode(texts, progress)


def bring_in(database, tenant, count, encoder=OLD):
    made = [make.article(text=f"The text of article {number}.") for number in range(count)]
    with database.write() as connection:
        for article in made:
            assert articles.save(connection, tenant, article)
    enrich(database, tenant, encoder, Taggers(encoder), OPTIONS, lambda: NOW, lambda _: None)
    with database.read() as connection:
        return list(articles.many(connection, tenant, [article.id for article in made]).values())


def move(database, tenant, encoder=NEW):
    done: list[int] = []
    read = embed(database, tenant, encoder, OPTIONS, done.append)
    assert sum(done) == read
    return read, switch(database, tenant, encoder, Taggers(encoder), OPTIONS, lambda _: None)


def vectors(database, tenant, encoder):
    with database.read() as connection:
        return articles.vectors(connection, tenant, encoder.digest)


def used(database, tenant):
    with database.read() as connection:
        return tenants.get(connection, tenant).encoder


def tags(database, tenant, article):
    with database.read() as connection:
        found = articles.tags_of(connection, tenant, [article.id]).get(article.id, [])
    return {tag.facet: (tag.concept, tag.origin) for tag in found}


def test_all_articles_get_a_vector_and_the_encoder_is_switched_once_they_have(database, tenant):
    made = bring_in(database, tenant, 7)
    during = set()
    encoder = Watched(lambda: during.add(used(database, tenant)))
    assert move(database, tenant, encoder) == (7, 7)
    assert during == {OLD.digest}
    assert used(database, tenant) == NEW.digest
    fresh = vectors(database, tenant, NEW)
    assert np.array_equal(fresh[made[0].id], NEW.encode([passage(made[0])])[0])
    assert set(fresh) == set(vectors(database, tenant, OLD)) == {article.id for article in made}
    assert {len(vector) for vector in fresh.values()} == {NEW.dimensions}
    assert move(database, tenant, encoder) == (0, 0)


def test_what_is_served_has_the_old_vectors_until_the_switch_and_only_new_ones_after(database, tenant):
    with database.write() as connection:
        tenants.set_encoder(connection, tenant, make.ENCODER)
        live = make.store_live(connection, tenant, make.audience("sales"))

    def served():
        with database.read() as connection:
            [found] = articles.approved(connection, tenant, tenants.get(connection, tenant).encoder)
        assert found.id == live.id
        return len(found.vector)

    lengths = []
    before = used(database, tenant)
    assert move(database, tenant, Watched(lambda: lengths.append(served()))) == (1, 0)
    assert lengths == [8]
    assert served() == NEW.dimensions
    assert before == make.ENCODER


def test_a_run_that_broke_off_goes_on_where_it_was(database, tenant):
    bring_in(database, tenant, 7)
    broken = Watched()

    def breaks():
        if broken.read.total() > 3:
            raise MemoryError

    broken.meanwhile = breaks
    with pytest.raises(MemoryError):
        move(database, tenant, broken)
    assert used(database, tenant) == OLD.digest
    assert len(vectors(database, tenant, NEW)) == 3
    assert move(database, tenant) == (4, 7)


KILLED = """
import os, signal, sys
from catalog.database import Database
from tests.ingest.test_embed import OPTIONS, Watched, move
left = int(sys.argv[3])
def meanwhile():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
print(*move(Database(sys.argv[1]).of(sys.argv[2]), sys.argv[2], Watched(meanwhile)))
"""


def test_kill_9_loses_nothing_and_nothing_is_read_twice(database, tenant):
    made = bring_in(database, tenant, 8)
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, url, tenant]
    for after in (0, 1, 1):
        assert subprocess.run([*command, str(after)], check=False).returncode == -signal.SIGKILL
        assert used(database, tenant) == OLD.digest
    assert len(vectors(database, tenant, NEW)) == 6
    done = subprocess.run([*command, "9"], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["2", "8"]
    assert used(database, tenant) == NEW.digest
    assert set(vectors(database, tenant, NEW)) == {article.id for article in made}


def test_what_a_worker_enriches_with_the_old_encoder_meanwhile_is_moved_too(database, tenant):
    bring_in(database, tenant, 2)
    arrivals = iter([1, 1, 1])
    encoder = Watched(lambda: bring_in(database, tenant, next(arrivals, 0)))
    assert embed(database, tenant, encoder, OPTIONS, lambda _: None) == 5
    late = []

    class Slow(Taggers):
        def tags(self, found):
            if not late:
                late.extend(bring_in(database, tenant, 2))
            return super().tags(found)

    assert switch(database, tenant, encoder, Slow(NEW), OPTIONS, lambda _: None) == 7
    assert set(vectors(database, tenant, NEW)) == set(vectors(database, tenant, OLD))
    assert tags(database, tenant, late[0])["topic"] == ("by-96", Origin.MACHINE)


def test_a_worker_with_the_old_encoder_stops_and_what_it_had_is_not_lost(database, tenant):
    bring_in(database, tenant, 1)
    lease = timedelta(minutes=5)

    class Overtaken:
        digest, dimensions = OLD.digest, OLD.dimensions

        def encode(self, texts, progress=None):
            move(database, tenant)
            return OLD.encode(texts)

    fresh = make.article()
    with database.write() as connection:
        articles.save(connection, tenant, fresh)
    with pytest.raises(OtherEncoder, match="sluis embed --all"):
        enrich(database, tenant, Overtaken(), Taggers(OLD), OPTIONS, lambda: NOW, lambda _: None)
    assert fresh.id not in vectors(database, tenant, OLD)
    done = enrich(database, tenant, NEW, Taggers(NEW), OPTIONS, lambda: NOW + 2 * lease, lambda _: None)
    assert done.articles_tagged == 1
    assert len(vectors(database, tenant, NEW)) == 2


def test_an_article_that_is_revised_meanwhile_gets_no_vector_of_its_old_text(database, tenant):
    [known] = bring_in(database, tenant, 1)

    def revised():
        with database.write() as connection:
            assert articles.revise(connection, tenant, known, make.article(text="Other words."))

    assert embed(database, tenant, Watched(revised), OPTIONS, lambda _: None) == 1
    assert vectors(database, tenant, NEW) == vectors(database, tenant, OLD) == {}
    assert move(database, tenant) == (0, 0)


def test_what_persons_and_sources_said_stays_and_what_is_decided_is_left_alone(database, tenant):
    waiting, approved = bring_in(database, tenant, 2)
    with database.write() as connection:
        articles.move(connection, tenant, approved, State.APPROVED, live_from=NOW)
        articles.move(connection, tenant, waiting, State.IN_REVIEW)
        reviews.add(connection, tenant, make.decision(waiting.id, action=Action.EDIT, changes={"theme": {}, "old": {}}))
        reviews.add(connection, tenant, make.decision(waiting.id, action=Action.ROUTE, at=NOW + timedelta(seconds=1)))
        emptied = {"kind": {"before": ["by-64"], "after": []}}
        edit = make.decision(waiting.id, action=Action.EDIT, at=NOW + timedelta(seconds=2), changes=emptied)
        reviews.add(connection, tenant, edit)
        articles.replace_tags(connection, tenant, waiting.id, [], "kind")
        articles.replace_tags(connection, tenant, waiting.id, [Tag("topic", "water", 1.0, Origin.PERSON)], "topic")
        articles.replace_tags(connection, tenant, waiting.id, [Tag("theme", "delta", 1.0, Origin.SOURCE)], "theme")
        audiences.replace(connection, tenant, approved.id, make.audience("sales"), Origin.PERSON, NOW)
    assert move(database, tenant) == (2, 1)
    assert tags(database, tenant, waiting) == {
        "topic": ("water", Origin.PERSON),
        "theme": ("delta", Origin.SOURCE),
        "function": ("by-96", Origin.MACHINE),
    }
    assert tags(database, tenant, approved)["topic"] == ("by-64", Origin.MACHINE)


def test_old_vectors_are_dropped_only_when_asked(database, tenant):
    bring_in(database, tenant, 3)
    move(database, tenant)
    with database.write() as connection:
        assert embeddings.by_encoder(connection, tenant) == {OLD.digest: 3, NEW.digest: 3}
        assert embeddings.drop_others(connection, tenant, NEW.digest) == 3
        assert embeddings.by_encoder(connection, tenant) == {NEW.digest: 3}
        assert embeddings.count_missing(connection, tenant, OLD.digest) == 3


def test_two_at_once_do_no_harm(database, tenant):
    bring_in(database, tenant, 5)
    rest = iter([lambda: embed(database, tenant, NEW, OPTIONS, lambda _: None)])
    assert embed(database, tenant, Watched(lambda: next(rest, lambda: None)()), OPTIONS, lambda _: None) == 3
    assert len(vectors(database, tenant, NEW)) == 5


def test_an_organisation_without_articles_can_choose_its_encoder(database, tenant):
    assert move(database, tenant) == (0, 0)
    assert used(database, tenant) == NEW.digest


def test_no_transaction_is_open_while_the_encoder_reads(sqlite_database, tenant):
    bring_in(sqlite_database, tenant, 2)

    def writes():
        with sqlite_database.write() as connection:  # waits in vain where another write is open
            tenants.touch(connection, tenant)

    assert move(sqlite_database, tenant, Watched(writes)) == (2, 2)


def test_a_vector_that_was_missing_is_seen_by_whoever_serves_at_once(database, tenant):
    bring_in(database, tenant, 1)
    with database.write() as connection:
        embeddings.drop_others(connection, tenant, "none")
        before = tenants.get(connection, tenant).content_version
    assert embed(database, tenant, OLD, OPTIONS, lambda _: None) == 1
    with database.read() as connection:
        assert tenants.get(connection, tenant).content_version > before
