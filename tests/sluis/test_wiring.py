"""The house and the organisation's own words: who reads them again when, and who must not see what was borrowed."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from catalog.database import Database
from catalog.own_concepts import own_concept
from catalog.standards import BorrowedText
from curation.review import Reviewer
from curation.vocabulary import WordDesk
from models.hashing import HashingEncoder
from sluis import wiring
from sluis.settings import Settings
from sluis.wiring import House, open_house
from sluis.working import Enrichment
from tests import vocabulary
from tests.make import NOW

TITLES = ("Fish pass beside the lock", "Crane lifts deck without diesel", "Pumps shift to windy hours")
DELTA = own_concept("theme", "delta", labels={"nl": "Delta"}, examples={"nl": TITLES})
ESCO = BorrowedText("esco", "en", "function", "sales", "3322", "sells boats")


@pytest.fixture
def house(tmp_path):
    return open_house(Settings(data_dir=tmp_path))


def change(house, what):
    with house.database.write() as connection:
        what(WordDesk(connection, house.tenant, house.vocabularies.shipped, Reviewer("Anne"), NOW))


def test_a_house_knows_its_own_words_at_once(house):
    assert house.taxonomy is house.vocabularies.shipped
    change(house, lambda desk: desk.add(DELTA))
    assert list(house.taxonomy.facets["theme"]) == ["delta"]


def test_a_house_without_a_database_makes_none_to_read_words(tmp_path):
    settings = Settings(data_dir=tmp_path)
    house = House(settings, Database(settings.database))
    assert house.taxonomy is house.vocabularies.shipped
    assert not list(tmp_path.iterdir())


def test_a_worker_fits_again_when_the_words_have_changed_and_only_then(house, monkeypatch):
    fits = []

    def fit(words, encoder, progress):
        fits.append(words.digest)
        return replace(vocabulary.taggers(), encoder=encoder.digest, taxonomy=words.digest)

    monkeypatch.setattr(House, "encoder", lambda house: HashingEncoder())
    monkeypatch.setattr(wiring, "_fit", fit)
    enrichment = Enrichment(house)
    for _ in range(2):
        enrichment.run(lambda _: None)
    assert len(fits) == 1
    change(house, lambda desk: desk.add(DELTA))
    enrichment.run(lambda _: None)
    change(house, lambda desk: desk.rename("theme", "delta", {"nl": "Onze delta"}))
    enrichment.run(lambda _: None)
    assert len(set(fits)) == 3


def test_benchmarks_get_taggers_that_have_seen_no_borrowed_text(house, monkeypatch):
    asked = []
    monkeypatch.setattr(wiring, "_fit", lambda words, *_: asked.append(words))
    monkeypatch.setattr(House, "taggers", lambda house, *_: asked.append(house.taxonomy))
    for change_words in (lambda desk: None, lambda desk: desk.borrow("en", [ESCO])):
        change(house, change_words)
        house.unborrowed_taggers(HashingEncoder(), lambda _: nullcontext(lambda _: None))
        assert not asked[-1].concept("function", "sales").borrowed
    assert house.taxonomy.concept("function", "sales").borrowed == {"en": ("sells boats",)}
    assert len(asked) == 2
