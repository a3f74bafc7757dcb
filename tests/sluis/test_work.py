"""`sluis work` as an operator runs it: a real process, a real site on loopback, real signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, Table, func, select

from catalog import sources, tables
from catalog.clock import utcnow
from catalog.database import Database
from catalog.ids import TenantId
from catalog.records import ItemState
from sluis.demo import site
from sluis.demo.world import FEEDS, stories
from tests import make

PATIENCE = 120.0
TENANT = TenantId("default")


@dataclass
class House:
    folder: Path
    origin: str

    @cached_property
    def database(self) -> Database:
        return Database(f"sqlite:///{self.folder / 'sluis.db'}")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        told = {"SLUIS_DATA_DIR": str(self.folder), "SLUIS_TRUSTED_HOSTS": self.origin.removeprefix("http://")}
        command = [sys.executable, "-m", "sluis.main", *words]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, env=os.environ | told, stdout=subprocess.DEVNULL, stderr=log)

    @property
    def told(self) -> str:
        """What all processes said so far."""
        return (self.folder / "log").read_text()

    def count(self, table: Table, *where: ColumnElement[bool]) -> int:
        with self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

    def leases(self) -> int:
        return sum(self.count(at, at.c.lease_token.is_not(None)) for at in (tables.sources, tables.feed_items))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with site.serve(stories(), utcnow()) as origin:
        made = House(tmp_path, origin)
        assert made.start("init").wait(PATIENCE) == 0
        with made.database.write() as connection:
            for feed in FEEDS[:2]:
                sources.add(connection, TENANT, make.source(url=f"{origin}{site.feed_path(feed)}"))
        yield made
        made.database.close()


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_drains_when_it_is_told_to_stop_and_another_goes_on(house, number):
    first = house.start("work", "--no-enrich")
    until(lambda: house.count(tables.articles) >= 3, first)
    first.send_signal(number)
    assert (first.wait(PATIENCE), house.leases()) == (0, 0)
    assert "drained" in house.told
    stored = house.count(tables.articles)
    second = house.start("work", "--no-enrich")
    waiting = tables.feed_items.c.state == ItemState.DUE
    until(lambda: house.count(tables.feed_items, waiting) == 0 and house.leases() == 0, second)
    second.send_signal(number)
    assert second.wait(PATIENCE) == 0
    assert stored < house.count(tables.articles) == house.count(tables.feed_items)


def test_two_workers_share_the_work(house):
    workers = [house.start("work", "--no-enrich") for _ in range(2)]
    waiting = tables.feed_items.c.state == ItemState.DUE
    until(lambda: house.count(tables.articles) > 3, workers[0])
    until(lambda: house.count(tables.feed_items, waiting) == 0 and house.leases() == 0, workers[1])
    for worker in workers:
        worker.terminate()
    assert [worker.wait(PATIENCE) for worker in workers] == [0, 0]
    assert house.count(tables.articles) == house.count(tables.feed_items)


def test_a_worker_with_nothing_to_do_says_so(house):
    process = house.start("work", "--no-enrich", "--no-fetch")
    assert process.wait(PATIENCE) == 1
    assert "neither fetches nor enriches" in house.told
