"""Function A never gets what is for function B, whatever happens between two feeds; and a leak would be found."""

import shutil
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ranking.slate
from catalog.ids import TenantId, new_id
from curation import audit
from ranking.feed import FeedService
from tests.leaks import World, hasty, some_options

TENANTS = (TenantId("one"), TenantId("two"))


@contextmanager
def copied(template, folder):
    """A database of one's own."""
    path = folder / f"{new_id()}.db"
    shutil.copy(template, path)
    database = hasty(path)
    yield database
    database.close()


def lived(database, random, rounds, many=12, few=3):
    """Two organisations in one database, after so many rounds."""
    worlds = [World(database, tenant, random, some_options(random)) for tenant in TENANTS]
    for world in worlds:
        world.begin(many, few)
    for _ in range(rounds):
        for world in worlds:
            world.round()
    return worlds


def audited(world):
    with world.database.read() as connection:
        return audit.isolation(connection, world.tenant)


@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_nobody_is_ever_served_what_is_not_for_them(sqlite_template, tmp_path_factory, random):
    with copied(sqlite_template, tmp_path_factory.getbasetemp()) as database:
        for world in lived(database, random, rounds=2):
            assert world.leaks == []
            assert world.service.violations == 0
            found = audited(world)
            assert (found.items, found.broken) == (world.items, 0)


def everything(snapshot, axes, hard_axes):
    return snapshot.audiences["function"].words.any(axis=1) | True


def pinned_too(snapshot, axes, hard_axes):
    """Eligibility as it is, and what is pinned beside it."""
    return ALLOWED(snapshot, axes, hard_axes) | (snapshot.pinned_until > 0)


ALLOWED = ranking.slate.allowed


@pytest.mark.parametrize("leak", [everything, pinned_too])
def test_a_leak_in_the_masks_is_caught_by_the_second_check(sqlite_template, tmp_path, monkeypatch, leak):
    monkeypatch.setattr("ranking.slate.allowed", leak)
    with copied(sqlite_template, tmp_path) as database:
        worlds = lived(database, Random(3), rounds=8)
        assert all(world.leaks == [] and audited(world).broken == 0 for world in worlds)
        assert sum(world.service.violations for world in worlds) > 0


@pytest.mark.parametrize("leak", [everything, pinned_too])
def test_a_leak_that_passes_both_checks_is_found_afterwards(sqlite_template, tmp_path, monkeypatch, leak):
    monkeypatch.setattr("ranking.slate.allowed", leak)
    monkeypatch.setattr(FeedService, "_closed", lambda *_: [])
    with copied(sqlite_template, tmp_path) as database:
        for world in lived(database, Random(3), rounds=8):
            told = {(one.slate_id, one.article_id) for one in audited(world).violations}
            assert told
            assert told <= set(world.leaks)  # the account counts as well what expired
