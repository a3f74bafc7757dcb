"""`POST /v1/tags`: what any text would get, why, and a clear word where it cannot be had."""

from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.dependencies import Services
from catalog import articles, certificates, keys, taxonomy, tenants
from catalog.ids import CertificateId, new_id
from catalog.keys import Scope
from catalog.records import Origin, Tag
from catalog.vocabulary import Vocabularies
from curation import passing
from ingest.remote import NotReadNow, Told, Unreadable
from models.certificate import Certificate, CertificateOptions, Part, upper_bound
from models.hashing import HashingEncoder
from models.remote import Address, Exchange, RemoteEncoder
from tests import make
from tests.answering import answers, fresh_socket
from tests.make import NOW
from tests.vocabulary import ENCODER, TEXT, WORDS, taggers

DUTCH = (
    "De gemeenteraad kwam in de ochtend bij elkaar. Een verkoper gaf de klant een offerte met korting voordat het "
    "contract werd getekend. Schepen voeren de hele dag door de sluis, terwijl ingenieurs naar de deuren keken en "
    "maten hoe ver die bewegen. In de avond draaide de wind naar het westen, en het water steeg een hand."
)


@dataclass
class Desk:
    """Somebody who asks for tags."""

    services: Services
    key: str

    def ask(self, body: Any = None, *, but: dict[str, Any] | None = None, **query: Any):
        app = create_app(replace(self.services, **(but or {})))
        client = TestClient(app, raise_server_exceptions=False)
        asked = {"text": TEXT} if body is None else body
        return client.post("/v1/tags", json=asked, params=query, headers={"Authorization": f"Bearer {self.key}"})

    def refused(self, status: int, body: Any = None, **given: Any) -> dict[str, Any]:
        answer = self.ask(body, **given)
        assert answer.status_code == status, answer.text
        assert ("retry-after" in answer.headers) == (status == 503)
        return answer.json()


def refuse(_url: str) -> Told:
    raise Unreadable("http://10.0.0.1/: 10.0.0.1 is not a public address: only public addresses are read")


@pytest.fixture
def desk(sqlite_database, tenant):
    with sqlite_database.write() as connection:
        key = keys.create(connection, tenant, "test", frozenset({Scope.CONTENT}), NOW).text
    services = Services(
        database=sqlite_database,
        taxonomy=Vocabularies(taxonomy.load()).taxonomy,
        clock=lambda: NOW,
        feeds={}.__getitem__,
        taggers=taggers,
        encoder=lambda: ENCODER,
        read=refuse,
        certificates=CertificateOptions(),
        librarians={}.__getitem__,
        exporter=None,
        registry=None,
    )
    return Desk(services, key)


def test_a_text_gets_tags_an_audience_and_the_state_of_the_certificate(desk):
    found = desk.ask({"text": TEXT, "title": "Seller signs customer", "language": "en"}).json()
    assert [tag["concept"] for tag in found["tags"]["function"]] == ["sales"]
    assert found["tags"]["function"][0]["label"] == "Sales"
    assert 0.5 < found["tags"]["function"][0]["probability"] <= 1
    assert found["audience"] == {"function": ["sales"]}
    assert found["certificate"] == {"state": "none", "line": None}
    assert (found["language"], found["confidence"], found["warnings"]) == ("en", "normal", [])
    assert (found["tagger"], found["encoder"], found["url"]) == ("test-1", ENCODER.digest, None)


def test_each_tag_says_which_example_it_is_like_and_which_sentence_carried_it(desk):
    [sales] = desk.ask().json()["tags"]["function"]
    [example] = sales["reasons"]["examples"]
    assert example["text"] == WORDS["function", "sales"]
    assert -1 <= example["likeness"] < 1
    assert example["article_id"] is None
    assert sales["reasons"]["sentence"]["text"].startswith("A seller gave the customer")
    assert sales["reasons"]["sentence"]["probability"] > sales["probability"]
    assert len(sales["reasons"]["text"]) == 2


def test_an_approved_article_that_a_person_gave_the_tag_is_an_example_too(desk, tenant):
    with desk.services.database.write() as connection:
        near = {"encoder": ENCODER.digest, "vector": ENCODER.encode([TEXT])[0]}
        own = make.store_live(connection, tenant, make.audience("sales"), title="Our seller signs", **near)
        articles.replace_tags(connection, tenant, own.id, [Tag("function", "sales", 1.0, Origin.PERSON)])
        said = {"function": {"sales": 1.0}}
        make.store_live(connection, tenant, make.audience("sales"), title="A machine said so", tags=said, **near)
    [sales] = desk.ask().json()["tags"]["function"]
    first = sales["reasons"]["examples"][0]
    assert (first["text"], first["article_id"]) == ("Our seller signs", own.id)
    assert first["likeness"] > 0.5


def test_labels_reasons_and_warnings_come_in_dutch_too(desk):
    found = desk.ask({"text": "Seller gave the customer a discount"}, language="nl").json()
    assert found["tags"]["function"][0]["label"] == "Verkoop"
    assert found["tags"]["function"][0]["reasons"]["text"][0].startswith("lijkt op het voorbeeld")
    assert found["warnings"][0]["text"].startswith("minder dan")


def test_all_concepts_are_told_where_they_are_asked_for_with_reasons_for_those_worth_storing(desk):
    found = desk.ask(all=True).json()["tags"]
    assert {facet: len(tags) for facet, tags in found.items()} == {"function": 2, "kind": 2, "good_for": 2}
    assert [(tag["stored"], tag["reasons"] is None) for tag in found["function"]] == [(True, False), (False, True)]


def test_without_reasons_only_the_passage_is_encoded(desk):
    class Counting(HashingEncoder):
        texts = 0

        def encode(self, texts, progress=None):
            self.texts += len(texts)
            return super().encode(texts, progress)

    counting = Counting(512)
    found = desk.ask(reasons=False, but={"encoder": lambda: counting}).json()
    assert counting.texts == 1
    assert found["tags"]["function"][0]["reasons"] is None


def test_a_certificate_is_shown(desk, tenant):
    bound = upper_bound(400, 0, 0.975)
    with desk.services.database.write() as connection:
        tenants.set_certifying(connection, tenant, NOW, "Anne")
        about = passing.basis(connection, tenant, taggers())
        english = Part("en", 0.9, 800, 400, 0, bound, 0.975)
        made = Certificate(0.01, 0.95, about, (english,), (), since=NOW, until=NOW, made_at=NOW)
        kept = certificates.Kept(CertificateId(new_id()), NOW, "Anne", made.to_bytes().decode())
        certificates.add(connection, tenant, kept)
    english, dutch = ({"text": TEXT, "language": language} for language in ("en", "nl"))
    proven = "0 of 400 wrong: at most 0.92%, passes from 0.9"
    assert desk.ask(english).json()["certificate"] == {"state": "valid", "line": proven}
    assert desk.ask(dutch).json()["certificate"] == {"state": "none", "line": None}
    with desk.services.database.write() as connection:
        certificates.lapse(connection, tenant, kept.id, "too many errors", NOW)
    lapsed = f"lapsed on {NOW:%Y-%m-%d %H:%M}: too many errors"
    assert desk.ask(english).json()["certificate"] == {"state": "lapsed", "line": lapsed}


# --- texts as they come


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"text": ""}, {"empty"}),
        ({"text": " \n\t .,;"}, {"empty"}),
        ({"text": "", "title": "Seller signs a customer"}, {"short"}),
        ({"text": "Ten words about a lock that opens in the morning."}, {"short"}),
        ({"text": f"{TEXT}\n" + " ".join(f"word{place}" for place in range(10_000)), "language": "en"}, {"long"}),
        ({"text": "sales discount customer deal " * 200, "language": "en"}, {"repetitive"}),
        ({"text": "水位" * 5000, "language": "zh"}, {"short", "language"}),
        ({"text": TEXT, "language": "pl"}, {"language"}),
        ({"text": f"{TEXT}\n{DUTCH}", "language": "en"}, {"mixed"}),
        ({"text": "x" * 1_000_000}, {"short"}),
        ({"text": f"{TEXT} \x00\u202e\ufeff", "language": "en"}, set()),
    ],
)
def test_whatever_the_text_there_is_an_answer_and_it_says_what_to_doubt(desk, body, codes):
    answer = desk.ask(body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert codes <= {warning["code"] for warning in found["warnings"]}
    assert found["confidence"] == ("low" if found["warnings"] else "normal")
    assert bool(codes) == bool(found["warnings"])


def test_no_words_no_tags(desk):
    found = desk.ask({"text": "..."}, all=True).json()
    assert (found["tags"], found["audience"], found["language"]) == (
        {"function": [], "kind": [], "good_for": []},
        None,
        None,
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"title": "only a title"}, 422),
        ({"text": TEXT, "url": "https://news.example/1"}, 422),
        ({"url": "https://news.example/1", "title": "mine"}, 422),
        ({"url": ""}, 422),
        ({"url": "https://news.example/" + "x" * 3000}, 422),
        ({"text": 7}, 422),
        ({"text": TEXT, "language": "english"}, 422),
        ({"text": TEXT, "lang": "en"}, 422),
        ({"text": "x" * 1_000_001}, 422),
        ({"text": "x" * 9_000_000}, 413),
        ([TEXT], 422),
    ],
)
def test_what_cannot_be_meant_is_refused(desk, body, status):
    desk.refused(status, body)


def test_half_a_character_is_refused(desk):
    client = TestClient(create_app(desk.services), raise_server_exceptions=False)
    headers = {"Authorization": f"Bearer {desk.key}", "Content-Type": "application/json"}
    assert client.post("/v1/tags", content=b'{"text": "\\ud83d lock"}', headers=headers).status_code == 422


# --- addresses


def test_a_page_is_read_and_tagged(desk):
    told = Told("Seller signs", "", TEXT, "en", "https://news.example/1")
    found = desk.ask({"url": "https://news.example/1?utm_source=x"}, but={"read": lambda _: told}).json()
    assert (found["title"], found["url"], found["language"]) == ("Seller signs", "https://news.example/1", "en")
    assert found["audience"] == {"function": ["sales"]}


def test_a_refused_address_names_the_guards_reason(desk):
    found = desk.refused(422, {"url": "http://10.0.0.1/"})
    assert found["code"] == "unreadable"
    assert "10.0.0.1 is not a public address" in found["detail"]


def test_a_page_that_cannot_be_read_now_may_be_later(desk):
    def busy(_):
        raise NotReadNow("https://news.example/1: the server has trouble, we try later")

    assert desk.refused(503, {"url": "https://news.example/1"}, but={"read": busy})["code"] == "not_read_now"


# --- parts that are away


def test_without_taggers_it_says_how_to_get_them(desk):
    found = desk.refused(503, but={"taggers": lambda: None})
    assert found["code"] == "no_taggers"
    assert "sluis enrich" in found["detail"]


def test_without_an_encoder_it_says_what_to_start(desk):
    away = RemoteEncoder(Exchange(Address(fresh_socket())))
    found = desk.refused(503, but={"encoder": lambda: away})
    assert found["code"] == "encoder_away"
    assert "start 'sluis work' or 'sluis encode'" in found["detail"]


def test_over_a_real_socket_it_is_the_same(desk):
    with answers(ENCODER) as path:
        far = desk.ask(but={"encoder": lambda: RemoteEncoder(Exchange(Address(path)))}).json()
    assert far == desk.ask().json()


def test_no_more_wait_for_the_encoder_at_once_than_leave_room_for_others(desk, monkeypatch):
    places = BoundedSemaphore(1)
    monkeypatch.setattr("api.routes.tags._PLACES", places)
    with places:
        assert desk.refused(503)["code"] == "busy"
    assert desk.ask().status_code == 200
    assert desk.refused(422, {"url": "http://10.0.0.1/"})["code"] == "unreadable"
    assert desk.ask().status_code == 200


def test_vectors_of_another_encoder_are_never_given_to_these_heads(desk):
    found = desk.refused(503, but={"encoder": lambda: HashingEncoder(511)})
    assert found["code"] == "artefact_mismatch"
    assert "SLUIS_ENCODER" in found["detail"]
    same_size = HashingEncoder(512)
    same_size.digest = "0" * 64
    assert desk.refused(503, but={"encoder": lambda: same_size})["code"] == "artefact_mismatch"


def test_taggers_without_examples_still_tell_the_sentence(desk):
    [sales] = desk.ask(but={"taggers": lambda: replace(taggers(), exemplars=None)}).json()["tags"]["function"]
    assert sales["reasons"]["examples"] == []
    assert sales["reasons"]["sentence"]["text"].startswith("A seller")


def test_the_key_must_have_the_scope(desk, tenant):
    with desk.services.database.write() as connection:
        desk.key = keys.create(connection, tenant, "test", frozenset({Scope.RECOMMEND, Scope.EVENTS}), NOW).text
    assert desk.refused(403)["code"] == "forbidden"
