"""`sluis library`: what it finds and prints, and what it says where it cannot."""

import json

import pytest

from catalog import tenants
from tests import make


@pytest.fixture
def library(shell):
    """Three articles, two of them of one story."""
    shell("init")
    with shell.database.write() as connection:
        tenants.set_encoder(connection, shell.tenant, make.ENCODER)
        given = [("De gemalen [bold]", "s1", 1), ("Een gemaal", "s1", 2), ("De brug", "s2", 3)]
        made = [
            make.store_live(connection, shell.tenant, None, seed=seed, title=title, story_id=story * 18, language="nl")
            for title, story, seed in given
        ]
    return {article.title: article.id for article in made}


def test_words_are_found_in_any_form_and_a_story_once(shell, library):
    code, printed, said = shell.call("library", "search", "gemaal")
    assert code == 0
    assert "words alone" in said
    [_, row] = printed.splitlines()
    assert "gema" in row
    assert "+1" in row
    assert row.split()[-1] == "words"


def test_a_program_gets_json(shell, library):
    found = json.loads(shell("library", "search", "bruggen", "--json"))
    assert [each["article"]["title"] for each in found["found"]] == ["De brug"]
    assert "words alone" in found["note"]


def test_filters_narrow_what_is_found(shell, library):
    for filters in (
        ["--language", "en"],
        ["--state", "rejected"],
        ["--tag", "topic=sport"],
        ["--until", "2020-01-01"],
        ["--internal"],
    ):
        assert "Nothing found" in shell("library", "search", "brug", *filters)
    both = ["--tag", "topic=labour", "--since", "2020-01-01", "--external", "--state", "approved"]
    assert "De brug" in shell("library", "search", "brug", *both)


def test_what_is_typed_is_words_and_no_syntax(shell, library):
    assert "De brug" in shell("library", "search", 'brug" OR (*', "NEAR", "🚢")
    assert "De brug" in shell("library", "search", "🚢")


def test_similar_articles_mark_the_same_story(shell, library):
    rows = shell("library", "similar", library["Een gemaal"][:8]).splitlines()[1:]
    assert len(rows) == 2
    [same] = [row for row in rows if "= De gemalen [bold] +1" in row]
    assert same.split()[-1] == "meaning"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["similar", "zzz"], "no article has an id"),
        (["search", "x", "--tag", "topic=labor"], "near to it are"),
        (["search", "x", "--tag", "topic="], "names no concept"),
        (["search", "x", "--language", "Dutch"], "two letters"),
        (["search", "x", "--source", "nowhere"], "source list"),
        (["search", "x", "--since", "0001-01-01"], "out of range"),
    ],
)
def test_a_mistake_is_named_in_one_line(shell, library, words, says):
    assert says in shell.fails("library", *words)
