"""What the audit trail teaches: no more than people said, and nothing that the machine said."""

from datetime import timedelta

import pytest

from catalog.ids import ArticleId, new_id
from catalog.records import Action
from curation.labels import Subject, lessons
from models.tagger_learn import APPROVED
from tests import make
from tests.make import NOW

ARTICLE = ArticleId(new_id())
SUBJECTS = {ARTICLE: Subject("story", "nl", revision=1)}
SHOWN = {"function": ["sales"], "topic": ["labour"], "kind": ["news"]}


def approved(axes, given=True, **changes):
    told = {"audience": axes, "given": given, "tags": SHOWN, "revision": 1}
    return make.decision(ARTICLE, changes=told | changes)


def edited(minutes=1, **changes):
    at = NOW + timedelta(minutes=minutes)
    return make.decision(ARTICLE, action=Action.EDIT, at=at, changes={"revision": 1} | changes)


def one(*decisions):
    [lesson] = lessons(decisions, SUBJECTS)
    return lesson


def test_an_audience_that_a_person_named_says_all_of_its_facet():
    lesson = one(approved({"function": ["legal", "sales"], "region": ["north"]}))
    assert (lesson.article, lesson.story, lesson.language, lesson.at) == (ARTICLE, "story", "nl", NOW)
    assert lesson.said["function"] == {"legal": 1.0, "sales": 1.0}
    assert (lesson.weight["function"], lesson.complete) == (1.0, {"function"})


def test_what_was_merely_let_stand_weighs_little_and_denies_nothing():
    lesson = one(approved({"function": ["sales"]}, given=False))
    assert lesson.said == {"function": {"sales": 1.0}, "topic": {"labour": 1.0}, "kind": {"news": 1.0}}
    assert lesson.weight == dict.fromkeys(lesson.said, APPROVED)
    assert lesson.complete == {"function"}


def test_for_everybody_is_a_function_of_its_own_and_no_industry():
    lesson = one(approved({"function": ["*"], "industry": ["*"]}))
    assert lesson.said["function"] == {"everyone": 1.0}
    assert "industry" not in lesson.said


def test_an_edit_says_what_holds_what_does_not_and_that_this_is_all():
    lesson = one(edited(topic={"before": ["labour", "education"], "after": ["labour", "privacy"]}))
    assert lesson.said == {"topic": {"labour": 1.0, "education": 0.0, "privacy": 1.0}}
    assert (lesson.weight, lesson.complete) == ({"topic": 1.0}, {"topic"})


def test_a_later_word_replaces_an_earlier_one_and_a_whisper_does_not():
    changed = edited(topic={"before": ["labour"], "after": ["privacy"]})
    assert one(changed, approved({"function": ["sales"]})).said["topic"] == {"labour": 0.0, "privacy": 1.0}
    corrected = edited(2, audience={"function": ["legal"]})
    lesson = one(approved({"function": ["sales"]}), corrected)
    assert lesson.said["function"] == {"legal": 1.0}
    assert lesson.at == corrected.at


@pytest.mark.parametrize(
    "decision",
    [
        make.decision(ARTICLE, action=Action.REJECT, changes={"revision": 1}),
        make.decision(ARTICLE, action=Action.CERTIFY, changes={"audience": {"function": ["sales"]}, "revision": 1}),
        make.decision(ARTICLE, action=Action.AUDIT, changes={"audience": {"function": ["sales"]}, "revision": 1}),
        make.decision(ARTICLE, action=Action.ROUTE),
        approved({"function": ["sales"]}, revision=2),
        make.decision(ArticleId(new_id()), changes={"audience": {"function": ["sales"]}, "revision": 1}),
    ],
    ids=["rejected", "the machine's own", "an audit", "routed", "another wording", "an article that is gone"],
)
def test_what_teaches_nothing(decision):
    assert lessons([decision], SUBJECTS) == []


def test_concepts_have_the_names_of_today():
    renamed = {("topic", "labour"): "work"}
    decisions = [edited(topic={"before": [], "after": ["labour"]})]
    [lesson] = lessons(decisions, SUBJECTS, lambda facet, concept: renamed.get((facet, concept), concept))
    assert lesson.said == {"topic": {"work": 1.0}}
