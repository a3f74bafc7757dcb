"""A key that may say for whom an article is, without a curator; legal and mistrust still count."""

from datetime import timedelta

import pytest

from catalog import articles, audiences, items, reviews, sources
from catalog.hosts import Manners
from catalog.keys import Scope
from catalog.records import Action, ItemState, Origin, State, Trust
from curation.labels import Subject, lessons
from curation.policy import PolicyOptions
from curation.review import Desk
from tests import make
from tests.make import NOW

SAID = {
    "title": "New lock opens",
    "text": "The new lock opens on Monday. Everybody is welcome.",
    "audience": {"function": ["sales"]},
    "approve": True,
}
SALES = make.audience("sales")


@pytest.fixture
def put(world):
    def send(*scopes, **said):
        header = world.header(Scope.CONTENT, *scopes)
        return world.client.put("/v1/articles/ext:cms/1", json=SAID | said, headers=header)

    return send


def work(world, *, said=SALES, trust=Trust.NORMAL, **given):
    """What the worker makes of it: an article that was read, tagged and sent on."""
    with world.database.write() as connection:
        claim = items.claim_due(connection, world.tenant, 10, NOW, timedelta(minutes=1), Manners(10))
        [row] = claim.rows
        sources.change(connection, world.tenant, row.source_id, trust=trust)
        read = make.store_live(connection, world.tenant, None, seed=7, source_id=row.source_id, **given)
        items.end(connection, world.tenant, row.id, claim.token, ItemState.STORED, read.id)
        audiences.replace(connection, world.tenant, read.id, said, Origin.SOURCE, NOW - timedelta(minutes=1))
        articles.move(connection, world.tenant, read, State.TAGGED, live_from=None)
        went = Desk(connection, world.tenant, NOW).route_tagged(PolicyOptions())
        trail = reviews.of_article(connection, world.tenant, read.id)
        return went, articles.get(connection, world.tenant, read.id), trail


def test_it_goes_live_and_the_trail_names_the_key(world, put):
    assert put(Scope.APPROVE).status_code == 202
    went, article, trail = work(world)
    assert went == {Action.APPROVE: 1}
    assert (article.state, article.live_from) == (State.APPROVED, NOW)
    assert [(line.action, line.actor) for line in trail] == [
        (Action.ROUTE, "machine"),
        (Action.APPROVE, "test (key)"),
    ]
    assert article.id in str(world.feed(world.seller).json())
    assert article.id not in str(world.feed(world.engineer).json())
    assert lessons(trail, {article.id: Subject("s", "en", article.revision)}) == []


def test_legal_still_signs(world, put):
    put(Scope.APPROVE)
    _, article, _ = work(world, internal=True, text="These figures are confidential until Monday.")
    assert (article.state, article.needs_legal) == (State.LEGAL_REVIEW, True)
    assert article.id not in str(world.feed(world.seller).json())


@pytest.mark.parametrize("given", [{"trust": Trust.LOW}, {"said": make.audience("engineering")}])
def test_mistrust_and_another_audience_go_before_a_curator(world, put, given):
    put(Scope.APPROVE)
    went, article, _ = work(world, **given)
    assert (went, article.state) == ({Action.ROUTE: 1}, State.IN_REVIEW)


def test_without_approve_a_curator_decides(world, put):
    put(Scope.APPROVE, approve=False)
    assert work(world)[0] == {Action.ROUTE: 1}


@pytest.mark.parametrize(
    ("scopes", "said", "status", "code"),
    [
        ((), {}, 403, "forbidden"),
        ((Scope.CURATE, Scope.ADMIN), {}, 403, "forbidden"),
        ((Scope.APPROVE,), {"audience": None}, 422, "no_audience"),
        ((Scope.APPROVE,), {"audience": {"region": ["*"]}}, 422, "no_audience"),
    ],
)
def test_what_may_not_be_approved_is_refused(world, put, scopes, said, status, code):
    answer = put(*scopes, **said)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with world.database.read() as connection:
        assert items.handed_in(connection, world.tenant, "cms/1") is None


def test_an_approval_is_another_version_of_the_same_words(put):
    assert put(approve=False).json()["status"] == "accepted"
    assert put(Scope.APPROVE).json()["status"] == "accepted"
    assert put(Scope.APPROVE).json()["status"] == "unchanged"


def test_of_many_only_the_one_that_may_not_is_refused(world):
    plain = {"external_id": "a/1", **SAID, "approve": False}
    batch = {"articles": [plain, plain | {"external_id": "a/2", "approve": True}]}
    answer = world.client.post("/v1/articles:batch", json=batch, headers=world.header(Scope.CONTENT))
    told = [(each["status"], each["code"]) for each in answer.json()["results"]]
    assert told == [("accepted", None), ("refused", "forbidden")]
