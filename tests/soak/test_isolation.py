"""Ten million places of slates, and not one that was not for its reader.

SOAK_SLATE_ITEMS says how many, SOAK_CPU_MINUTES after how long to stop in any case. Each pair of organisations has a
database of its own that goes when it was audited, so neither memory nor disk grows with the number.
"""

import os
import resource
import shutil
import time
from random import Random

import pytest

from catalog.ids import TenantId
from curation import audit
from tests.leaks import World, hasty, some_options

pytestmark = pytest.mark.soak

ITEMS = int(os.environ.get("SOAK_SLATE_ITEMS", "10000000"))
CPU_SECONDS = 60 * float(os.environ.get("SOAK_CPU_MINUTES", "inf"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
ROUNDS = 60


def test_no_place_of_any_slate_is_for_somebody_else(sqlite_template, tmp_path):
    random, began, items, worlds = Random(SEED), time.process_time(), 0, 0
    while items < ITEMS and time.process_time() - began < CPU_SECONDS:
        path = tmp_path / "world.db"
        shutil.copy(sqlite_template, path)
        database = hasty(path)
        both = [World(database, TenantId(name), random, some_options(random)) for name in ("one", "two")]
        for world in both:
            world.begin(many=random.randint(5, 250), few=8)
        for _ in range(ROUNDS):
            for world in both:
                world.round()
        for world in both:
            with database.read() as connection:
                found = audit.isolation(connection, world.tenant)
            assert (world.leaks, world.service.violations, found.broken) == ([], 0, 0)
            assert found.items == world.items
            items, worlds = items + world.items, worlds + 1
        database.close()
        for left in tmp_path.glob("world.db*"):
            left.unlink()
        spent = time.process_time() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{items} items, {worlds} organisations, {items / spent:.0f} items/s of CPU, {memory:.0f} MB", flush=True)
    assert items
