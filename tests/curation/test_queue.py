"""The queue: one entry per story, the others attached, and nothing that starves or vanishes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import articles, sources
from catalog.ids import ArticleId, SourceId, new_id
from catalog.records import State, Trust
from catalog.stories import Member
from curation import queue
from curation.review import Desk, Reviewer
from curation.stories import STANDING, fronts, representative
from tests import make
from tests.make import NOW

DAY = timedelta(days=1)
ANNE = Reviewer("Anne")
SALES = make.audience("sales")
ONE, TWO = SourceId(new_id()), SourceId(new_id())


def member(**given) -> Member:
    known = {
        "id": ArticleId(new_id()),
        "story_id": None,
        "source_id": None,
        "state": State.IN_REVIEW,
        "trust": Trust.NORMAL,
        "created_at": NOW - DAY,
        "published_at": NOW - 2 * DAY,
        "expires_at": None,
        "barrier": None,
        "words": 300,
    }
    return Member(**(known | given))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"state": State.APPROVED, "trust": Trust.LOW}, {"trust": Trust.HIGH}),
        ({"state": State.APPROVED}, {"state": State.LEGAL_REVIEW}),
        ({"state": State.LEGAL_REVIEW}, {"trust": Trust.HIGH}),
        ({"trust": Trust.HIGH, "barrier": "paywall"}, {"words": 900}),
        ({"trust": Trust.NORMAL, "words": 20}, {"trust": Trust.LOW}),
        ({"source_id": ONE, "published_at": NOW, "words": 20}, {"source_id": ONE}),
        ({"source_id": ONE, "published_at": NOW, "barrier": "paywall"}, {"source_id": ONE}),
        ({"words": 20}, {"barrier": "paywall"}),
        ({"words": 301, "published_at": NOW}, {}),
        ({"published_at": NOW - 3 * DAY, "source_id": ONE}, {"source_id": TWO}),
    ],
)
def test_the_better_article_stands_for_the_story(better, worse):
    one, other = member(**better), member(**worse)
    assert representative([one, other]) == representative([other, one]) == one.id


@given(
    st.lists(
        st.builds(
            member,
            story_id=st.sampled_from(["a", "b", None]),
            source_id=st.sampled_from([None, ONE, TWO]),
            state=st.sampled_from(STANDING),
            trust=st.sampled_from(Trust),
            published_at=st.sampled_from([NOW - DAY, NOW - 2 * DAY]),
            expires_at=st.sampled_from([None, NOW, NOW + DAY]),
            barrier=st.sampled_from([None, "paywall"]),
            words=st.sampled_from([10, 20]),
        ),
        max_size=8,
        unique_by=lambda each: each.id,
    )
)
def test_nothing_starves(members):
    shown = [front.member.id for front in fronts(members, NOW)]
    standing = {each.id: each for each in members if each.expires_at in (None, NOW + DAY)}
    assert len(set(shown)) == len(shown)
    assert all(standing[each].state is not State.APPROVED for each in shown)
    for each in standing.values():
        if each.state is State.LEGAL_REVIEW:
            assert each.id in shown
        elif each.state is State.IN_REVIEW and each.id not in shown:
            others = [other for other in standing.values() if each.story_id and other.story_id == each.story_id]
            assert any(other.state is State.APPROVED or other.id in shown for other in others)


@pytest.fixture
def connection(database):
    with database.write() as opened:
        yield opened


@pytest.fixture
def put(connection, tenant):
    """Store an article in a state."""

    def store(state=State.IN_REVIEW, **given):
        stored = make.store_live(connection, tenant, None, tags={"function": {"sales": 0.8}}, **given)
        articles.move(connection, tenant, stored, state, live_from=None)
        return stored.id

    return store


@pytest.fixture
def shown(connection, tenant):
    """Ids in the queue with the ids attached to each."""

    def look(now=NOW, **given):
        entries = queue.waiting(connection, tenant, now, **given)
        return {entry.article.id: [other.id for other in entry.attached] for entry in entries}

    return look


def test_a_story_is_one_entry_with_the_others_attached(connection, tenant, put, shown):
    trusted = make.source(trust=Trust.HIGH)
    sources.add(connection, tenant, trusted)
    story = ArticleId(new_id())
    copy = put(story_id=story, published_at=NOW - 3 * DAY)
    best = put(story_id=story, source_id=trusted.id)
    alone = put(published_at=NOW - 2 * DAY)
    assert shown() == {best: [copy], alone: []}
    assert list(shown()) == [best, alone]  # what several tell is worth a look sooner
    assert shown(everything=True) == {copy: [best], alone: [], best: [copy]}
    assert [each.id for each in queue.entry(connection, tenant, copy).attached] == [best]


def test_with_everything_each_stands_below_the_one_it_is_attached_to(connection, tenant, put):
    story = ArticleId(new_id())
    oldest = put(story_id=story, published_at=NOW - 4 * DAY)
    alone = put(published_at=NOW - 3 * DAY)
    trusted = make.source(trust=Trust.HIGH)
    sources.add(connection, tenant, trusted)
    front = put(story_id=story, source_id=trusted.id, published_at=NOW - 2 * DAY)
    entries = queue.waiting(connection, tenant, NOW, everything=True)
    assert [(each.article.id, each.front) for each in entries] == [(front, None), (oldest, front), (alone, None)]
    Desk(connection, tenant, NOW).approve(front, ANNE, audience=SALES)
    entries = queue.waiting(connection, tenant, NOW, everything=True)
    assert [(each.article.id, each.front) for each in entries] == [(oldest, front), (alone, None)]


def test_when_one_is_approved_the_others_stay_attached_until_it_is_withdrawn(connection, tenant, put, shown):
    story = ArticleId(new_id())
    first, second = (put(story_id=story, published_at=NOW - age * DAY) for age in (3, 2))
    desk = Desk(connection, tenant, NOW)
    desk.approve(first, ANNE, audience=SALES)
    assert shown() == {}
    assert shown(everything=True) == {second: [first]}
    assert shown(states=(State.APPROVED,)) == {first: [second]}
    desk.withdraw(first, ANNE, reason="wrong figures")
    assert shown() == {second: []}


def test_when_one_is_rejected_the_next_best_comes_forward(connection, tenant, put, shown):
    story = ArticleId(new_id())
    ids = [put(story_id=story, published_at=NOW - age * DAY) for age in (4, 3, 2)]
    for turn, article in enumerate(ids):
        assert shown() == {article: ids[turn + 1 :]}
        Desk(connection, tenant, NOW).reject(article, ANNE, reason="not for us")
    assert shown() == {}


def test_what_a_curator_let_through_waits_for_legal_and_holds_the_others_back(connection, tenant, put, shown):
    story = ArticleId(new_id())
    chosen, other = (put(story_id=story, published_at=NOW - age * DAY) for age in (2, 3))
    Desk(connection, tenant, NOW).approve(chosen, ANNE, audience=SALES, needs_legal=True)
    assert shown() == shown(states=(State.LEGAL_REVIEW,)) == {chosen: [other]}
    assert shown(states=(State.IN_REVIEW,)) == {}


def test_what_has_expired_is_archived_and_stands_for_nothing(connection, tenant, put, shown):
    story = ArticleId(new_id())
    short = put(story_id=story, expires_at=NOW + DAY, published_at=NOW - 3 * DAY)
    lasting = put(story_id=story, published_at=NOW - 2 * DAY)
    live = put(State.APPROVED, story_id=ArticleId(new_id()), expires_at=NOW + DAY)
    again = put(story_id=articles.get(connection, tenant, live).story_id)
    assert list(shown()) == [short]
    assert set(shown(NOW + DAY)) == {lasting, again}
    assert set(shown(NOW + DAY, everything=True)) == {short, lasting, again}
    entries = queue.waiting(connection, tenant, NOW + DAY, everything=True)
    assert {each.article.id: each.front for each in entries} == {lasting: None, short: lasting, again: None}


def test_the_limit_counts_stories(put, shown):
    story = ArticleId(new_id())
    first = put(story_id=story, published_at=NOW - 5 * DAY)
    for _ in range(3):
        put(story_id=story, published_at=NOW - 4 * DAY)
    second = put(published_at=NOW - 3 * DAY)
    assert list(shown(limit=2)) == [first, second]
