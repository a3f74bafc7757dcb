"""`sluis review show` says why, with what there is to say it with."""

import json

import pytest

from catalog import articles
from catalog.clock import utcnow
from catalog.records import Origin, State, Tag
from models.hashing import HashingEncoder
from models.manifest import TAGGERS
from models.registry import Registry
from sluis.settings import Settings
from sluis.wiring import House
from tests import make
from tests.answering import answers, fresh_socket
from tests.vocabulary import ENCODER, TEXT, WORDS, taggers


@pytest.fixture
def socket(monkeypatch):
    path = fresh_socket()
    monkeypatch.setenv("SLUIS_ENCODER_SOCKET", str(path))
    return path


@pytest.fixture
def candidate(shell, socket):
    """An article that waits, tagged by the taggers in use."""
    shell("init")
    learned = taggers()
    registry = Registry(shell.folder / "artefacts")
    made = registry.add(TAGGERS, learned.to_files(), facts={}, metrics={}, now=utcnow())
    registry.promote(TAGGERS, made.name)
    with shell.database.write() as connection:
        near = {"encoder": ENCODER.digest, "vector": ENCODER.encode([TEXT])[0]}
        own = make.store_live(connection, shell.tenant, make.audience("sales"), title="Our seller signs", **near)
        articles.replace_tags(connection, shell.tenant, own.id, [Tag("function", "sales", 1.0, Origin.PERSON)])
        stored = make.store_live(connection, shell.tenant, None, title="Council meets", text=TEXT, lead="", **near)
        said = [*learned.tags(near["vector"][None])[0], Tag("topic", "labour", 0.9, tagger="older")]
        articles.replace_tags(connection, shell.tenant, stored.id, said)
        articles.move(connection, shell.tenant, stored, State.IN_REVIEW, live_from=None)
    return stored.id


def test_without_an_encoder_the_examples_stand_there_and_how_to_get_the_sentence(shell, candidate):
    shown = shell("review", "show", candidate)
    assert f'like the example "{WORDS["function", "sales"]}"' in shown
    assert 'like your article "Our seller signs" (1.00)' in shown
    assert "said most clearly" not in shown
    assert "while 'sluis work' or 'sluis encode' runs" in shown
    assert "zolang 'sluis work' of 'sluis encode' draait" in shell("review", "show", candidate, "--language", "nl")


def test_with_one_the_sentence_stands_there_too(shell, candidate, socket):
    with answers(ENCODER, path=socket):
        shown = shell("review", "show", candidate)
        dutch = shell("review", "show", candidate, "--language", "nl")
        told = json.loads(shell("review", "show", candidate, "--json"))["reasons"]
    assert 'said most clearly by "A seller gave the customer a quotation' in shown
    assert "runs" not in shown
    assert 'het duidelijkst in de zin "A seller gave' in dutch
    [sales] = [tag for tag in told["tags"] if tag["facet"] == "function"]
    assert (sales["concept"], len(sales["examples"]), sales["as_a_whole"]) == ("sales", 2, False)
    assert sales["sentence"]["probability"] > 0.5


def test_a_tag_of_other_taggers_is_not_explained_with_these(shell, candidate):
    told = json.loads(shell("review", "show", candidate, "--json"))["reasons"]["tags"]
    assert "topic" not in {tag["facet"] for tag in told}


def test_another_encoder_is_not_asked_for_sentences(shell, candidate, socket):
    with answers(HashingEncoder(64), path=socket):
        assert "another encoder answers" in shell("review", "show", candidate)


def test_what_there_is_to_doubt_is_told(shell, candidate):
    with shell.database.write() as connection:
        short = make.store_live(connection, shell.tenant, None, text="Few words.", language="pl")
        articles.move(connection, shell.tenant, short, State.IN_REVIEW, live_from=None)
    shown = shell("review", "show", short.id)
    assert "! less than 40 words" in shown
    assert "! the vocabulary has no examples in this language" in shown


def test_damaged_taggers_keep_nobody_from_reviewing(shell, candidate):
    (shell.folder / "signing.key").unlink()
    assert "restore it from a backup" in shell("review", "show", candidate).replace("\n", " ")


def test_a_wrong_token_is_told_where_it_matters(shell, socket, monkeypatch, caplog):
    house = House(Settings(), shell.database)
    with answers(ENCODER, path=socket, token="t" * 32):
        assert house.remote_encoder() is None
    assert "SLUIS_ENCODER_TOKEN" in caplog.text
    monkeypatch.setenv("SLUIS_ENCODER_TOKEN", "t" * 32)
    with answers(ENCODER, path=socket, token="t" * 32):
        found = House(Settings(), shell.database).remote_encoder()
        assert found is not None
        assert found.digest == ENCODER.digest
