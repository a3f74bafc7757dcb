"""kill -9 at random moments, then a clean run: no article lost, none twice. Real commands, the demo's site."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from catalog import tables
from catalog.clock import utcnow
from catalog.database import Database
from catalog.records import ItemState, State
from sluis.demo import site
from sluis.demo.world import FEEDS, THEMES, stories

pytestmark = pytest.mark.soak

KILLS = 20
LEASE_SECONDS = 3
PATIENCE_SECONDS = 900


@dataclass
class House:
    """A data folder, and the command line on it."""

    folder: Path
    origin: str

    def start(self, *words, stdout=subprocess.DEVNULL):
        environment = os.environ | {
            "SLUIS_DATA_DIR": str(self.folder),
            "SLUIS_TRUSTED_HOSTS": self.origin.removeprefix("http://"),
            "SLUIS_LEASE_SECONDS": str(LEASE_SECONDS),
        }
        command = [sys.executable, "-m", "sluis.main", *words]
        return subprocess.Popen(command, env=environment, stdout=stdout, stderr=subprocess.DEVNULL)

    def run(self, *words):
        process = self.start(*words, stdout=subprocess.PIPE)
        printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0
        return printed

    def add(self, feeds):
        for feed in feeds:
            self.run("source", "add", f"{self.origin}{site.feed_path(feed)}")

    def count(self, table, *where):
        with Database(f"sqlite:///{self.folder / 'sluis.db'}").read() as connection:
            return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


@pytest.fixture
def house(tmp_path):
    with site.serve(stories(), utcnow()) as origin:
        made = House(tmp_path, origin)
        made.run("init")
        made.run("vocabulary", "import", str(THEMES), "--by", "Soak")
        yield made


def kill_after(process, ready):
    """kill -9 as soon as `ready`, unless it ended by itself. Whether it was killed."""
    while process.poll() is None:
        if ready():
            process.kill()
            process.wait()
            return True
        time.sleep(0.01)
    return False


def finish(house, command):
    """A clean run, once the leases of the dead have run out."""
    time.sleep(LEASE_SECONDS + 1)
    house.run(command)


def test_ingest_survives_being_killed(house):
    house.add(FEEDS)
    dice, expected, killed = random.Random(20), len(stories()), 0
    for _ in range(KILLS):
        goal, moment = house.count(tables.articles) + dice.randint(0, 8), time.monotonic() + dice.uniform(0, 1)
        process = house.start("ingest")
        killed += kill_after(
            process, lambda g=goal, m=moment: house.count(tables.articles) >= g and time.monotonic() > m
        )
        time.sleep(dice.choice([0, LEASE_SECONDS + 1]))
    finish(house, "ingest")
    assert killed >= KILLS // 2, "most runs ended before they could be killed: nothing was shown"
    assert house.count(tables.feed_items) == expected
    assert house.count(tables.feed_items, tables.feed_items.c.state == ItemState.STORED) == expected
    with Database(f"sqlite:///{house.folder / 'sluis.db'}").read() as connection:
        slugs = Counter(url.rsplit("/", 1)[-1] for url in connection.execute(select(tables.articles.c.url)).scalars())
    assert slugs == Counter(story.slug for story in stories())


def test_enrich_survives_being_killed(house):
    house.add(FEEDS[:1])
    house.run("ingest")
    house.run("enrich")  # the first one also learns the vocabulary, which would hide the moments that matter
    dice, expected, killed = random.Random(21), len(stories()), 0
    for feed in FEEDS[1:]:  # new work again and again, or the first run that gets through leaves nothing to kill
        house.add([feed])
        house.run("ingest")
        for _ in range(KILLS // len(FEEDS[1:])):
            moment = time.monotonic() + dice.uniform(2, 9)
            killed += kill_after(house.start("enrich"), lambda m=moment: time.monotonic() > m)
    assert killed >= KILLS // 2, "most runs ended before they could be killed: nothing was shown"
    finish(house, "enrich")
    assert house.count(tables.articles, tables.articles.c.state == State.EXTRACTED) == 0
    assert house.count(tables.articles, tables.articles.c.state == State.IN_REVIEW) == expected
    assert house.count(tables.embeddings) == expected
    assert house.count(tables.decisions) == expected
