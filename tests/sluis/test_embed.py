"""`sluis embed`: what it shows, what it does with --all, and that it says what to do next."""

import json

import pytest

from catalog import articles, tenants
from catalog.records import State, Tag
from models.hashing import HashingEncoder
from sluis.wiring import House
from tests import make

NEW = HashingEncoder(32)


class Taggers:
    def tags(self, vectors):
        return [[Tag("topic", "sport", 0.8)] for _ in vectors]


@pytest.fixture
def moved(shell, monkeypatch):
    """Two articles with vectors of the old encoder, one of which waits; the setting names another encoder."""
    monkeypatch.setattr(House, "encoder", lambda house: NEW)
    monkeypatch.setattr(House, "taggers", lambda house, encoder, progress: Taggers())
    shell("init")
    with shell.database.write() as connection:
        tenants.set_encoder(connection, shell.tenant, make.ENCODER)
        make.store_live(connection, shell.tenant, make.audience("sales"))
        waiting = make.store_live(connection, shell.tenant, None, seed=1)
        articles.move(connection, shell.tenant, waiting, State.IN_REVIEW, live_from=None)
    return waiting


def encoders(shell):
    return {row["encoder"]: row for row in json.loads(shell("embed", "--json"))["encoders"]}


def test_the_encoders_there_are_can_be_seen(shell, moved):
    [_, row] = shell("embed").splitlines()
    assert row.split() == [make.ENCODER[:12], "2", "0", "yes"]
    assert encoders(shell)[make.ENCODER] == {"encoder": make.ENCODER, "vectors": 2, "missing": 0, "in_use": True}


def test_all_moves_the_articles_and_names_the_setting(shell, moved):
    said = shell("embed", "--all", "--encoder", "other/model")
    assert "2 articles encoded, 1 that wait for a person tagged again, 0 old vectors dropped" in said
    assert "SLUIS_ENCODER=other/model" in said
    assert {row["encoder"]: row["in_use"] for row in encoders(shell).values()} == {
        make.ENCODER: False,
        NEW.digest: True,
    }
    with shell.database.read() as connection:
        assert [tag.concept for tag in articles.tags_of(connection, shell.tenant)[moved.id]] == ["sport"]


def test_again_there_is_nothing_left_but_what_is_asked_for(shell, moved):
    shell("embed", "--all")
    done = json.loads(shell("embed", "--all", "--drop-old", "--json"))
    assert (done["encoded"], done["retagged"], done["dropped"]) == (0, 0, 2)
    assert list(encoders(shell)) == [NEW.digest]


@pytest.mark.parametrize("words", [["--encoder", "other/model"], ["--drop-old"]])
def test_nothing_is_done_without_all(shell, moved, words):
    assert "add --all" in shell.fails("embed", *words)
    assert list(encoders(shell)) == [make.ENCODER]


def test_an_empty_house_says_what_to_do_next(shell):
    assert "sluis enrich" in shell("embed")
