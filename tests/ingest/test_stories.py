"""Who tells the same story: by meaning or wording, in time, and never so far from the first that nothing is left."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ids import ArticleId, new_id
from catalog.stories import Neighbour
from ingest.config import EnrichOptions
from ingest.sketch import sketch
from ingest.stories import Stories, Told
from tests.make import NOW

DAY = timedelta(days=1)
OPTIONS = EnrichOptions(story_cosine=0.94, story_cosine_across=0.9, story_jaccard=0.5, story_slack=0.06)
WORDS = [f"word{number}" for number in range(200)]
TEXT = sketch(" ".join(WORDS))
COPY = sketch(" ".join(WORDS[:180]))
PART = sketch(" ".join(WORDS[:60]))


def at(cosine: float, **given) -> Neighbour:
    """An article whose cosine with one at 1.0 is this."""
    return turned(float(np.arccos(cosine)), **given)


def turned(angle: float, **given) -> Neighbour:
    vector = np.array([np.cos(angle), np.sin(angle)], np.float32)
    return replace(Neighbour(ArticleId(new_id()), None, "nl", NOW, vector), **given)


NEW = at(1.0, sketch=TEXT)


@pytest.mark.parametrize(
    ("known", "joins"),
    [
        ([], None),
        ([at(0.95)], 0),
        ([at(0.93)], None),
        ([at(0.93, language="en")], 0),
        ([at(0.89, language="en")], None),
        ([at(0.89, sketch=COPY)], 0),
        ([at(0.89, sketch=PART)], None),
        ([at(0.8, sketch=COPY)], None),
        ([at(0.85, language="en", sketch=COPY)], 0),
        ([at(0.99, published_at=NOW - 14 * DAY)], 0),
        ([at(0.99, published_at=NOW - 15 * DAY)], None),
        ([at(0.99, sketch=COPY, published_at=NOW + 15 * DAY), at(0.95)], 1),
        ([at(0.99, id=NEW.id)], None),
    ],
)
def test_an_article_joins_what_is_near_enough_in_meaning_or_wording_and_in_time(known, joins):
    expected = NEW.id if joins is None else known[joins].id
    assert Stories(OPTIONS, known).of(NEW) == Told(expected)


def test_of_strangers_to_one_another_the_nearest_decides():
    strangers = [turned(0.33), turned(-0.3)]
    assert Stories(OPTIONS, strangers).of(NEW) == Told(strangers[1].id)


def test_a_story_keeps_the_name_of_its_first_article():
    told = ArticleId(new_id())
    stories = Stories(OPTIONS, [at(0.95, story_id=told)])
    assert stories.of(NEW) == Told(told)
    stories.add(NEW, Told(told))
    assert stories.of(at(0.999)) == Told(told)


def test_a_story_does_not_wander_off_step_by_step():
    stories, names = Stories(OPTIONS), []
    for step in range(12):
        article = turned(step * 0.3)  # each is near enough to the one before: cos 0.3 = 0.955
        told = stories.of(article)
        stories.add(article, told)
        names.append(told.story)
    assert names[0] == names[1] != names[2]
    for name in set(names):
        steps = [step for step, each in enumerate(names) if each == name]
        assert np.cos(0.3 * (steps[-1] - steps[0])) >= OPTIONS.story_cosine - OPTIONS.story_slack


def test_two_stories_become_one_when_an_article_tells_both():
    teaser, shortened = turned(0.25), turned(-0.2)
    stories = Stories(OPTIONS, [teaser, replace(teaser, id=ArticleId(new_id()), story_id=teaser.id)])
    stories.add(shortened, stories.of(shortened))
    assert stories.of(shortened) == Told(shortened.id)
    whole = stories.of(NEW)
    assert whole == Told(teaser.id, absorbed=(shortened.id,))
    stories.add(NEW, whole)
    assert stories.of(turned(-0.21)) == Told(teaser.id)


def test_an_article_made_of_two_does_not_make_one_story_of_strangers():
    one, other = turned(0.3), turned(-0.33)
    stories = Stories(OPTIONS, [one, other])
    merged = stories.of(NEW)
    assert merged == Told(one.id)


def test_a_revised_article_leaves_its_name_to_those_that_tell_what_it_once_told():
    first = turned(1.5, revision=2)
    stories = Stories(OPTIONS, [at(0.99, story_id=first.id)])
    told = stories.of(first)
    assert told.story != first.id
    assert not told.absorbed
    assert stories.of(replace(first, vector=NEW.vector)) == Told(first.id)


def test_only_what_stands_is_remembered_and_news_are_named():
    kept, revised, joined, gone = at(0.99), at(0.98), at(0.975), at(0.97)
    stories = Stories(OPTIONS, [kept, revised, joined, gone])
    news = ArticleId(new_id())
    standing = {kept.id: (1, kept.id), revised.id: (2, revised.id), joined.id: (1, kept.id), news: (1, news)}
    assert stories.keep(standing) == [revised.id, joined.id, news]
    stories.learn([replace(revised, vector=turned(1.5).vector, revision=2)])
    assert stories.of(NEW) == Told(kept.id)
    assert stories.keep({}) == []
    assert stories.of(NEW) == Told(NEW.id)
    stories.add(NEW, Told(NEW.id))
    assert stories.of(kept) == Told(NEW.id)


@given(st.lists(st.tuples(st.floats(0, 3.1), st.sampled_from(["nl", "en"]), st.integers(-20, 20)), max_size=80))
def test_whoever_joins_a_story_is_near_enough_to_one_of_it(known):
    stories, members = Stories(OPTIONS), dict[ArticleId, list[Neighbour]]()
    for angle, language, days in known:
        article = turned(angle, language=language, published_at=NOW + days * DAY)
        told = stories.of(article)
        story = [each for name in (told.story, *told.absorbed) for each in members.pop(name, [])]
        assert (not story) == (told.story == article.id)
        assert not story or any(near_enough(article, each) for each in story)
        members[told.story] = [*story, article]
        stories.add(article, told)


def near_enough(one: Neighbour, other: Neighbour) -> bool:
    enough = OPTIONS.story_cosine if one.language == other.language else OPTIONS.story_cosine_across
    apart = abs(one.published_at - other.published_at)
    return float(one.vector @ other.vector) >= enough - 1e-6 and apart <= OPTIONS.story_window
