"""The feature rows: each says what it is declared to say, always a finite number, never from the future."""

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import ArtefactMismatch
from catalog.ids import SourceId
from catalog.records import EventType
from ranking.features import FEATURES, INDEX, NAMES, build, columns
from ranking.state import State
from tests import make
from tests.make import NOW
from tests.ranking.worlds import SALES, did, numbered, opened, person, snapshot


def rows_of(state, world, who="ann", axes=SALES, now=NOW):
    return build(state, world, person(state, world, who, axes, now), np.arange(len(world)), now)


def column(name, state, world, **given):
    return rows_of(state, world, **given)[:, INDEX[name]]


deeds = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]), st.sampled_from(EventType), st.integers(0, 7).map(lambda number: f"a{number}")
    ),
    max_size=12,
)


def test_every_feature_is_declared_once_with_unit_and_reason():
    assert len(set(NAMES)) == len(NAMES)
    assert all(feature.unit and feature.why for feature in FEATURES)


def test_an_artefact_may_use_fewer_features_in_another_order():
    assert columns(["log_age", "opens_1d"]) == [NAMES.index("log_age"), 0]


def test_an_artefact_that_wants_what_is_not_built_is_refused_with_the_remedy():
    with pytest.raises(ArtefactMismatch, match=r"\['moon_phase'\].*retrain"):
        columns(["log_age", "moon_phase"])


@settings(deadline=None)
@given(deeds, st.integers(0, 8), st.sampled_from([SALES, {}, {"language": frozenset({"nl", "xx"})}]))
def test_rows_are_finite_one_per_candidate_and_each_column_in_one_piece(done, count, axes):
    world = snapshot(*numbered(count))
    rows = rows_of(did(*done), world, axes=axes)
    assert rows.shape == (count, len(NAMES))
    assert rows.dtype == np.float64
    assert rows.T.flags.c_contiguous
    assert np.isfinite(rows).all()


def test_even_a_clock_far_off_gives_finite_rows():
    state, world = did(*opened("ann", "a0")), snapshot(*numbered(2))
    for now in (NOW - timedelta(days=365_000), NOW + timedelta(days=2_000_000)):
        assert np.isfinite(rows_of(state, world, now=now)).all()


@settings(deadline=None)
@given(deeds, st.permutations(range(8)))
def test_a_row_does_not_depend_on_the_order_of_the_candidates(done, order):
    state, world = did(*done), snapshot(*numbered(8))
    someone = person(state, world)
    straight = build(state, world, someone, np.arange(8), NOW)
    assert build(state, world, someone, np.array(order), NOW) == pytest.approx(straight[list(order)], abs=1e-6)


@settings(deadline=None)
@given(deeds)
def test_building_reads_and_changes_nothing(done):
    state, world = did(*done), snapshot(*numbered(8))
    assert rows_of(state, world).tobytes() == rows_of(state, world).tobytes()


@pytest.mark.parametrize("more", [1, 2, 5, 9])
def test_what_has_yet_to_go_live_changes_no_bit(more):
    rng = np.random.default_rng(1)
    known = [f"topic-{number}" for number in range(11)]
    articles = [
        make.live_article(number, id=f"a{number}", tags={"topic": dict(zip(known, rng.random(11), strict=True))})
        for number in range(20)
    ]
    tags = {facet: {f"topic-{number}-too": 0.5 for number in range(more)} for facet in ("topic", "kind", "function")}
    given = {"audience": make.audience("aa"), "language": "xx", "internal": True, "tags": tags}
    embargoed = make.live_article(9, story_id="a0", live_from=NOW + timedelta(seconds=1), **given)
    state = did(*opened("ann", *(f"a{number}" for number in range(9))), *opened("bob", "a2"))
    worlds = [snapshot(*articles), snapshot(*articles, embargoed)]
    told = {build(state, world, person(state, world), np.arange(20), NOW).tobytes() for world in worlds}
    assert len(told) == 1


def test_popularity_counts_everybody_and_the_same_job_apart():
    state = did(*opened("bob", "a0"), *opened("cas", "a0", "a1"), ("cas", EventType.SHARE, "a1"), at=NOW)
    world = snapshot(*numbered(3))
    assert column("opens_1d", state, world) == pytest.approx([2.0, 1.0, 0.0])
    assert column("shares_7d", state, world) == pytest.approx([0.0, 1.0, 0.0])
    assert column("function_opens_7d", state, world) == pytest.approx([2.0, 1.0, 0.0])
    assert column("function_opens_7d", state, world, axes={"function": frozenset({"hr"})}).tolist() == [0.0] * 3
    assert column("function_opens_7d", state, world, axes={}).tolist() == [0.0] * 3


def test_the_open_rate_starts_at_its_prior_and_follows_impressions():
    seen = [("bob", EventType.SEEN, "a0")] * 20
    rates = column("open_rate", did(*seen, *opened("bob", "a0"), at=NOW), snapshot(*numbered(2)))
    assert rates == pytest.approx([2 / 40, 1 / 20])


def test_content_says_age_story_length_and_for_whom():
    hour_old = {"published_at": NOW - timedelta(hours=1)}
    named = make.live_article(audience=make.audience("sales", "hr"), words=476, internal=True, **hour_old)
    open_ = make.live_article(story_id=named.id, words=0, tags={}, **hour_old)
    world, state = snapshot(named, open_), State()
    assert column("log_age", state, world) == pytest.approx([math.log(2)] * 2)
    assert column("story_size", state, world).tolist() == [2.0, 2.0]
    assert column("reading_minutes", state, world).tolist() == [2.0, 0.0]
    assert column("internal", state, world).tolist() == [1.0, 0.0]
    assert column("audience_focus", state, world).tolist() == [0.5, 0.0]
    assert column("function_tag", state, world) == pytest.approx([0.8, 0.0])


def test_likeness_to_what_was_chosen():
    world = snapshot(*numbered(4))
    state = did(*opened("ann", "a0"))
    cosines = world.matrix @ world.matrix[0]
    for name in ("cosine_recent", "cosine_long_term", "cosine_nearest"):
        assert column(name, state, world) == pytest.approx(cosines, abs=1e-6)
    lift = column("nearest_lift", state, world)
    assert lift[0] == pytest.approx(1.0)
    assert lift.mean() == pytest.approx(0.0, abs=1e-6)
    assert column("nearest_lift", State(), world).tolist() == [0.0] * 4


def test_affinity_is_for_the_topics_kinds_and_sources_chosen_before():
    tags = {"topic": {"labour": 1.0}, "kind": {"news": 1.0}}
    other = {"topic": {"health": 1.0}, "kind": {"howto": 1.0}}
    chosen = make.live_article(id="a0", tags=tags, source_id=SourceId("s"))
    world = snapshot(
        chosen, make.live_article(tags=other), make.live_article(tags={}, source_id=None), make.live_article(tags=tags)
    )
    state = did(*opened("ann", "a0"), at=NOW)
    assert column("topic_affinity", state, world) == pytest.approx([0.25, 0, 0, 0.25])
    assert column("kind_affinity", state, world) == pytest.approx([0.25, 0, 0, 0.25])
    assert column("source_affinity", state, world) == pytest.approx([0.25, 0, 0, 0])


def test_what_others_read_together_and_what_was_seen_before():
    state = did(*opened("bob", "a0", "a1"), *opened("ann", "a0"), ("ann", EventType.SEEN, "a2"))
    world = snapshot(*numbered(3))
    assert column("read_together", state, world) == pytest.approx([0.0, math.log(2), 0.0])
    assert column("times_seen", state, world).tolist() == [0.0, 0.0, 1.0]
    assert column("times_seen", state, world, who="bob").tolist() == [0.0] * 3


def test_ranks_in_the_list_are_shares_and_equals_rank_equal():
    world = snapshot(*numbered(5))
    state = did(*opened("bob", "a1"), *opened("cas", "a3"))
    assert column("newer_in_list", state, world).tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert column("more_popular_in_list", state, world).tolist() == [0.5, 0.0, 0.5, 0.0, 0.5]
    assert column("list_length", state, world).tolist() == [5.0] * 5
    alone = snapshot(*numbered(1))
    assert column("newer_in_list", State(), alone).tolist() == [0.0]
