"""Decisions at the desk: who may see what afterwards, and what the audit trail says. On both databases."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import articles, audiences, people, reviews, slates, taxonomy, tenants
from catalog.articles import StateChanged
from catalog.errors import Forbidden, Invalid, NotFound
from catalog.records import FUNCTION, Action, Origin, State, Tag
from catalog.taxonomy import NobodysFunction
from curation import audit, queue
from curation.audience import NoAudience, parse, propose
from curation.candidates import Candidate
from curation.policy import PolicyOptions, route
from curation.review import Desk, Reviewer, Role
from curation.states import NotPossible
from tests import make
from tests.make import NOW

ANNE, LAWYER = Reviewer("Anne"), Reviewer("Lex", Role.LEGAL)
SALES = make.audience("sales")


@pytest.fixture
def connection(database):
    with database.write() as opened:
        yield opened


@pytest.fixture
def desk(connection, tenant):
    return Desk(connection, tenant, NOW)


@pytest.fixture
def put(connection, tenant):
    """Store an article in a state, with the functions that the tagger found."""

    def store(state=State.IN_REVIEW, functions=("sales",), **given):
        stored = make.store_live(connection, tenant, None, tags={"function": dict.fromkeys(functions, 0.8)}, **given)
        articles.move(connection, tenant, stored, state, live_from=None)
        return stored.id

    return store


def state_of(connection, tenant, article):
    return articles.get(connection, tenant, article).state


def test_tagged_articles_go_to_a_person_and_delicate_ones_to_legal_as_well(desk, connection, tenant, put):
    plain = put(State.TAGGED, internal=True)
    delicate = put(State.TAGGED, internal=True, text="These figures are Price-Sensitive until Monday.")
    abroad = put(State.TAGGED, internal=False, text="The lawsuit goes on.")
    assert desk.route_tagged(PolicyOptions()) == {Action.ROUTE: 3}
    assert desk.route_tagged(PolicyOptions()) == {}
    for article, legal in ((plain, False), (delicate, True), (abroad, False)):
        found = articles.get(connection, tenant, article)
        assert (found.state, found.needs_legal) == (State.IN_REVIEW, legal)


def test_a_legal_word_is_a_whole_word():
    found = Candidate(make.article(internal=True, text="We unembargoed nothing."))
    assert not route(found, None, (FUNCTION,), PolicyOptions()).needs_legal


def test_approval_opens_the_article_to_its_audience_and_says_so_in_the_trail(desk, connection, tenant, put):
    article = put()
    decision = desk.approve(article, ANNE, audience=SALES, reason="good")
    found = articles.get(connection, tenant, article)
    assert (found.state, found.live_from) == (State.APPROVED, NOW)
    assert audiences.get(connection, tenant, article) == SALES
    assert reviews.of_article(connection, tenant, article) == [decision]
    assert (decision.actor, decision.changes["audience"]) == ("Anne (curator)", {"function": ["sales"]})


def test_without_a_word_the_proposal_of_the_tags_holds(desk, connection, tenant, put):
    article = put(functions=("sales", "executive"))
    desk.approve(article, ANNE)
    assert audiences.get(connection, tenant, article) == make.audience("sales", "executive")


def test_unclear_tags_need_a_person_to_name_the_audience(desk, connection, tenant, put):
    article = put(functions=())
    with pytest.raises(NoAudience, match="--audience function=VALUE"):
        desk.approve(article, ANNE)
    assert state_of(connection, tenant, article) is State.IN_REVIEW


def test_what_the_sources_owner_said_comes_before_the_tags(desk, connection, tenant, put):
    article = put(functions=("sales",))
    audiences.replace(connection, tenant, article, make.audience("engineering"), Origin.SOURCE, NOW)
    desk.approve(article, ANNE)
    assert audiences.get(connection, tenant, article) == make.audience("engineering")


def test_every_hard_axis_must_be_said(desk, connection, tenant, put):
    tenants.set_hard_axes(connection, tenant, ("function", "unit"))
    article = put()
    with pytest.raises(NoAudience, match="unit"):
        desk.approve(article, ANNE, audience=SALES)
    desk.approve(article, ANNE, audience=make.audience("sales", unit=["*"]))
    assert state_of(connection, tenant, article) is State.APPROVED


def test_legal_signs_and_nothing_is_live_from_before_the_signature(desk, connection, tenant, put):
    article = put()
    desk.approve(article, ANNE, audience=SALES, needs_legal=True)
    assert state_of(connection, tenant, article) is State.LEGAL_REVIEW
    with pytest.raises(Forbidden, match="role legal"):
        desk.sign(article, ANNE)
    later = Desk(connection, tenant, NOW + timedelta(hours=2))
    later.sign(article, LAWYER)
    found = articles.get(connection, tenant, article)
    assert (found.state, found.live_from) == (State.APPROVED, later.now)


def test_only_legal_can_let_something_pass_without_legal(desk, connection, tenant, put):
    article = put(needs_legal=True)
    with pytest.raises(Forbidden, match="pass legal by"):
        desk.approve(article, ANNE, audience=SALES, needs_legal=False)
    decision = desk.approve(article, LAWYER, audience=SALES, needs_legal=False)
    assert (decision.after, decision.changes["needs_legal"]) == (State.APPROVED, False)


def test_another_audience_than_legal_signed_for_goes_back_to_legal(desk, connection, tenant, put):
    article = put(needs_legal=True)
    desk.approve(article, ANNE, audience=SALES)
    desk.sign(article, LAWYER)
    desk.edit(article, ANNE, tags={"topic": frozenset({"labour"})})
    assert state_of(connection, tenant, article) is State.APPROVED
    desk.edit(article, ANNE, audience=make.audience("*"))
    assert state_of(connection, tenant, article) is State.LEGAL_REVIEW


def test_what_was_read_is_what_is_approved(desk, connection, tenant, put):
    article = put()
    seen = articles.get(connection, tenant, article)
    assert articles.revise(connection, tenant, seen, make.article(text="Another text"))
    assert not articles.revise(connection, tenant, seen, make.article(text="A third text"))
    articles.move(connection, tenant, articles.get(connection, tenant, article), State.IN_REVIEW)
    with pytest.raises(StateChanged, match="revision 2"):
        desk.approve(article, ANNE, audience=SALES, revision=seen.revision)


def test_an_embargo_outlives_the_signature(desk, connection, tenant, put):
    article, monday = put(), NOW + timedelta(days=3)
    desk.approve(article, ANNE, audience=SALES, needs_legal=True, live_from=monday)
    desk.sign(article, LAWYER)
    found = articles.get(connection, tenant, article)
    assert (found.state, found.live_from) == (State.APPROVED, monday)


def test_expiry_must_come_after_the_opening(desk, put):
    with pytest.raises(Invalid, match="before it goes live"):
        desk.approve(put(), ANNE, audience=SALES, expires_at=NOW)


def test_refusing_takes_a_reason_and_is_final(desk, connection, tenant, put):
    article = put()
    with pytest.raises(Invalid, match="--reason"):
        desk.reject(article, ANNE, reason=" ")
    desk.reject(article, ANNE, reason="off topic")
    with pytest.raises(NotPossible):
        desk.approve(article, ANNE, audience=SALES)
    assert state_of(connection, tenant, article) is State.REJECTED


@pytest.mark.parametrize("said", ["a\0b", "\x1b[31m", "two\nlines", "x" * 501])
def test_what_cannot_be_shown_in_a_terminal_is_no_reason_and_no_name(desk, connection, tenant, put, said):
    article = put()
    with pytest.raises(Invalid, match="reason: "):
        desk.approve(article, ANNE, audience=SALES, reason=said)
    with pytest.raises(Invalid, match="name: "):
        Reviewer(said)
    assert reviews.of_article(connection, tenant, article) == []
    assert state_of(connection, tenant, article) is State.IN_REVIEW


def test_a_live_article_can_be_withdrawn(desk, connection, tenant, put):
    article = put()
    desk.approve(article, ANNE, audience=SALES)
    desk.withdraw(article, ANNE, reason="a mistake in it")
    assert state_of(connection, tenant, article) is State.WITHDRAWN


def test_an_edit_replaces_the_tags_of_a_facet_and_keeps_what_was_there_in_the_trail(desk, connection, tenant, put):
    article = put(functions=("sales",))
    decision = desk.edit(article, ANNE, tags={"function": frozenset({"engineering"})})
    (tag,) = articles.tags_of(connection, tenant, [article])[article]
    assert (tag.concept, tag.probability, tag.origin) == ("engineering", 1.0, Origin.PERSON)
    assert decision.changes == {"revision": 1, "function": {"before": ["sales"], "after": ["engineering"]}}
    assert decision.action is Action.EDIT
    with pytest.raises(Invalid, match="nothing to change"):
        desk.edit(article, ANNE)


def test_two_curators_at_once_and_the_second_is_told(desk, connection, tenant, put):
    article = put()
    seen = articles.get(connection, tenant, article)
    desk.reject(article, ANNE, reason="off topic")
    with pytest.raises(StateChanged):
        articles.move(connection, tenant, seen, State.APPROVED)


def test_a_decision_needs_a_name():
    with pytest.raises(Invalid, match="--by"):
        Reviewer("  ")


def test_the_queue_shows_what_waited_longer_first_with_what_the_machine_would_do(connection, tenant, put):
    newer = put(created_at=NOW - timedelta(days=1))
    older = put(created_at=NOW - timedelta(days=2), functions=())
    entries = queue.waiting(connection, tenant, NOW)
    assert [entry.article.id for entry in entries] == [older, newer]
    assert [entry.proposed for entry in entries] == [None, SALES]
    assert queue.entry(connection, tenant, newer[:13]).article.id == newer
    with pytest.raises(NotFound, match="review list"):
        queue.entry(connection, tenant, "zzz")
    with pytest.raises(NotFound, match="2 articles have"):
        queue.entry(connection, tenant, "")


def test_an_audience_is_read_from_words():
    words = taxonomy.load()
    assert parse(["function=sales", "function=executive", "unit=Sluizen"], words) == make.audience(
        "sales", "executive", unit=["Sluizen"]
    )
    assert parse(["function=*"], words) == make.audience("*")
    for wrong in (["sales"], ["function="], ["shoe=43"], ["function=salez"], ["function=*", "function=sales"]):
        with pytest.raises(Invalid):
            parse(wrong, words)
    assert propose([], (FUNCTION,)) is None
    with pytest.raises(NobodysFunction, match=r"function=\*"):
        parse(["function=everyone"], words)


@pytest.mark.parametrize(
    ("chances", "expected"),
    [
        ({}, None),
        ({"sales": 0.4}, None),
        ({"sales": 0.6, "executive": 0.5, "finance-accounting": 0.3}, make.audience("sales", "executive")),
        ({"everyone": 0.4}, None),
        ({"everyone": 0.6}, make.audience("*")),
        ({"everyone": 0.6, "sales": 0.6}, make.audience("*")),
        ({"everyone": 0.6, "sales": 0.7}, SALES),
        ({"everyone": 0.4, "sales": 0.7}, SALES),
    ],
)
def test_likely_functions_are_proposed_and_everybody_where_that_is_likeliest(chances, expected):
    assert propose([Tag("function", function, chance) for function, chance in chances.items()], (FUNCTION,)) == expected


@given(st.dictionaries(st.sampled_from(["everyone", "sales", "executive", "procurement"]), st.floats(0, 1)))
def test_everyone_is_never_a_value_of_a_proposed_audience(chances):
    proposed = propose([Tag("function", function, chance) for function, chance in chances.items()], (FUNCTION,))
    assert proposed is None or "everyone" not in proposed.axes["function"]


def test_the_audit_finds_what_should_not_have_been_served(connection, tenant, put, desk):
    person = make.employee("sales")
    people.upsert(connection, tenant, [person])
    meant, other = put(seed=1), put(seed=2)
    desk.approve(meant, ANNE, audience=SALES)
    desk.approve(other, ANNE, audience=make.audience("engineering"))
    slates.save(connection, tenant, make.slate(person.id, [meant]))
    assert audit.isolation(connection, tenant).violations == []
    wrong = make.slate(person.id, [meant, other])
    slates.save(connection, tenant, wrong)
    found = audit.isolation(connection, tenant)
    assert (found.slates, found.items) == (2, 3)
    assert [(v.slate_id, v.article_id, v.axes) for v in found.violations] == [(wrong.id, other, ("function",))]


def test_an_audience_narrowed_later_does_not_make_the_past_wrong(connection, tenant, put, desk):
    person, article = make.employee("sales"), put()
    people.upsert(connection, tenant, [person])
    desk.approve(article, ANNE, audience=SALES)
    slates.save(connection, tenant, make.slate(person.id, [article]))
    Desk(connection, tenant, NOW + timedelta(hours=1)).edit(article, ANNE, audience=make.audience("engineering"))
    assert audit.isolation(connection, tenant).violations == []


def test_a_hard_axis_added_later_does_not_make_the_past_wrong(connection, tenant, put, desk):
    person, article = make.employee("sales"), put()
    people.upsert(connection, tenant, [person])
    desk.approve(article, ANNE, audience=SALES)
    slates.save(connection, tenant, make.slate(person.id, [article]))
    tenants.set_hard_axes(connection, tenant, ("function", "unit"))
    assert audit.isolation(connection, tenant).violations == []
