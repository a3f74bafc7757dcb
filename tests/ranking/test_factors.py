"""Latent factors: they tell kinds of readers apart, learn once a week, and keep nothing of a person."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.factors import DIMENSIONS, EVERY, Factors

CIRCLES = 3
OPENS = np.full(40, 4.0)


def circle(number):
    """Ten articles that one circle of people reads."""
    return np.arange(1, 11) + 10 * number


def learned(random=None):
    random = random or np.random.default_rng(1)
    people = [random.choice(circle(who % CIRCLES), 6, replace=False) for who in range(30)]
    factors = Factors()
    factors.learn(people, OPENS, 0.0)
    return factors


def taste(factors, *articles):
    return factors.taste(np.array(articles, dtype=np.intp), OPENS.astype(np.int64))


def test_who_reads_in_one_circle_suits_its_articles_and_no_others():
    factors = learned()
    for number in range(CIRCLES):
        own = taste(factors, *circle(number)[:3])
        cosine, mean = factors.suits(np.concatenate([circle(each) for each in range(CIRCLES)]), own)
        inside = np.arange(30) // 10 == number
        assert cosine[inside].min() > 0.3
        assert mean[inside].min() > 0.2
        assert max(np.abs(cosine[~inside]).max(), np.abs(mean[~inside]).max()) < 0.1


def test_an_article_born_since_is_placed_by_who_opens_it():
    factors, young = learned(), np.array([35])
    own, other = taste(factors, 1, 2), taste(factors, 11, 12)
    assert factors.suits(young, own)[0] == [0.0]
    factors.opened(35, own)
    assert factors.suits(young, own)[0] == pytest.approx([1.0])
    assert factors.suits(young, own)[1] == pytest.approx([0.5])
    assert abs(factors.suits(young, other)[0][0]) < 0.1


def test_of_a_stranger_and_of_what_nobody_opened_nothing_is_said():
    factors = learned()
    assert not taste(factors).any()
    assert not taste(factors, 38, 39, 400).any()
    assert not Factors().taste(np.array([1, 2]), np.ones(3, np.int64)).any()
    for articles in (np.array([0, 38, 400]), np.empty(0, dtype=np.intp)):
        for said in factors.suits(articles, taste(factors, 1)):
            assert said.tolist() == [0.0] * len(articles)


def test_it_is_time_once_a_week_and_what_comes_late_hastens_nothing():
    factors, begun = Factors(), 1e9
    assert not any(factors.heard(begun + after, late=after < 0) for after in (0.0, -9 * EVERY, EVERY - 1.0))
    assert factors.heard(begun + EVERY + 5.0, late=False)
    factors.learn([], np.zeros(1), begun + EVERY + 5.0)
    assert not factors.heard(begun + 2 * EVERY, late=False)
    assert factors.heard(begun + 2 * EVERY + 5.0, late=False)


def test_a_clock_that_was_years_ahead_is_not_waited_for():
    factors, begun = Factors(), 1e9
    assert not factors.heard(begun + 500 * EVERY, late=False)
    assert not factors.heard(begun, late=False)
    assert factors.heard(begun + EVERY, late=False)


def test_who_opened_it_twice_is_no_other_reader():
    once, twice = Factors(), Factors()
    once.learn([circle(0), circle(1)], OPENS, 0.0)
    twice.learn([np.tile(circle(0), 2), circle(1)], OPENS, 0.0)
    own = taste(once, 1, 2)
    assert own.tolist() == taste(twice, 2, 1, 2, 2).tolist()
    assert once.suits(circle(0), own)[1].tolist() == twice.suits(circle(0), own)[1].tolist()


def test_of_circles_that_share_nobody_no_article_is_nearer_than_another():
    people = [np.arange(who, who + 3) for who in range(1, 61, 3)]
    factors, opens = Factors(), np.ones(61)
    factors.learn(people * 2, opens, 0.0)
    cosine, mean = factors.suits(np.arange(4, 61), factors.taste(people[0], opens.astype(np.int64)))
    assert set(cosine.tolist()) == set(mean.tolist()) == {0.0}


@pytest.mark.parametrize("people", [[], [[]], [[1]], [[1], [1]], [[1, 2]], [[], [1, 1, 2], [2]]])
def test_next_to_nothing_is_learned_from_next_to_nobody(people):
    factors = Factors()
    factors.learn([np.array(opened, dtype=np.intp) for opened in people], np.ones(3), 0.0)
    own = taste(factors, 1)
    assert own.shape == (DIMENSIONS,)
    assert np.isfinite([*own, *factors.suits(np.array([1, 2]), own)[0]]).all()


MANY = np.random.default_rng(5).integers(1, 300, size=(200, 12))


@pytest.mark.parametrize(
    "people",
    [MANY, MANY[: DIMENSIONS // 2], np.tile(MANY[:5], (40, 1)), [*MANY[:20], *[MANY[0, :0]] * 100]],
    ids=["many", "fewer than dimensions", "few and alike", "most only look"],
)
def test_whoever_there_is_the_same_bits_are_learned_again(people):
    said, opens = set(), np.full(300, 3.0)
    for _ in range(3):
        factors = Factors()
        factors.learn(list(people), opens, 0.0)
        own = factors.taste(people[0], opens.astype(np.int64))
        said.add(own.tobytes() + b"".join(part.tobytes() for part in factors.suits(np.arange(300), own)))
        assert np.abs(factors.suits(people[0], own)[0]).min() > 0
    assert len(said) == 1


@given(st.integers(0, 2**32))
def test_the_same_people_give_the_same_bits_and_a_cosine_is_one(seed):
    one, other = (learned(np.random.default_rng(seed)) for _ in range(2))
    articles, own = np.arange(40), taste(one, 1, 2)
    assert own.tobytes() == taste(other, 1, 2).tobytes()
    said, again = one.suits(articles, own), other.suits(articles, own)
    assert [part.tobytes() for part in said] == [part.tobytes() for part in again]
    assert np.abs(said[0]).max() <= 1.0 + 1e-6
    assert (np.abs(said[1]) <= 1.0).all()
