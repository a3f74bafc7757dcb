"""Questions asked blind, certificates, and what readers did: kept and read back. On both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalog import articles, audits, certificates, events, response
from catalog.audits import Audit
from catalog.certificates import Kept
from catalog.ids import ArticleId, CertificateId, TenantId, new_id
from catalog.records import EventType, State
from catalog.response import Response
from tests import make
from tests.make import NOW

SALES = make.audience("sales")
HOUR = timedelta(hours=1)


@pytest.fixture
def connection(database):
    with database.write() as opened:
        yield opened


@pytest.fixture
def article(connection, tenant):
    return make.store_live(connection, tenant, SALES)


def test_a_question_is_asked_once_and_answered_once(connection, tenant, article):
    asked = Audit(article.id, 1, "en", NOW, CertificateId(new_id()), SALES)
    audits.draw(connection, tenant, asked)
    audits.draw(connection, tenant, replace(asked, drawn=make.audience("legal")))
    assert audits.unanswered(connection, tenant) == {article.id: asked}
    assert audits.unanswered(connection, tenant, [ArticleId(new_id())]) == {}
    audits.answer(connection, tenant, asked, SALES, False, NOW + HOUR)
    audits.answer(connection, tenant, asked, None, True, NOW + 2 * HOUR)
    answered = replace(asked, answered_at=NOW + HOUR, audience=SALES, wrong=False)
    assert audits.unanswered(connection, tenant) == {}
    assert audits.answered(connection, tenant) == [answered]
    assert audits.answered(connection, tenant, asked.certificate_id) == [answered]
    assert audits.answered(connection, tenant, CertificateId(new_id())) == []
    assert audits.answered(connection, TenantId("other")) == []


def test_another_wording_is_another_question_but_the_error_stands(connection, tenant, article):
    certificate = CertificateId(new_id())
    asked = Audit(article.id, 1, "en", NOW, certificate, SALES)
    audits.draw(connection, tenant, asked)
    audits.answer(connection, tenant, asked, None, True, NOW)
    fresh = replace(article, title="Corrected", digest="1" * 64, text="Another text")
    assert articles.revise(connection, tenant, article, fresh)
    assert audits.answered(connection, tenant) == []
    assert [each.wrong for each in audits.answered(connection, tenant, certificate)] == [True]
    again = replace(asked, revision=2)
    audits.draw(connection, tenant, again)
    assert audits.unanswered(connection, tenant) == {article.id: again}


def test_answers_come_in_the_order_they_were_given(connection, tenant):
    stored = [make.store_live(connection, tenant, SALES, seed=seed) for seed in range(3)]
    for place, each in enumerate(stored):
        asked = Audit(each.id, 1, "en", NOW)
        audits.draw(connection, tenant, asked)
        audits.answer(connection, tenant, asked, SALES, None, NOW - place * HOUR)
    assert [each.article_id for each in audits.answered(connection, tenant)] == [each.id for each in stored[::-1]]


def test_the_first_reason_of_a_lapse_stands(connection, tenant):
    older = Kept(CertificateId(new_id()), NOW, "Anne", "{}")
    newer = replace(older, id=CertificateId(new_id()), made_at=NOW + HOUR)
    for kept in (older, newer):
        certificates.add(connection, tenant, kept)
    certificates.lapse(connection, tenant, older.id, "too many errors", NOW)
    certificates.lapse(connection, tenant, older.id, "too old", NOW + HOUR)
    lapsed = replace(older, lapsed_at=NOW, lapse_reason="too many errors")
    assert certificates.every(connection, tenant) == [newer, lapsed]
    assert certificates.every(connection, TenantId("other")) == []


def test_the_surest_concept_per_article(connection, tenant):
    said = {"function": {"sales": 0.8, "legal": 0.3}, "topic": {"labour": 0.9}}
    clear = make.store_live(connection, tenant, SALES, tags=said)
    make.store_live(connection, tenant, SALES, tags={"topic": {"labour": 0.9}}, seed=1)
    assert articles.surest(connection, tenant, [State.APPROVED], "function") == {clear.id: pytest.approx(0.8)}
    assert articles.surest(connection, tenant, [State.IN_REVIEW], "function") == {}


def test_responses_count_places_of_slates_not_events(connection, tenant):
    used, ignored = (make.store_live(connection, tenant, SALES, seed=seed) for seed in range(2))
    person = make.employee("sales")
    first = make.slate(person.id, [used.id, ignored.id])
    second = make.slate(person.id, [used.id], created_at=NOW + HOUR)
    make.store_slate(connection, tenant, person, first)
    make.store_slate(connection, tenant, person, second)
    told = [make.event(first), make.event(first, type=EventType.SHARE), make.event(first, 2, EventType.SEEN)]
    events.append(connection, tenant, told)
    found = response.of_articles(connection, tenant, NOW - HOUR)
    assert found == {used.id: Response(2, 1), ignored.id: Response(1, 0)}
    assert response.of_articles(connection, tenant, NOW + HOUR) == {used.id: Response(1, 0)}
