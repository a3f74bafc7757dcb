"""The prequential benchmark: asked before it is told, ties in the middle, and no figure but from a run."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from catalog.errors import Invalid
from catalog.records import EventType
from evaluation.benchmarks import ranking, ranking_peers
from evaluation.benchmarks.prequential import Protocol, ask, figures, rank_of
from evaluation.loaders.engagement import Engagement
from models.ranker import LambdaMartOptions
from ranking.features import NAMES
from tests import make

BEGUN = datetime(2016, 10, 1, tzinfo=UTC)
PROTOCOL = Protocol(
    test_from=BEGUN + timedelta(days=8),
    window=timedelta(days=8),
    fewest=2,
    unchosen=5,
    trees=LambdaMartOptions(rounds=5, rows_per_leaf=1, threads=1),
)
HOUR = timedelta(hours=1)


def log(count, seed=3, people=8):
    """An article every two hours, and one of the young ones touched in between by somebody."""
    dice = random.Random(seed)
    happened = []
    for number in range(count):
        at = BEGUN + number * HOUR
        article = (
            f"a{number // 2}" if number % 2 == 0 else f"a{dice.randrange(max(0, number // 2 - 6), number // 2 + 1)}"
        )
        happened.append((at, article, f"p{dice.randrange(people)}"))
    return happened


def engagement(happened):
    events, born = [], {}
    for seq, (at, article, person) in enumerate(happened, start=1):
        slate = make.slate(person, [article])
        events.append(make.event(slate, type=EventType.OPEN, at=at, received_at=at, seq=seq))
        born.setdefault(article, at)
    articles = [
        make.live_article(number, id=article, published_at=at, live_from=at)
        for number, (article, at) in enumerate(born.items())
    ]
    return Engagement(tuple(events), tuple(articles))


def asked(happened, protocol=PROTOCOL):
    return list(ask(engagement(happened), protocol, lambda _: None))


def test_the_rank_among_equals_is_the_middle_and_figures_count_ten_places():
    assert rank_of(np.array([1.0, 3.0, 1.0, 1.0]), 0) == 3.0
    assert rank_of(np.zeros(20), 7) == 10.5
    told = figures(np.array([1.0, 3.0, 11.0]))
    assert told["nDCG@10"] == pytest.approx((1 + 0.5) / 3)
    assert told["MRR"] == pytest.approx((1 + 1 / 3 + 1 / 11) / 3)
    assert told["HR@10"] == pytest.approx(2 / 3)


def test_candidates_are_young_untouched_and_born_before_the_question():
    happened = log(120)
    born, touched = {}, set()
    for at, article, _ in happened:
        born.setdefault(article, at)
    order = list(born)
    by_moment = {question.at: question for question in asked(happened, replace(PROTOCOL, test_from=BEGUN))}
    assert len(by_moment) > 20
    for at, article, person in happened:
        question = by_moment.get(at)
        if question is not None:
            offered = {order[index] for index in question.candidates}
            expected = {a for a, birth in born.items() if birth < at and (person, a) not in touched}
            assert offered == expected
            assert order[question.candidates[question.answer]] == article
        touched.add((person, article))


def test_an_article_is_no_candidate_after_its_days():
    protocol = replace(PROTOCOL, test_from=BEGUN, born_within=timedelta(hours=10))
    for question in asked(log(80), protocol):
        assert 2 < len(question.candidates) <= 5


@settings(deadline=None, max_examples=10)
@given(st.integers(40, 110), st.randoms(use_true_random=False))
def test_no_question_depends_on_what_comes_after_it(cut, dice):
    """Shuffling who does what from a moment on changes no row before it, and none at that very second."""
    happened = log(120)
    people = [person for _, _, person in happened[cut:]]
    dice.shuffle(people)
    other = happened[:cut] + [(at, a, p) for (at, a, _), p in zip(happened[cut:], people, strict=True)]
    protocol = replace(PROTOCOL, test_from=BEGUN)
    moment = happened[cut][0]
    one, two = ([q for q in asked(each, protocol) if q.at < moment] for each in (happened, other))
    assert [(q.at, q.person, q.rows.tobytes()) for q in one] == [(q.at, q.person, q.rows.tobytes()) for q in two]


def test_what_happens_in_the_same_second_is_not_known_yet():
    happened = log(60)
    at = happened[-1][0]
    together = [*happened, *[(at + HOUR, "a20", f"q{number}") for number in range(3)]]
    questions = asked(together, replace(PROTOCOL, test_from=BEGUN))[-3:]
    assert len({question.rows.tobytes() for question in questions}) == 1


def test_before_the_test_window_a_sample_is_kept_with_the_answer_first():
    for question in asked(log(120)):
        sampled = question.at < PROTOCOL.test_from
        assert len(question.rows) == len(question.candidates)
        assert (question.answer == 0 and len(question.rows) <= 1 + PROTOCOL.unchosen) or not sampled
        assert question.rows.shape[1] == len(NAMES)


def test_figures_stand_beside_every_peer_over_all_and_per_month():
    found = ranking.measure(engagement(log(300)), PROTOCOL, lambda _: None, ablation=False)
    peers = {figure.peer.removesuffix(" (not installed)") for figure in found if figure.name == "nDCG@10"}
    peers = {peer.partition(", best")[0] for peer in peers}
    learned = ("item-kNN", "EASE", "implicit ALS", "LensKit")
    assert peers == {*("recency", "popularity, 1 day", "popularity, 7 days"), *learned}
    assert {figure.name for figure in found} >= {"nDCG@10 2016-10", "MRR 2016-10", "HR@10 2016-10"}
    assert all(0.0 <= figure.ours <= 1.0 for figure in found)


def test_an_empty_test_window_is_said():
    with pytest.raises(Invalid, match="2016-10-09"):
        ranking.measure(engagement(log(20)), PROTOCOL, lambda _: None, ablation=False)


def test_neighbours_and_ease_prefer_what_goes_with_what_was_touched():
    touched = sparse.csr_array(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0]], dtype=np.float32))
    for learn in (ranking_peers.item_knn, ranking_peers.ease):
        scores = learn(touched)(3, np.array([1, 2]))
        assert scores[0] > scores[1]
        assert scores[1] == pytest.approx(0.0, abs=1e-9)
