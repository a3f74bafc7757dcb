"""The library over HTTP: found, filtered, one per story; and what bad requests get. On both databases."""

import pytest

from catalog import articles
from catalog.ids import ArticleId, new_id
from catalog.keys import Scope
from curation.librarian import NO_ENCODER, NO_WORDS
from tests import make


@pytest.fixture
def ask(world):
    header = world.header(Scope.CONTENT)
    return lambda path="", **query: world.client.get(f"/v1/articles{path}", params=query, headers=header)


def titles(answer):
    assert answer.status_code == 200, answer.text
    return [item["article"]["title"] for item in answer.json()["items"]]


def test_articles_are_found_by_their_words_with_all_that_is_known_of_them(world, ask):
    answer = ask(q="sales")
    assert titles(answer) == ["For sales"]
    [item] = answer.json()["items"]
    assert (item["found_by"], item["others"], item["same_story"]) == (["words"], 0, False)
    alone = world.client.get(f"/v1/articles/{item['article']['id']}", headers=world.header(Scope.CONTENT)).json()
    assert item["article"] == alone
    assert alone["audience"] == {"function": ["sales"]}
    assert answer.json()["note"] == NO_ENCODER


def test_without_a_question_the_newest_come(ask):
    answer = ask(limit=2)
    assert len(titles(answer)) == 2
    assert answer.json()["note"] == NO_WORDS
    assert answer.json()["items"][0]["found_by"] == []


def test_filters_narrow_what_is_found(world, ask):
    assert len(titles(ask(q="for sales engineering"))) == 2
    assert titles(ask(q="sales", language="nl")) == titles(ask(q="sales", state="rejected")) == []
    assert titles(ask(q="sales", internal=True)) == titles(ask(q="sales", tag="topic=sport")) == []
    assert titles(ask(q="sales", tag=["topic=labour", "topic=sport"])) == ["For sales"]
    assert titles(ask(q="sales", until="2020-01-01T00:00:00Z")) == titles(ask(q="sales", source=new_id())) == []
    assert titles(ask(q="sales", since="2020-01-01T00:00:00Z", state=["approved", "tagged"])) == ["For sales"]


def test_similar_articles_come_by_meaning_and_tell_which_is_the_same_story(world, ask):
    with world.database.write() as connection:
        story = ArticleId(new_id())
        twins = [
            make.store_live(connection, world.tenant, None, seed=seed, story_id=story, title=f"Twin {seed}")
            for seed in (7, 8)
        ]
    answer = ask(f"/{twins[0].id}/similar", limit=10)
    assert set(titles(answer)) == {"Twin 8", "For sales", "For engineering", "For *"}
    same = [item["article"]["title"] for item in answer.json()["items"] if item["same_story"]]
    assert same == ["Twin 8"]
    assert {item["others"] for item in answer.json()["items"]} == {0, 1}


def test_what_has_no_vector_yet_is_refused_with_the_remedy(world, ask):
    fresh = make.article()
    with world.database.write() as connection:
        articles.save(connection, world.tenant, fresh)
    refused = ask(f"/{fresh.id}/similar")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_enriched")
    assert "sluis enrich" in refused.json()["detail"]
    assert ask(f"/{new_id()}/similar").status_code == 404


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"q": "x" * 1001}, "q: it is too long"),
        ({"language": "Dutch"}, "language: write two small letters"),
        ({"state": "lost"}, "state.0: use one of"),
        ({"tag": "labour"}, "tag.0: "),
        ({"tag": "topic=labor"}, "near to it are"),
        ({"tag": "mood=gay"}, "there is no facet"),
        ({"tag": ["topic=labour"] * 21}, "tag: too many: at most 20"),
        ({"since": "yesterday"}, "since: write a moment"),
        ({"limit": "-1"}, "limit: at least 1"),
        ({"limit": "101"}, "limit: at most 100"),
        ({"source": "../x"}, "source: it is no id"),
    ],
)
def test_bad_requests_name_the_field(ask, query, says):
    refused = ask(**query)
    assert refused.status_code == 422
    assert says in refused.json()["detail"]


@pytest.mark.parametrize("q", ['"', "a\0b", "'; --", "* AND (", "🚢"])
def test_no_question_is_an_error(ask, q):
    assert ask(q=q).status_code == 200


def test_only_a_key_for_content_may_look(world):
    header = world.header(Scope.RECOMMEND)
    for path in ("", f"/{new_id()}/similar"):
        assert world.client.get(f"/v1/articles{path}", headers=header).status_code == 403
