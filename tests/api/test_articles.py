"""Articles handed in over HTTP: once per id, revised, taken back; and what bad requests get. On both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from catalog import articles, items, reviews, sources, tables, tenants
from catalog.hosts import Manners
from catalog.keys import Scope
from catalog.records import ItemState, SourceStatus, State
from curation.review import Desk, Reviewer
from tests import make
from tests.make import NOW

SAID = {"title": "New lock opens", "text": "The new lock opens on Monday.\nEverybody is welcome."}


class Caller:
    """A program that hands articles in."""

    def __init__(self, world):
        self.world = world
        self.header = world.header(Scope.CONTENT)

    def put(self, name, **given):
        body = {name: value for name, value in (SAID | given).items() if value is not None}
        return self.world.client.put(f"/v1/articles/ext:{name_of(name)}", json=body, headers=self.header)

    def get(self, name):
        return self.world.client.get(f"/v1/articles/ext:{name_of(name)}", headers=self.header)

    def delete(self, name, **query):
        return self.world.client.delete(f"/v1/articles/ext:{name_of(name)}", params=query, headers=self.header)


def name_of(name):
    return name.replace("?", "%3F").replace("#", "%23")


@pytest.fixture
def caller(world):
    return Caller(world)


def read(world, name, **given):
    """What the worker does with an item that waits: an article comes of it."""
    with world.database.write() as connection:
        claim = items.claim_due(connection, world.tenant, 10, NOW, timedelta(minutes=1), Manners(10))
        [row] = [row for row in claim.rows if row.key == name]
        if row.article_id is None:
            article = make.article(source_id=row.source_id, title=row.title, url=row.url, **given)
            assert articles.save(connection, world.tenant, article)
        else:
            article = articles.get(connection, world.tenant, row.article_id)
            assert articles.revise(connection, world.tenant, article, make.article(text=f"Other {name}"))
        items.end(connection, world.tenant, row.id, claim.token, ItemState.STORED, article.id)
        items.drop_document(connection, world.tenant, row.id)
        return article


def kept(world, table):
    with world.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_what_is_handed_in_waits_to_be_read_and_then_is_an_article(world, caller):
    answer = caller.put("cms/4711")
    assert (answer.status_code, answer.json()) == (
        202,
        {"external_id": "cms/4711", "status": "accepted", "state": "due", "article_id": None, "problem": None},
    )
    waiting = caller.get("cms/4711")
    assert (waiting.status_code, waiting.json()["code"]) == (404, "not_read_yet")
    article = read(world, "cms/4711")
    found = caller.get("cms/4711").json()
    assert (found["id"], found["title"], found["url"], found["barrier"]) == (article.id, SAID["title"], None, None)


def test_all_that_is_said_is_kept_for_the_reader(world, caller):
    said = {
        "url": "HTTPS://Acme.example/news/?utm_source=x",
        "author": "  Ann\u200b Bell ",
        "language": "nl",
        "published_at": "2026-03-01T10:00:00+01:00",
        "expires_at": "2026-04-01T00:00:00Z",
        "image_url": "https://acme.example/lock.jpg",
        "audience": {"function": ["sales"], "region": ["*"]},
        "tags": {"topic": ["labour"], "kind": []},
    }
    assert caller.put("full", **said).status_code == 202
    with world.database.read() as connection:
        found = items.handed_in(connection, world.tenant, "full").item
        assert items.document(connection, world.tenant, found.id).content.decode() == SAID["text"]
        source = sources.get(connection, world.tenant, found.source_id)
    assert (source.url, source.internal, source.title) == ("push:api", True, "Pushed by API")
    assert (found.url, found.author, found.language) == ("https://acme.example/news", "Ann Bell", "nl")
    assert found.published_at == NOW - timedelta(days=1)
    assert found.audience == make.audience("sales", region=["*"])
    assert found.tags == {"topic": {"labour"}, "kind": frozenset()}


def test_the_same_again_changes_nothing_and_other_content_revises(world, caller):
    caller.put("a")
    assert caller.put("a").json()["status"] == "unchanged"
    article = read(world, "a")
    assert caller.put("a").json() | {"problem": None} == {
        "external_id": "a",
        "status": "unchanged",
        "state": "stored",
        "article_id": article.id,
        "problem": None,
    }
    revised = caller.put("a", text="It opens on Tuesday.").json()
    assert (revised["status"], revised["state"], revised["article_id"]) == ("accepted", "due", article.id)
    assert caller.get("a").json()["id"] == article.id
    read(world, "a")
    with world.database.read() as connection:
        assert articles.get(connection, world.tenant, article.id).revision == 2
    assert (kept(world, tables.feed_items), kept(world, tables.documents)) == (1, 0)


@pytest.mark.parametrize(
    "change", [{"title": "B"}, {"author": "Ann"}, {"audience": {"function": ["*"]}}, {"html": "x", "text": None}]
)
def test_whatever_is_said_otherwise_is_a_change(caller, change):
    caller.put("a")
    assert caller.put("a", **change).json()["status"] == "accepted"
    assert caller.put("a", **change).json()["status"] == "unchanged"


def test_what_is_taken_back_before_it_was_read_comes_to_nothing(world, caller):
    caller.put("a")
    gone = {"article_id": None, "external_id": "a", "state": "withdrawn"}
    for _ in range(2):
        answer = caller.delete("a")
        assert (answer.status_code, answer.json()) == (200, gone)
    assert kept(world, tables.documents) == 0
    told = caller.get("a").json()
    assert (told["code"], told["detail"]) == ("no_article", "no article came of a: it was withdrawn before it was read")
    again = caller.put("a")
    assert (again.status_code, again.json()["code"]) == (409, "withdrawn")
    assert "another id" in again.json()["detail"]


@pytest.mark.parametrize("state", [State.EXTRACTED, State.TAGGED, State.IN_REVIEW, State.APPROVED])
def test_an_article_can_be_taken_back_from_wherever_it_is(world, caller, state):
    caller.put("a")
    article = read(world, "a", state=state)
    answer = caller.delete("a", reason="figures were wrong")
    assert answer.json() == {"article_id": article.id, "external_id": "a", "state": "withdrawn"}
    assert caller.delete("a").json() == answer.json()
    assert caller.get("a").json()["state"] == "withdrawn"
    with world.database.read() as connection:
        [line] = reviews.of_article(connection, world.tenant, article.id)
    assert (line.actor, line.before, line.reason) == ("test (key)", state, "figures were wrong")
    assert caller.put("a", text="They are right now.").json()["code"] == "withdrawn"


def test_taking_back_wins_over_a_reading_under_way(world, caller):
    caller.put("a")
    with world.database.write() as connection:
        claim = items.claim_due(connection, world.tenant, 1, NOW, timedelta(minutes=1), Manners(10))
    assert caller.delete("a").json()["state"] == "withdrawn"
    with pytest.raises(Exception, match="taken over"), world.database.write() as connection:
        items.end(connection, world.tenant, claim.rows[0].id, claim.token, ItemState.STORED, None)


def test_taking_back_wins_over_an_enrichment_under_way(world, caller):
    caller.put("a")
    article = read(world, "a")
    with world.database.write() as connection:
        token = articles.claim_extracted(connection, world.tenant, 1, NOW, timedelta(minutes=1)).token
    caller.delete("a")
    found = {"language": "en", "story_id": None, "encoder": make.ENCODER, "vector": make.unit(1), "tags": []}
    with pytest.raises(Exception, match="taken over"), world.database.write() as connection:
        articles.finish_enrichment(connection, world.tenant, article.id, token, **found)
    assert caller.get("a").json()["state"] == "withdrawn"


def test_what_a_curator_rejected_takes_no_new_version_and_is_taken_back_quietly(world, caller):
    caller.put("a")
    article = read(world, "a", state=State.IN_REVIEW)
    with world.database.write() as connection:
        Desk(connection, world.tenant, NOW).reject(article.id, Reviewer("Anne"), reason="off topic")
    assert caller.put("a").json()["status"] == "unchanged"
    refused = caller.put("a", text="Something else.")
    assert (refused.status_code, refused.json()["code"]) == (409, "rejected")
    assert caller.delete("a").json()["state"] == "rejected"


@pytest.mark.parametrize("reason", ["a\0b", "\x1b[2J", "two\nlines", "x" * 501])
def test_a_reason_that_cannot_be_shown_is_refused_and_nothing_is_taken_back(world, caller, reason):
    caller.put("a")
    sales = f"/v1/articles/{world.meant['sales'].id}"
    answers = [
        caller.delete("a", reason=reason),
        world.client.delete(sales, params={"reason": reason}, headers=caller.header),
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert "reason: " in answer.json()["detail"]
        assert "\x1b" not in answer.text
    assert caller.get("a").json()["code"] == "not_read_yet"
    assert world.client.get(sales, headers=caller.header).json()["state"] == "approved"


def test_our_own_ids_can_be_withdrawn_too(world, caller):
    path = f"/v1/articles/{world.meant['sales'].id}"
    for _ in range(2):
        answer = world.client.delete(path, headers=caller.header)
        assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    assert "For sales" not in {item["article"]["title"] for item in world.feed(world.seller).json()["items"]}
    assert world.client.delete(f"/v1/articles/{world.seller.id}", headers=caller.header).status_code == 404


def test_what_could_not_be_read_says_why_and_is_tried_again(world, caller):
    caller.put("a")
    with world.database.write() as connection:
        claim = items.claim_due(connection, world.tenant, 1, NOW, timedelta(minutes=1), Manners(10))
        told = {"last_error": "a: no words in it"}
        items.end(connection, world.tenant, claim.rows[0].id, claim.token, ItemState.FAILED, None, **told)
    missing = caller.get("a").json()
    assert missing["code"] == "no_article"
    assert "no words in it" in missing["detail"]
    assert caller.put("a").json()["status"] == "accepted"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"title": None}, "title"),
        ({"title": "\u200b"}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"text": None}, "exactly one"),
        ({"html": "<p>x</p>"}, "exactly one"),
        ({"text": " \n"}, "empty"),
        ({"text": "a\0b"}, "NUL"),
        ({"text": "é" * 600_000}, "1 MB"),
        ({"text": 7}, "text"),
        ({"url": "ftp://acme.example/x"}, "web address"),
        ({"url": "javascript:alert(1)"}, "web address"),
        ({"image_url": "data:image/png;base64,x"}, "web address"),
        ({"language": "Dutch"}, "language"),
        ({"published_at": "yesterday"}, "published_at"),
        ({"expires_at": "2026-03-01T00:00:00Z"}, "expires_at"),
        ({"audience": {"function": ["salez"]}}, "salez"),
        ({"audience": {"shoe": ["43"]}}, "shoe"),
        ({"audience": {"function": ["*", "sales"]}}, "everybody"),
        ({"audience": {"function": []}}, "function"),
        ({"audience": {"region": ["a\0"]}}, "printable"),
        ({"audience": {}}, "audience"),
        ({"tags": {"topic": ["labor"]}}, "labor"),
        ({"tags": {"mood": ["gay"]}}, "mood"),
        ({"source": "intranet"}, "sluis source add push:intranet"),
        ({"source": "suggestions"}, "name"),
        ({"source": "../api"}, "name"),
        ({"extra": 1}, "extra"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_kept(world, caller, wrong, says):
    answer = caller.put("a", **wrong)
    assert answer.status_code in (404, 422)
    assert says in answer.json()["detail"]
    assert (kept(world, tables.feed_items), kept(world, tables.documents)) == (0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": {f"facet{number}": ["labour"] for number in range(300_000)}},
        {"tags": {f"facet{number}": ["x" * 65] * 100 for number in range(20)}},
        {"audience": {f"axis{number}": ["sales"] for number in range(21)}},
        {"tags": {"x" * 5_000_000: ["labour"]}},
        {"tags": {"topic": ["x" * 5_000_000]}},
        {"title": "x" * 5_000_000},
        {f"field{number}": 1 for number in range(300_000)},
    ],
)
def test_however_much_is_wrong_the_answer_is_short(caller, wrong):
    answer = caller.put("a", **wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert 1 <= len(answer.json()["errors"]) <= 20
    assert len(answer.content) < 5000


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"published_at": "2026-03-02"}, "published_at: say the time zone, as in 2026-03-02T10:01:00+01:00"),
        ({"expires_at": "2026-03-02T10:00"}, "expires_at: say the time zone, as in 2026-03-02T10:01:00+01:00"),
        ({"published_at": "soon"}, "published_at: write a moment, as in 2026-03-02T10:01:00+01:00"),
        ({"mood": 1}, "mood: there is no such field"),
        ({"language": "Dutch"}, "language: write two small letters"),
        ({"title": 7}, "title: write it as text"),
    ],
)
def test_what_is_malformed_is_said_with_its_remedy(caller, wrong, says):
    assert says in caller.put("a", **wrong).json()["detail"]


def test_a_field_that_is_missing_is_named(world, caller):
    answer = world.client.put("/v1/articles/ext:a", json={"text": "x"}, headers=caller.header)
    assert answer.json()["detail"] == "body.title: it is needed"
    assert answer.json()["errors"] == [{"where": "body.title", "what": "it is needed"}]


@pytest.mark.parametrize("text", ['"\\ud800"', '"a\\ud800b"'])
def test_half_a_character_is_refused(world, caller, text):
    header = caller.header | {"Content-Type": "application/json"}
    for body in (f'{{"title": {text}, "text": "x"}}', f'{{"title": "x", "text": {text}}}', f"{{{text}: 1}}"):
        answer = world.client.put("/v1/articles/ext:a", content=body.encode(), headers=header)
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a b", "é/ü", "%00"[1:], "a?b#c", "%", "'; drop table", "x" * 200]
)
def test_any_printable_id_is_one_id(caller, name):
    spelled = name.replace("%", "%25").replace("../", "..%2F")
    assert caller.put(spelled).json()["external_id"] == name
    assert caller.put(spelled).json()["status"] == "unchanged"
    assert caller.delete(spelled).json()["external_id"] == name


@pytest.mark.parametrize("name", ["", "%00", "a%0Ab", "%1b[2J", "%20", "x" * 201, "%E2%80%AE", "%ff%fe"])
def test_other_ids_are_refused(world, caller, name):
    answer = caller.put(name)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {answer.status_code, caller.get(name).status_code, caller.delete(name).status_code} <= {404, 405, 422}
    assert kept(world, tables.feed_items) == 0


def test_one_id_belongs_to_one_source(world, caller):
    with world.database.write() as connection:
        sources.add(connection, world.tenant, make.source(url="push:intranet", internal=True))
    assert caller.put("a", source="intranet").status_code == 202
    other = caller.put("a")
    assert (other.status_code, other.json()["code"]) == (409, "other_source")
    assert "push:intranet" in other.json()["detail"]


def test_a_source_takes_what_its_curators_allow(world, caller):
    allowed = make.source(url="push:intranet", daily_cap=2)
    with world.database.write() as connection:
        sources.add(connection, world.tenant, allowed)
    answers = [caller.put(name, source="intranet").status_code for name in ("a", "b", "a", "c")]
    assert answers == [202, 202, 202, 409]
    with world.database.write() as connection:
        sources.change(connection, world.tenant, allowed.id, status=SourceStatus.PAUSED)
    paused = caller.put("a", source="intranet", text="Again.")
    assert (paused.status_code, paused.json()["code"]) == (409, "source_closed")


def test_many_at_once_make_one_item_per_id(world, caller):
    """The source is made by one of them, each item by one, and nobody gets an error."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda turn: caller.put(f"id-{turn % 3}").json()["status"], range(24)))
    assert (answers.count("accepted"), answers.count("unchanged")) == (3, 21)
    assert (kept(world, tables.feed_items), kept(world, tables.documents), kept(world, tables.sources)) == (3, 3, 1)


def test_handing_in_and_taking_back_at_once_ends_in_one_of_both(world, caller):
    caller.put("a")

    def act(turn):
        answer = caller.delete("a") if turn % 4 == 3 else caller.put("a", text=f"Version {turn}")
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(act, range(24))) <= {200, 202, 409}
    assert caller.put("a").json()["code"] == "withdrawn"


def test_without_the_scope_nothing_is_taken(world, caller):
    for header, status in (({}, 401), (world.header(Scope.RECOMMEND), 403)):
        caller.header = header
        answers = (caller.put("a"), caller.get("a"), caller.delete("a"))
        assert {answer.status_code for answer in answers} == {status}


def test_another_organisation_has_its_own_ids(world, caller):
    caller.put("a")
    globex = type(world.tenant)("globex")
    other = replace(world, tenant=globex, database=world.database.of(globex))
    with other.database.write() as connection:
        tenants.ensure(connection, other.tenant, "Globex", NOW)
    stranger = Caller(other)
    assert stranger.get("a").json()["code"] == "not_found"
    assert stranger.delete("a").status_code == 404
    assert stranger.put("a").json()["status"] == "accepted"


@pytest.mark.parametrize("told", [True, False])
def test_a_request_without_end_is_cut_off_before_anybody_asks_for_a_key(world, told):
    long = b" " * 9_000_000 if told else (b" " * 1_000_000 for _ in range(100))
    answer = world.client.put("/v1/articles/ext:a", content=long, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "8 MB" in answer.json()["detail"]


def test_many_are_handed_in_at_once_and_each_stands_for_itself(world):
    header = world.header(Scope.CONTENT)
    good = {"external_id": "a/1", "title": "A title", "text": "Some words that make an article of it all."}
    both, unknown = {"external_id": "a/2", "html": "<p>x</p>"}, {"external_id": "a/3", "tags": {"kind": ["x"]}}
    batch = [good, good | both, good | unknown]
    for expected in ("accepted", "unchanged"):
        answer = world.client.post("/v1/articles:batch", json={"articles": batch}, headers=header)
        assert answer.status_code == 202
        told = [(each["status"], each["code"]) for each in answer.json()["results"]]
        assert told == [(expected, None), ("refused", "invalid"), ("refused", "unknown_tag")]
    missing = world.client.get("/v1/articles/ext:a/1/audience", headers=header)
    assert missing.json()["code"] == "not_read_yet"
    assert world.client.get("/v1/articles/ext:a/2", headers=header).json()["code"] == "not_found"


def test_the_vocabulary_can_be_read(world):
    told = world.client.get("/v1/taxonomy", headers=world.header(Scope.CONTENT)).json()["facets"]
    assert {"topic", "function", "kind"} <= set(told)
    assert all(set(concept["labels"]) >= {"nl", "en"} for concepts in told.values() for concept in concepts)
