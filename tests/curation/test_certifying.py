"""Asking blind, passing under a certificate, and its end. On both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from catalog import articles, audiences, audits, certificates, reviews, sources, stories, taxonomy, tenants
from catalog.ids import ArticleId, new_id
from catalog.records import FUNCTION, Action, Audience, Origin, State, Tag, Trust
from curation import certifying, passing, queue
from curation.certifying import NotCertifying
from curation.policy import PolicyOptions
from curation.review import AskedBlind, Desk, Reviewer, Role
from models.certificate import CertificateOptions
from models.splits import held_out
from tests import make
from tests.make import ENCODER, NOW

ANNE, LEX = Reviewer("Anne"), Reviewer("Lex", Role.LEGAL)
SALES, LEGAL = make.audience("sales"), make.audience("legal")
OPTIONS = CertificateOptions(alpha=0.1)
ENOUGH = 45
WORDS = " ".join(f"word{number}" for number in range(100))
TAXONOMY = taxonomy.load()


class Sure:
    """Taggers that are sure of everything."""

    encoder, version, taxonomy, learned_from = ENCODER, "tagger-1", TAXONOMY.digest, frozenset[ArticleId]()

    def tags(self, vectors):
        return [[Tag("function", "sales", 0.97, tagger=self.version)] for _ in vectors]


def evidence(connection, tenant):
    answered = certifying.answers(connection, tenant, NOW - OPTIONS.max_age)
    return certifying.evidence(connection, tenant, Sure(), TAXONOMY, answered)


def story(part: str) -> ArticleId:
    """A story that is kept for this part."""
    return next(each for each in iter(lambda: ArticleId(new_id()), None) if held_out(each) == part)


@pytest.fixture
def connection(database):
    with database.write() as opened:
        yield opened


@pytest.fixture
def desk(connection, tenant):
    return Desk(connection, tenant, NOW)


@pytest.fixture
def put(connection, tenant):
    """Store a tagged article."""

    def store(part="calibration", probability=0.97, tagger="tagger-1", **given):
        given = {"text": f"{WORDS} {new_id()}", "story_id": story(part)} | given
        stored = make.store_live(connection, tenant, None, **given)
        articles.replace_tags(
            connection, tenant, stored.id, [Tag("function", "sales", probability, tagger=tagger)], "function"
        )
        articles.move(connection, tenant, stored, State.TAGGED, live_from=None)
        return stored.id

    return store


@pytest.fixture
def route(connection, tenant):
    """Send on what is tagged, by the rules that hold."""

    def send(now=NOW):
        about = passing.basis(connection, tenant, Sure())
        rules = passing.rules(connection, tenant, about, TAXONOMY, OPTIONS, now)
        return Desk(connection, tenant, now).route_tagged(PolicyOptions(), rules)

    return send


@pytest.fixture
def certified(connection, tenant, put, route, desk):
    """A certificate for English, on answers that agree with the machine."""
    tenants.set_certifying(connection, tenant, NOW - timedelta(days=9), "Anne")
    ids = [put() for _ in range(ENOUGH)]
    route()
    for each in ids:
        desk.approve(each, ANNE, audience=SALES)
    made = certifying.attempt(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
    return certifying.keep(connection, tenant, made, "Anne", NOW - timedelta(minutes=1))


def state_of(connection, tenant, article):
    return articles.get(connection, tenant, article).state


def test_an_organisation_that_does_not_certify_asks_nobody_blind(connection, tenant, put, route):
    put()
    assert route() == {Action.ROUTE: 1}
    assert audits.unanswered(connection, tenant) == {}
    with pytest.raises(NotCertifying, match="certificate start"):
        certifying.attempt(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)


def test_only_what_is_kept_for_certificates_is_asked_blind(connection, tenant, put, route):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    asked, taught, judges = (put(part) for part in ("calibration", "fit", "gate"))
    short = put(text=f"A short text. {new_id()}")
    assert route() == {Action.ROUTE: 4}
    assert set(audits.unanswered(connection, tenant)) == {asked}
    entries = {entry.article.id: entry for entry in queue.waiting(connection, tenant, NOW)}
    assert [entries[each].blind for each in (asked, taught, judges, short)] == [True, False, False, False]
    assert (entries[asked].proposed, entries[asked].audience) == (None, None)
    assert {tag.facet for tag in entries[asked].tags} == {"topic"}
    assert entries[taught].proposed == SALES


def test_a_blind_question_wants_an_answer_of_ones_own(connection, tenant, put, route, desk):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    asked, refused = put(), put()
    route()
    with pytest.raises(AskedBlind, match="--audience"):
        desk.approve(asked, ANNE)
    desk.approve(asked, ANNE, audience=LEGAL)
    desk.reject(refused, ANNE, reason="advertorial")
    answers = {each.article_id: (each.audience, each.wrong) for each in audits.answered(connection, tenant)}
    assert answers == {asked: (LEGAL, None), refused: (None, None)}
    judged = {each.article: each.wrong for each in evidence(connection, tenant)}
    assert judged == {asked: True, refused: True}


def test_an_edited_audience_is_an_answer_once_it_is_approved(connection, tenant, put, route, desk):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    asked = put()
    route()
    desk.edit(asked, ANNE, audience=SALES)
    desk.approve(asked, ANNE)
    assert [each.audience for each in audits.answered(connection, tenant)] == [SALES]


def test_under_a_certificate_what_is_sure_and_usual_goes_live(connection, tenant, put, route, certified):
    passed = put("fit")
    assert route() == {Action.CERTIFY: 1}
    found = articles.get(connection, tenant, passed)
    assert (found.state, found.live_from) == (State.APPROVED, NOW)
    assert audiences.get(connection, tenant, passed) == SALES
    [decision] = reviews.of_article(connection, tenant, passed)
    assert (decision.actor, decision.action) == (Origin.MACHINE, Action.CERTIFY)


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"language": "de"}, "no certificate for language de"),
        ({"probability": 0.55}, "not sure enough"),
        ({"probability": 0.4}, "not sure enough"),
        ({"tagger": "tagger-0"}, "not of the taggers"),
        ({"tagger": ""}, "not of the taggers"),
        ({"text": "Ten words are far too few to be sure of."}, "too short to be sure"),
        ({"text": " ".join(f"w{number}" for number in range(6000))}, "more than 3,000 words"),
        ({"text": f"{WORDS} {'sales ' * 40}"}, "again and again"),
        ({"barrier": "paywall"}, "paywall"),
    ],
)
def test_what_is_odd_goes_to_a_person_however_sure_the_machine_is(connection, tenant, put, route, certified, odd, why):
    article = put("fit", **odd)
    assert route() == {Action.ROUTE: 1}
    [decision] = reviews.of_article(connection, tenant, article)
    assert why in decision.reason
    assert audiences.get(connection, tenant, article) is None


def test_a_copy_of_what_was_decided_goes_to_a_person(connection, tenant, put, route, desk, certified):
    told = story("fit")
    first = put(story_id=told)
    assert route() == {Action.CERTIFY: 1}
    desk.withdraw(first, ANNE, reason="wrong")
    put(story_id=told)
    assert route() == {Action.ROUTE: 1}


def test_two_copies_at_once_both_go_to_a_person(put, route, certified):
    told = story("fit")
    put(story_id=told)
    put(story_id=told)
    assert route() == {Action.ROUTE: 2}


def test_a_source_that_is_not_trusted_passes_nothing(connection, tenant, put, route, certified):
    source = make.source(trust=Trust.LOW)
    sources.add(connection, tenant, source)
    put("fit", source_id=source.id)
    assert route() == {Action.ROUTE: 1}


def test_what_legal_must_sign_stops_there(connection, tenant, put, route, desk, certified):
    article = put("fit", needs_legal=True)
    route()
    assert state_of(connection, tenant, article) is State.LEGAL_REVIEW
    desk.sign(article, LEX)
    assert state_of(connection, tenant, article) is State.APPROVED


def test_another_hard_axis_ends_what_passes(connection, tenant, put, route, certified):
    tenants.set_hard_axes(connection, tenant, (FUNCTION, "region"))
    put("fit")
    assert route() == {Action.ROUTE: 1}


def test_what_is_live_is_audited_without_betraying_it(connection, tenant, put, route, desk, certified):
    right, wrong, refused = (put() for _ in range(3))
    assert route() == {Action.CERTIFY: 3}
    entries = {entry.article.id: entry for entry in queue.waiting(connection, tenant, NOW)}
    assert set(entries) == {right, wrong, refused}
    assert {entry.article.state for entry in entries.values()} == {State.IN_REVIEW}
    assert all(entry.blind and entry.proposed is None and entry.audience is None for entry in entries.values())
    assert (
        queue.waiting(connection, tenant, NOW, states=(State.APPROVED,), everything=True, limit=100)[0].blind is False
    )
    with pytest.raises(AskedBlind):
        desk.approve(right, ANNE)
    later = Desk(connection, tenant, NOW + timedelta(minutes=1))
    assert later.approve(right, ANNE, audience=make.audience("sales", "legal")).action is Action.AUDIT
    later.approve(wrong, ANNE, audience=LEGAL)
    assert later.reject(refused, ANNE, reason="no").after is State.WITHDRAWN
    answers = {each.article_id: each.wrong for each in audits.answered(connection, tenant, certified.id)}
    assert answers == {right: False, wrong: True, refused: True}
    assert audiences.get(connection, tenant, wrong) == LEGAL
    assert queue.waiting(connection, tenant, NOW) == []


def test_for_everybody_is_wrong_as_often_as_somebody_is_left_out(connection, tenant, put, desk):
    """One of all functions is drawn; a person who names two of twenty says that most draws are wrong."""
    known = {FUNCTION: frozenset(TAXONOMY.facets[FUNCTION])}
    rules = passing.Rules(known, passing.InForce(None, None), 1.0)
    drawn = set()
    for _ in range(30):
        article = articles.get(connection, tenant, put())
        rules.ask(connection, tenant, article, Audience({FUNCTION: frozenset({"*"})}), NOW)
        [asked] = audits.unanswered(connection, tenant, [article.id]).values()
        drawn |= asked.drawn.axes[FUNCTION]
    assert len(drawn) > 5
    assert drawn <= known[FUNCTION]


def test_too_many_errors_end_it_for_good(connection, tenant, put, route, desk, certified):
    for _ in range(8):
        article = put()
        if route() == {Action.ROUTE: 1}:
            break
        desk.approve(article, ANNE, audience=LEGAL)
    kept = certificates.every(connection, tenant)[0]
    assert kept.lapsed_at == NOW
    assert "the audit of en found" in kept.lapse_reason
    put("fit")
    assert route() == {Action.ROUTE: 1}


def test_what_is_disproved_of_one_is_disproved_of_all_and_old_answers_prove_nothing_more(
    connection, tenant, put, route, desk, certified
):
    again = certifying.attempt(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
    certifying.keep(connection, tenant, again, "Anne", NOW + timedelta(seconds=1))
    for _ in range(8):
        article = put()
        if route() == {Action.ROUTE: 1}:
            break
        desk.approve(article, ANNE, audience=LEGAL)
    assert len(certificates.every(connection, tenant)) == 2
    assert all(kept.lapsed_at for kept in certificates.every(connection, tenant))
    assert evidence(connection, tenant) == []


def test_a_curator_who_withdraws_says_that_it_was_wrong(connection, tenant, put, route, desk, certified):
    article = put()
    route()
    desk.withdraw(article, ANNE, reason="wrong people")
    assert [each.wrong for each in audits.answered(connection, tenant, certified.id)] == [True]


def test_who_stops_certifying_lets_nothing_pass(connection, tenant, put, route, certified):
    tenants.set_certifying(connection, tenant, None, "Anne")
    about = passing.basis(connection, tenant, Sure())
    assert passing.in_force(connection, tenant, about, OPTIONS, NOW) is None
    assert passing.standing(connection, tenant, about, OPTIONS, NOW).reasons[0].startswith("stopped")
    put("fit")
    assert route() == {Action.ROUTE: 1}


def test_other_taggers_have_no_certificate_until_they_are_back(connection, tenant, certified):
    about = passing.basis(connection, tenant, Sure())
    other = replace(about, tagger="tagger-2")
    assert passing.in_force(connection, tenant, other, OPTIONS, NOW) is None
    assert passing.in_force(connection, tenant, about, OPTIONS, NOW).id == certified.id


def test_it_ends_with_age(connection, tenant, certified):
    about = passing.basis(connection, tenant, Sure())
    old = NOW + OPTIONS.max_age + timedelta(days=1)
    assert passing.in_force(connection, tenant, about, OPTIONS, old) is None


def test_too_few_answers_are_no_attempt(connection, tenant):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    for _ in range(2):
        made = certifying.attempt(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
        assert (made.tested(), made.parts) == ({}, ())
        assert certifying.keep(connection, tenant, made, "Anne", NOW) is None
    assert certificates.every(connection, tenant) == []
    assert not certifying.ready(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)


def test_each_vain_attempt_makes_the_next_one_stricter(connection, tenant, put, route, desk):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    ids = [put() for _ in range(ENOUGH)]
    route()
    for each in ids:
        desk.approve(each, ANNE, audience=LEGAL)
    assert certifying.ready(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
    for number in (1, 2):
        made = certifying.attempt(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
        assert made.tested() == {"en": ENOUGH}
        assert made.shortfalls[0].confidence == pytest.approx(1 - 0.05 / 2**number)
        kept = certifying.keep(connection, tenant, made, "Anne", NOW + timedelta(seconds=number))
        lapsed = next(each for each in certificates.every(connection, tenant) if each.id == kept.id)
        assert lapsed.lapse_reason == "in no language the machine was right often enough"
    assert not certifying.ready(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)  # until there are twice as many


def test_a_language_pays_for_its_own_attempts_only(connection, tenant, put, route, desk):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    told = {put(language=language): language for language in ("en", "nl") for _ in range(ENOUGH)}
    route()
    for article, language in told.items():
        desk.approve(article, ANNE, audience=SALES if language == "en" else LEGAL)
    risks = []
    for number in range(3):
        made = certifying.attempt(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
        certifying.keep(connection, tenant, made, "Anne", NOW - timedelta(minutes=9 - number))
        assert [part.language for part in made.parts] == ["en"]
        risks.append((1 - made.parts[0].confidence, 1 - made.shortfalls[0].confidence))
    assert risks == [pytest.approx((0.025, 0.05 / 2**number)) for number in (1, 2, 3)]


def test_a_certificate_that_never_came_into_force_was_an_attempt_in_vain(connection, tenant, put, route, desk):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    ids = [put() for _ in range(ENOUGH)]
    route()
    for each in ids:
        desk.approve(each, ANNE, audience=SALES)
    made = certifying.attempt(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
    kept = certifying.keep(connection, tenant, made, "Anne", NOW, obstacle="its taggers stay out of use")
    assert not certificates.every(connection, tenant)[0].came_into_force
    about = passing.basis(connection, tenant, Sure())
    assert passing.in_force(connection, tenant, about, OPTIONS, NOW) is None
    assert passing.standing(connection, tenant, about, OPTIONS, NOW).id == kept.id
    assert len(evidence(connection, tenant)) == ENOUGH  # nothing was disproved
    assert not certifying.ready(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
    again = certifying.attempt(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
    assert [1 - short.confidence for short in (*again.parts, *again.shortfalls)] == [pytest.approx(0.05 / 4)]


def test_a_story_of_which_the_taggers_learned_a_telling_proves_nothing(connection, tenant, put, route, desk):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    kept, learned = put(), put("fit")
    route()
    desk.approve(kept, ANNE, audience=SALES)
    answered = certifying.answers(connection, tenant, NOW - OPTIONS.max_age)
    taught = Sure()
    taught.learned_from = frozenset({learned})
    assert [each.article for each in certifying.evidence(connection, tenant, taught, TAXONOMY, answered)] == [kept]
    told = articles.get(connection, tenant, learned).story
    stories.join_stories(connection, tenant, [told], articles.get(connection, tenant, kept).story)
    assert certifying.evidence(connection, tenant, taught, TAXONOMY, answered) == []
    assert len(certifying.evidence(connection, tenant, Sure(), TAXONOMY, answered)) == 1


def test_what_was_answered_too_long_ago_proves_nothing(connection, tenant, put, route, desk):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    article = put()
    route()
    desk.approve(article, ANNE, audience=SALES)
    for days, counted in ((179, 1), (181, 0)):
        oldest = NOW + timedelta(days=days) - OPTIONS.max_age
        assert len(certifying.answers(connection, tenant, oldest)) == counted


def test_what_is_live_without_a_persons_word_can_be_looked_through(connection, tenant, put, route, desk, certified):
    first, second = put("fit"), put("fit")
    asked = put()  # also live, and asked about blind: not told
    assert route() == {Action.CERTIFY: 3}
    assert {entry.article.id for entry in queue.passed(connection, tenant, NOW)} == {first, second}
    assert len(queue.passed(connection, tenant, NOW, limit=1)) == 1
    later = Desk(connection, tenant, NOW + timedelta(minutes=1))
    later.edit(second, ANNE, tags={"topic": frozenset({"sport"})})
    later.edit(first, ANNE, audience=LEGAL)
    later.approve(asked, ANNE, audience=SALES)
    [left] = queue.passed(connection, tenant, NOW)
    assert (left.article.id, left.audience) == (second, SALES)
    later.withdraw(second, ANNE, reason="wrong people")
    assert queue.passed(connection, tenant, NOW) == []


def test_a_language_without_news_is_not_put_to_the_test_again(connection, tenant, put, route, desk):
    tenants.set_certifying(connection, tenant, NOW, "Anne")
    told = {put(language=language): language for language, many in (("en", ENOUGH), ("nl", 5)) for _ in range(many)}
    route()
    for article in told:
        desk.approve(article, ANNE, audience=SALES)
    ready = certifying.ready(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW)
    assert ready == {"en"}
    made = certifying.attempt(connection, tenant, Sure(), TAXONOMY, OPTIONS, NOW, ready)
    assert (set(made.tested()), made.shortfalls) == ({"en"}, ())
