"""Pins: who may set them on what, what stays on record, and that nobody sees more for it. On both databases."""

from datetime import timedelta

import pytest

from catalog import articles, audiences, pins, reviews, tenants
from catalog.errors import Invalid
from catalog.records import Action, State
from curation import pinning
from curation.pinning import NotPinned, pin, unpin
from curation.review import AskedBlind, Desk, Reviewer, Role
from curation.states import NotPossible
from tests import make
from tests.make import NOW

ANNE, PAUL = Reviewer("Anne"), Reviewer("Paul", Role.EXPERT)
DAY = timedelta(days=1)
SALES = make.audience("sales")


@pytest.fixture
def connection(database):
    with database.write() as opened:
        yield opened


@pytest.fixture
def desk(connection, tenant):
    return Desk(connection, tenant, NOW)


@pytest.fixture
def article(connection, tenant):
    return make.store_live(connection, tenant, SALES).id


def test_who_pinned_what_when_and_until_when_is_on_record(desk, connection, tenant, article):
    decision = pin(desk, article, PAUL, until=NOW + DAY, must_read=True, reason="fire drill")
    (held,) = pins.holding(connection, tenant)
    assert (held.article_id, held.pinned_by, held.pinned_at) == (article, "Paul (expert)", NOW)
    assert (held.until, held.must_read, held.reason) == (NOW + DAY, True, "fire drill")
    assert reviews.of_article(connection, tenant, article) == [decision]
    assert (decision.action, decision.before, decision.after) == (Action.PIN, State.APPROVED, State.APPROVED)
    assert decision.changes == {"until": (NOW + DAY).isoformat(), "must_read": True}
    assert audiences.get(connection, tenant, article) == SALES


def test_at_every_version_of_the_catalogue_it_is_known_what_was_pinned(desk, connection, tenant, article):
    def version():
        return tenants.get(connection, tenant).content_version

    before = version()
    pin(desk, article, ANNE, until=NOW + DAY)
    first = version()
    pin(Desk(connection, tenant, NOW + DAY / 2), article, PAUL, until=NOW + 3 * DAY, must_read=True)
    second = version()
    unpin(Desk(connection, tenant, NOW + DAY), article, ANNE, reason="enough")
    assert before < first < second < version()
    held = list(pins.every(connection, tenant))
    assert [[each.until for each in held if each.held(at)] for at in (before, first, second, version())] == [
        [],
        [NOW + DAY],
        [NOW + 3 * DAY],
        [],
    ]
    assert [(each.ended_by, each.ended_at) for each in held] == [
        ("Paul (expert)", NOW + DAY / 2),
        ("Anne (curator)", NOW + DAY),
    ]
    assert pins.holding(connection, tenant) == []


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.LEGAL_REVIEW, State.REJECTED, State.WITHDRAWN, State.TAGGED])
def test_only_what_is_approved_can_be_pinned(desk, connection, tenant, article, state):
    articles.move(connection, tenant, articles.get(connection, tenant, article), state)
    with pytest.raises(NotPossible):
        pin(desk, article, ANNE, until=NOW + DAY)
    assert pins.holding(connection, tenant) == []


def test_a_moment_that_is_past_is_refused(desk, article):
    with pytest.raises(Invalid, match="still to come"):
        pin(desk, article, ANNE, until=NOW)


def test_what_is_asked_blind_tells_nothing_by_being_pinned(desk, article, monkeypatch):
    monkeypatch.setattr(Desk, "asked", lambda self, found: object())
    with pytest.raises(AskedBlind):
        pin(desk, article, ANNE, until=NOW + DAY)


def test_what_is_not_pinned_cannot_be_unpinned(desk, connection, tenant, article):
    with pytest.raises(NotPinned, match="sluis review pins"):
        unpin(desk, article, ANNE)
    pin(desk, article, ANNE, until=NOW + DAY)
    unpin(desk, article, ANNE)
    with pytest.raises(NotPinned):
        unpin(desk, article, ANNE)
    assert len(reviews.of_article(connection, tenant, article)) == 2


def test_the_list_says_what_has_an_effect(desk, connection, tenant):
    def stored(**given):
        return make.store_live(connection, tenant, SALES, **given).id

    plain, gone, back = stored(), stored(), stored()
    later = stored(live_from=NOW + DAY)
    for number, article in enumerate((plain, gone, back, later), start=1):
        pin(desk, article, ANNE, until=NOW + number * DAY)
    desk.withdraw(gone, ANNE, reason="wrong")
    articles.move(connection, tenant, articles.get(connection, tenant, back), State.IN_REVIEW)
    found = {each.article.id: each for each in pinning.pinned(connection, tenant)}
    assert list(found) == [plain, back, later]
    assert [each.effective(NOW) for each in found.values()] == [True, False, False]
    assert [each.effective(NOW + DAY) for each in found.values()] == [False, False, True]
    assert found[plain].audience == SALES
