"""What readers will do with a new article is read off what they did with its like."""

import numpy as np
import pytest

from catalog.ids import ArticleId
from catalog.response import Response
from ranking.anticipate import AnticipateOptions, anticipate

EAST, NORTH = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
OPTIONS = AnticipateOptions(neighbours=2, prior=1.0)


def ids(*names):
    return [ArticleId(name) for name in names]


def test_what_is_like_what_was_liked_comes_first():
    liked, shunned, new_liked, new_shunned = ids("liked", "shunned", "new liked", "new shunned")
    found = anticipate(
        {new_liked: EAST, new_shunned: NORTH},
        {liked: EAST, shunned: NORTH},
        {liked: Response(100, 50), shunned: Response(100, 1)},
        OPTIONS,
    )
    assert found == {new_liked: 1.0, new_shunned: 0.0}


def test_one_lucky_reader_promises_less_than_many():
    lucky, proven, dull, one, other = ids("lucky", "proven", "dull", "one", "other")
    found = anticipate(
        {one: EAST, other: NORTH},
        {lucky: EAST, proven: NORTH, dull: -EAST},
        {lucky: Response(1, 1), proven: Response(1000, 600), dull: Response(1000, 100)},
        AnticipateOptions(neighbours=1, prior=20.0),
    )
    assert found[other] > found[one]


@pytest.mark.parametrize("responses", [{}, {ArticleId("unknown"): Response(3, 1)}])
def test_where_nobody_was_offered_anything_nothing_is_said(responses):
    assert anticipate({ArticleId("new"): EAST}, {ArticleId("old"): EAST}, responses, OPTIONS) == {}


def test_fewer_articles_than_neighbours_and_opposite_ones_are_no_trouble():
    old, new = ids("old", "new")
    assert anticipate({new: -EAST}, {old: EAST}, {old: Response(3, 3)}, OPTIONS) == {new: 0.0}
