"""The simulated people behave as told, the real feed and log take it, and a ranker can find out what they want."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
import pytest

from catalog import events, slates, tenants
from catalog.database import Database
from catalog.errors import Invalid
from catalog.ids import ArticleId, SlateId, TenantId
from catalog.records import FUNCTION, Employee, Event, EventType, LiveArticle, Slate
from evaluation import metrics
from evaluation.report import measure
from evaluation.synthetic import Behaviour, World, live_through, simulate
from models.heuristic import HeuristicRanker
from models.protocols import Ranker
from models.ranker import LambdaMartOptions
from ranking import profile
from ranking.config import RankingOptions
from ranking.dataset import Dataset, LabelOptions, build
from ranking.features import NAMES
from ranking.feed import FeedService
from ranking.scoring import score
from ranking.slate import generator, rank
from ranking.snapshot import Snapshot
from ranking.splits import SplitOptions
from ranking.state import State
from ranking.training import TrainingOptions, train
from tests import make
from tests.evaluation.conftest import DAYS, TENANT, Simulated

PEOPLE = tuple(make.employee("sales", email=f"person-{number}@acme.example") for number in range(40))
ARTICLES = tuple(make.live_article(number, tags={"topic": {f"topic-{number % 4}": 0.9}}) for number in range(30))


def imagined(seed: int = 1, behaviour: Behaviour = Behaviour()) -> World:  # noqa: B008 (it is frozen)
    return World(PEOPLE, ARTICLES, behaviour, np.random.default_rng(seed))


def reactions(world: World, seed: int = 1, rounds: int = 1, day: int = 0) -> Counter[tuple[int, EventType]]:
    """Everybody looks through all articles, `rounds` times: how often what happened at which position."""
    random = np.random.default_rng(seed)
    found: Counter[tuple[int, EventType]] = Counter()
    for _ in range(rounds):
        for person in PEOPLE:
            at = make.NOW + timedelta(days=day)
            slate = make.slate(person.id, [article.id for article in ARTICLES], created_at=at)
            place = {item.article_id: item.position for item in slate.items}
            found.update(
                (place[event.article_id], event.type) for event in world.react(slate, slate.created_at, random)
            )
    return found


def test_people_look_at_the_first_places_most() -> None:
    found = reactions(imagined(), rounds=50)
    looks = 50 * len(PEOPLE)
    for position in (1, 2, 5, 20):
        assert found[position, EventType.SEEN] / looks == pytest.approx(position**-0.7, abs=0.04)


def test_people_open_what_interests_them() -> None:
    opened: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(5):
        world, random = imagined(seed), np.random.default_rng(seed)
        for person in PEOPLE:
            slate = make.slate(person.id, [article.id for article in ARTICLES])
            happened = world.react(slate, slate.created_at, random)
            chosen = {event.article_id for event in happened if event.type is EventType.OPEN}
            for event in happened:
                if event.type is EventType.SEEN:
                    interest = world.true_relevance(person.id, event.article_id)
                    opened[event.article_id in chosen].append(interest)
    assert np.mean(opened[True]) > np.mean(opened[False]) + 0.1


def test_one_step_leads_to_the_next() -> None:
    random = np.random.default_rng(3)
    world = imagined()
    for person in PEOPLE:
        slate = make.slate(person.id, [article.id for article in ARTICLES])
        happened = world.react(slate, slate.created_at, random)
        assert happened == sorted(happened, key=lambda event: event.received_at)
        types = {
            article.id: [event.type for event in happened if event.article_id == article.id] for article in ARTICLES
        }
        for steps in types.values():
            assert not steps or steps[0] is EventType.SEEN
            assert EventType.CLICK not in steps or EventType.SHARE in steps
            assert EventType.DISMISS not in steps or steps == [EventType.SEEN, EventType.DISMISS]
            if {EventType.LIKE, EventType.SAVE, EventType.SHARE} & set(steps):
                assert steps[1] is EventType.OPEN


def test_interest_wanes_once_an_article_was_opened() -> None:
    world = imagined()
    first, second = reactions(world, seed=1), reactions(world, seed=1, day=1)
    opens = [sum(n for (_, kind), n in found.items() if kind is EventType.OPEN) for found in (first, second)]
    assert opens[1] < opens[0]
    person, article = next(iter(world._opened))
    fresh, tomorrow = make.NOW, make.NOW + timedelta(days=1)
    assert world.true_relevance(person, article, fresh) == world.true_relevance(person, article)
    assert world.true_relevance(person, article, tomorrow) == pytest.approx(0.1 * world.true_relevance(person, article))


def test_where_all_ranks_are_looked_at_evenly_as_many_places_are() -> None:
    usual, even = Behaviour(patience=1.0), Behaviour(patience=1.0, evenly=True)
    assert even.looks(10).sum() == pytest.approx(usual.looks(10).sum())
    assert np.ptp(even.looks(10)) == 0
    assert len(usual.looks(0)) == len(even.looks(0)) == 0


def test_a_client_that_says_seen_of_all_it_draws() -> None:
    found = reactions(imagined(behaviour=Behaviour(rendered=True)))
    assert all(found[place, EventType.SEEN] == len(PEOPLE) for place in range(1, len(ARTICLES) + 1))
    opened, usual = (
        sum(n for (_, kind), n in each.items() if kind is EventType.OPEN) for each in (found, reactions(imagined()))
    )
    assert 0 < opened < 2 * usual


def test_the_same_seed_makes_the_same_people() -> None:
    assert reactions(imagined(7), seed=7) == reactions(imagined(7), seed=7)
    person, article = PEOPLE[0].id, ARTICLES[0].id
    assert imagined(7).true_relevance(person, article) == imagined(7).true_relevance(person, article)
    assert imagined(7).true_relevance(person, article) != imagined(8).true_relevance(person, article)


def test_people_differ_and_so_do_articles() -> None:
    world = imagined()
    interest = np.array([[world.true_relevance(p.id, a.id) for a in ARTICLES] for p in PEOPLE])
    assert ((interest > 0) & (interest < 1)).all()
    assert interest.std(axis=0).min() > 0.02
    assert interest.std(axis=1).min() > 0.02


def test_the_real_feed_and_the_real_log_take_it(simulated: Simulated, afterwards: Database) -> None:
    assert simulated.days == [1] * DAYS
    assert simulated.violations == 0
    with afterwards.read() as connection:
        served = list(slates.every(connection, TENANT))
        log = list(events.since(connection, TENANT, 0))
    assert DAYS * len(simulated.people) <= len(served) <= 2 * DAYS * len(simulated.people)
    assert {slate.employee_id for slate in served} == {person.id for person in simulated.people}
    assert all(make.NOW - timedelta(days=DAYS) <= slate.created_at < make.NOW for slate in served)
    assert all(event.received_at <= make.NOW for event in log)
    assert set(EventType) == {event.type for event in log}
    heard = {event.seq: event.received_at for event in log}
    for slate in served:  # what a slate was ranked by had been heard by then, and nothing was held back
        assert slate.seq == 0 or heard[slate.seq] <= slate.created_at
        assert slate.seq == len(log) or heard[slate.seq + 1] > slate.created_at


def test_nobody_can_be_simulated_without_articles(sqlite_database: Database, tenant: TenantId) -> None:
    service = FeedService(tenant, HeuristicRanker, RankingOptions())
    with pytest.raises(Invalid, match="no article is approved"):
        simulate(sqlite_database, tenant, service, PEOPLE, 1, make.NOW, seed=1)
    with sqlite_database.write() as connection:
        tenants.set_encoder(connection, tenant, make.ENCODER)
    with pytest.raises(Invalid, match="no article is approved"):
        simulate(sqlite_database, tenant, service, PEOPLE, 1, make.NOW, seed=1)


class InMemory:
    """The feed and the log without a database, so that ids are not random and every run is the same."""

    def __init__(self, articles: Sequence[LiveArticle], random: np.random.Generator) -> None:
        self.slates: list[Slate] = []
        self.events: list[Event] = []
        self._snapshot = Snapshot.build(articles, (FUNCTION,))
        self._state = State()
        self._random = random

    def serve(self, person: Employee, now: datetime) -> Slate:
        slate_id = SlateId(str(UUID(bytes=self._random.bytes(16))))
        seen_as = profile.build(person.id, person.axes, self._state, self._snapshot, now)
        order = HeuristicRanker(), RankingOptions(), now, generator(slate_id), 10
        items = rank(self._snapshot, self._state, seen_as, *order)
        offered = make.slate(person.id, [], id=slate_id, created_at=now, axes=person.axes)
        self.slates.append(replace(offered, items=items, feature_names=NAMES, seq=self._state.seq))
        return self.slates[-1]

    def deliver(self, received: Sequence[Event]) -> None:
        for event in received:
            self.events.append(replace(event, seq=self._state.seq + 1))
            self._state.advance(self.events[-1])


def truth(world: World, dataset: Dataset, ranker: Ranker) -> float:
    """nDCG@5 of a ranker against the hidden interests, in five grades."""
    people = [offer.employee for offer, size in zip(dataset.offers, dataset.groups, strict=True) for _ in range(size)]
    interest = [world.true_relevance(*pair) for pair in zip(people, dataset.articles, strict=True)]
    grades = np.round(5 * np.array(interest)).astype(np.int32)
    return metrics.mean(metrics.ndcg(grades, score(ranker, dataset.rows), dataset.groups, 5))


def test_a_ranker_learns_what_they_want_better_than_the_heuristic_guesses() -> None:
    random = np.random.default_rng(1)
    people = [make.employee("sales", id=f"person-{number}") for number in range(40)]
    articles = [
        make.live_article(
            number,
            id=ArticleId(f"article-{number}"),
            tags={"topic": {f"topic-{number % 6}": 0.9}},
            published_at=make.NOW - timedelta(days=number / 4),
            live_from=make.NOW - timedelta(days=number / 4),
        )
        for number in range(100)
    ]
    world, memory = World(people, articles, Behaviour(), random), InMemory(articles, random)
    live_through(world, people, 16, make.NOW, random, memory.serve, memory.deliver)
    dataset = build(memory.slates, memory.events, make.NOW, LabelOptions())
    split = SplitOptions(validation=timedelta(days=3), test=timedelta(days=3))
    trees = LambdaMartOptions(threads=1)
    trained = train(dataset, TrainingOptions(split=split, trees=trees), measure)
    learned, guessed = (truth(world, trained.test, ranker) for ranker in (trained.ranker, HeuristicRanker()))
    assert learned > guessed + 0.05
