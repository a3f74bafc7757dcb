"""Taggers that learn from a house's own decisions, end to end: from the audit trail to tags of what waits."""

import pytest

from catalog import articles, tenants
from catalog.clock import utcnow
from catalog.errors import NotFound
from catalog.records import State
from curation.review import Desk, Reviewer
from models.manifest import TAGGERS
from models.registry import Registry
from sluis import learning
from sluis.learning import Apprentice, TooFewDecisions
from sluis.settings import Settings
from sluis.wiring import open_house
from tests import make, vocabulary
from tests.vocabulary import ENCODER

ANNE = Reviewer("Anne")
SPOKEN = {"sales": "barge quay mooring", "legal": "tide gate paddle"}
"""What this organisation says where the vocabulary has other words."""


@pytest.fixture
def house(tmp_path):
    opened = open_house(Settings(data_dir=tmp_path))
    with opened.database.write() as connection:
        tenants.set_encoder(connection, opened.tenant, ENCODER.digest)
    return opened


def fitted(house):
    registry: Registry = house.registry
    known = vocabulary.taggers()
    facts = {"encoder": known.encoder, "taxonomy": known.taxonomy}
    made = registry.add(TAGGERS, known.to_files(), facts=facts, metrics={}, now=utcnow())
    registry.promote(TAGGERS, made.name)
    return made


def put(connection, house, number, function):
    text = f"{SPOKEN[function]} number {number}"
    stored = make.store_live(
        connection, house.tenant, None, title=text, encoder=ENCODER.digest, vector=ENCODER.encode([text])[0]
    )
    articles.move(connection, house.tenant, stored, State.IN_REVIEW, live_from=None)
    return stored.id


def decide(house, count):
    with house.database.write() as connection:
        desk = Desk(connection, house.tenant, make.NOW)
        for number in range(count):
            function = ("sales", "legal")[number % 2]
            desk.approve(put(connection, house, number, function), ANNE, audience=make.audience(function))


def test_without_taggers_or_decisions_it_says_what_is_missing(house):
    with pytest.raises(NotFound, match="sluis enrich"):
        learning.learn(house, "Anne", lambda _: None)
    fitted(house)
    with pytest.raises(TooFewDecisions, match="0 decisions to learn from"):
        learning.learn(house, "Anne", lambda _: None)


def test_decisions_teach_and_what_waits_is_tagged_again(house):
    before = fitted(house)
    decide(house, 240)
    with house.database.write() as connection:
        waiting = put(connection, house, 1000, "legal")
    learned = learning.learn(house, "Anne", lambda _: None)
    assert learned.promoted, learned.reason
    assert house.promoted_taggers().version == f"test-1+{house.promoted_taggers().version.partition('+')[2]}"
    with house.database.read() as connection:
        found = articles.tags_of(connection, house.tenant, [waiting])[waiting]
    assert [tag.concept for tag in found if tag.facet == "function" and tag.probability > 0.5] == ["legal"]
    assert house.registry.rollback(TAGGERS).name == before.name


def test_a_worker_learns_by_itself_and_not_twice_from_the_same(house):
    fitted(house)
    decide(house, 240)
    Apprentice(house).look()
    assert len(house.registry.manifests(TAGGERS)) == 2
    Apprentice(house).look()
    assert len(house.registry.manifests(TAGGERS)) == 2
