"""The promise, against an oracle that reads like the sentence, and against the second check in SQL."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import audiences, people, tenants
from catalog.articles import approved
from catalog.ids import TenantId, new_id
from catalog.records import ALL, AXES, FUNCTION, Audience
from ranking import eligibility
from ranking.snapshot import Snapshot
from tests import make
from tests.make import ENCODER, NOW

MANY = [f"value-{number}" for number in range(200)]
values = st.frozensets(st.sampled_from(MANY), max_size=5) | st.frozensets(st.sampled_from(MANY[:3]), max_size=3)
admitted = values | st.just(frozenset({ALL}))
worlds = st.lists(st.dictionaries(st.sampled_from(AXES), admitted).map(Audience), max_size=30)
persons = st.dictionaries(st.sampled_from(AXES), values)
hard = st.frozensets(st.sampled_from(AXES)).map(lambda axes: tuple(sorted(axes | {FUNCTION})))


@dataclass
class Masked:
    audiences: dict
    articles: list

    def __len__(self):
        return len(self.articles)


def masked(articles):
    return Masked({axis: eligibility.pack(articles, axis) for axis in AXES}, articles)


def admits(audience, person, hard_axes):
    """On every hard axis: everybody, or a value in common."""
    return all(
        ALL in audience.axes.get(axis, set()) or audience.axes.get(axis, set()) & person.get(axis, set())
        for axis in hard_axes
    )


@given(worlds, persons, hard)
def test_the_mask_says_what_the_sentence_says(articles, person, hard_axes):
    told = eligibility.allowed(masked(articles), person, hard_axes)
    assert told.tolist() == [bool(admits(audience, person, hard_axes)) for audience in articles]


def test_each_of_two_hundred_values_has_a_bit_of_its_own():
    articles = [make.audience(value) for value in MANY]
    for place, value in enumerate(MANY):
        told = eligibility.allowed(masked(articles), {FUNCTION: {value}}, (FUNCTION,))
        assert np.flatnonzero(told).tolist() == [place]


@pytest.mark.parametrize("audience", [Audience({}), Audience({FUNCTION: frozenset()}), make.audience(region=["north"])])
def test_an_audience_that_says_nothing_about_functions_is_for_nobody(audience):
    person = {FUNCTION: {"sales", ALL}, "region": {"north"}}
    assert not eligibility.allowed(masked([audience]), person, (FUNCTION,)).any()


def test_a_person_of_whom_nothing_is_known_gets_only_what_is_for_everybody():
    articles = [make.audience("sales"), make.audience(ALL), make.audience("hr")]
    assert eligibility.allowed(masked(articles), {}, (FUNCTION,)).tolist() == [False, True, False]


def test_an_axis_without_masks_is_closed_and_function_is_not_optional():
    articles = masked([make.audience(ALL)])
    assert not eligibility.allowed(articles, {}, (FUNCTION, "shoe size")).any()
    with pytest.raises(ValueError, match="always"):
        eligibility.allowed(articles, {}, ("region",))


def test_named_is_not_the_same_as_admitted():
    mask = eligibility.pack([make.audience("sales", "hr"), make.audience(ALL)], FUNCTION)
    assert mask.named.tolist() == [2, 0]
    assert mask.names(0, "hr")
    assert not mask.names(0, "legal")
    assert not mask.names(1, "hr")


few = ["a", "b", "c"]
stored = st.dictionaries(
    st.sampled_from(["function", "region"]),
    st.frozensets(st.sampled_from(few), min_size=1, max_size=2) | st.just(frozenset({ALL})),
).map(Audience)
member = st.dictionaries(
    st.sampled_from(["function", "region"]), st.frozensets(st.sampled_from([*few, "d"]), min_size=1, max_size=2)
)
moments = st.sampled_from([NOW - timedelta(days=2), NOW - timedelta(days=1), NOW, NOW + timedelta(seconds=1)])
articles_in_store = st.tuples(stored, moments, moments | st.none())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(articles_in_store, min_size=1, max_size=5),
    st.lists(member, min_size=1, max_size=3),
    st.sampled_from([("function",), ("function", "region")]),
)
def test_mask_and_second_check_agree(sqlite_database, offered, members, hard_axes):
    tenant = TenantId(new_id())
    everyone = [make.employee(axes=axes) for axes in members]
    with sqlite_database.write() as connection:
        tenants.ensure(connection, tenant, "A world of its own", NOW)
        people.upsert(connection, tenant, everyone)
        ids = [
            make.store_live(connection, tenant, audience, live_from=opens, expires_at=closes).id
            for audience, opens, closes in offered
        ]
    with sqlite_database.read() as connection:
        snapshot = Snapshot.build(approved(connection, tenant, ENCODER), hard_axes)
        for person in everyone:
            mask = eligibility.allowed(snapshot, person.axes, hard_axes) & snapshot.live(NOW)
            by_mask = {article for article, open_ in zip(snapshot.ids, mask, strict=True) if open_}
            closed = audiences.violations(connection, tenant, person.id, ids, hard_axes, NOW)
            assert by_mask == set(ids) - set(closed)
