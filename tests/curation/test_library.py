"""Fusion: one order out of several, each story once, and ranks are all that counts."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ids import ArticleId
from catalog.search import Candidate
from curation.library import RANK_CONSTANT, Way, fuse
from tests.make import NOW

WORDS, MEANING = Way


def candidate(name, story=None, days=0):
    return Candidate(ArticleId(name), ArticleId(story or name), NOW - timedelta(days=days))


TOLD = {
    name: candidate(name, story, days) for days, (name, story) in enumerate(zip("abcdefgh", "aabbbcde", strict=True))
}
RANKINGS = st.fixed_dictionaries(
    {way: st.permutations(list(TOLD.values())).map(lambda order: order[:5]) for way in (WORDS, MEANING)}
)


def names(hits):
    return [hit.article for hit in hits]


def test_what_both_ways_find_comes_before_what_one_finds():
    a, b, c = (candidate(name) for name in "abc")
    hits = fuse({WORDS: [a, b], MEANING: [c, b]})
    assert names(hits)[0] == "b"
    assert hits[0].ways == (WORDS, MEANING)
    assert hits[0].score == 2 / (RANK_CONSTANT + 2)
    assert {hit.ways for hit in hits[1:]} == {(WORDS,), (MEANING,)}


def test_of_equally_good_ones_the_newest_comes_first():
    old, new = candidate("old", days=9), candidate("new", days=1)
    assert names(fuse({WORDS: [old], MEANING: [new]})) == names(fuse({WORDS: [new], MEANING: [old]})) == ["new", "old"]


def test_freshness_overrules_no_place():
    old, new = candidate("old", days=9), candidate("new")
    assert names(fuse({WORDS: [old, new], MEANING: [old, new]})) == ["old", "new"]


def test_those_who_tell_one_story_do_not_push_others_down():
    tellers = [candidate(f"t{number}", "story") for number in range(5)]
    other = candidate("other")
    hits = fuse({WORDS: [*tellers, other]})
    assert names(hits) == ["t0", "other"]
    assert hits[1].score == 1 / (RANK_CONSTANT + 2)


def test_a_story_that_each_way_finds_by_another_article_is_one_hit():
    dutch, english = candidate("dutch", "s", days=3), candidate("english", "s", days=1)
    first = candidate("first")
    [top, _] = fuse({WORDS: [first, dutch], MEANING: [english]})
    assert (top.article, top.ways) == ("english", (WORDS, MEANING))


def test_nothing_found_is_nothing():
    assert fuse({}) == fuse({WORDS: [], MEANING: []}) == []


@settings(deadline=None)
@given(RANKINGS)
def test_each_story_that_was_found_is_there_once_and_the_best_first(rankings):
    hits = fuse(rankings)
    found = {each.story_id for ranking in rankings.values() for each in ranking}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len(hits) == len({hit.story for hit in hits})
    assert {hit.story for hit in hits} == found
    assert all(TOLD[hit.article].story_id == hit.story for hit in hits)


@settings(deadline=None)
@given(RANKINGS)
def test_the_order_of_the_ways_does_not_matter(rankings):
    turned = dict(reversed(rankings.items()))
    assert names(fuse(rankings)) == names(fuse(turned))


@settings(deadline=None)
@given(RANKINGS)
def test_a_better_place_never_costs_a_story_its_own(rankings):
    ranking = rankings[WORDS]
    last = ranking[-1].story_id
    before = [hit.story for hit in fuse(rankings)].index(last)
    raised = fuse(rankings | {WORDS: [ranking[-1], *ranking[:-1]]})
    assert [hit.story for hit in raised].index(last) <= before
