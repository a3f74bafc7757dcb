"""How long until a server that was just started answers its first feed, beside the imports it cannot do without."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from statistics import median
from typing import Final

import numpy as np

from catalog import keys, schema
from catalog.database import Database
from catalog.errors import Unavailable
from catalog.ids import TenantId
from catalog.keys import Scope
from catalog.records import Employee
from evaluation.benchmarks import stock
from evaluation.benchmarks.figures import Figure, seconds
from models.manifest import RANKER
from models.protocols import Progress
from models.registry import Registry

BARE: Final = "import lightgbm, fastapi, sqlalchemy"
"""What any server of this kind spends its start on."""

_PATIENCE: Final = 120.0
_PAUSE: Final = 0.005


class NotServing(Unavailable):
    """The server ended, or did not answer in time."""

    code = "not_serving"


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What the server finds when it starts, and how often it is started."""

    articles: int = 1000
    dimensions: int = 384
    trees: int = 50
    runs: int = 3
    seed: int = 1

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return self.articles + self.runs


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation to start, empty so far. `command` serves it on the port that is appended as its last word."""

    database: Database
    registry: Registry
    tenant: TenantId
    command: Sequence[str]
    environment: Mapping[str, str]

    @contextmanager
    def serving(self, port: int) -> "Iterator[subprocess.Popen[bytes]]":
        """The server's process, which was just started and ends with the block."""
        command = [*self.command, str(port)]
        server = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
        try:
            yield server
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()


def measure(house: Installation, options: StartOptions, now: datetime, progress: Progress) -> list[Figure]:
    """Fill the house, and start it again and again. `progress` hears of each article and of each start."""
    random = np.random.default_rng(options.seed)
    people, key = furnish(house, options, now, random, progress)
    ours, theirs = list[float](), list[float]()
    for person in people:  # somebody else each time: a slate that stands would be quicker
        ours.append(_first_feed(house, person, key))
        theirs.append(seconds(lambda: subprocess.run([sys.executable, "-c", BARE], check=True)))  # noqa: S603 - our own words
        progress(1)
    return [
        Figure(f"first feed, {name}", "s", choose(ours), "bare imports", choose(theirs))
        for name, choose in (("best", min), ("median", median))
    ]


def furnish(
    house: Installation, options: StartOptions, now: datetime, random: np.random.Generator, progress: Progress
) -> tuple[list[Employee], str]:
    """Articles, a person per run, a ranker in charge, and a key."""
    schema.upgrade(house.database)
    live = stock.live_articles(options.articles, options.dimensions, timedelta(days=60), now, random)
    people = stock.staff(options.runs, now, random)
    stock.store(house.database, house.tenant, live, people, now, progress)
    with house.database.write() as connection:
        key = keys.create(connection, house.tenant, "bench", frozenset({Scope.RECOMMEND}), now).text
    files = stock.ranker(options.trees, random).to_files()
    made = house.registry.add(RANKER, files, facts={}, metrics={}, now=now)
    house.registry.promote(RANKER, made.name)
    return people, key


def _first_feed(house: Installation, person: Employee, key: str) -> float:
    """Seconds from the start of the process to the whole of its first answer."""
    port = free_port()
    begun = time.perf_counter()
    with house.serving(port) as server:
        while not _answered(port, f"/v1/employees/{person.id}/feed", key):
            if server.poll() is not None or time.perf_counter() - begun > _PATIENCE:
                raise NotServing("the server gave no feed: run 'sluis serve' by hand to see why")
            time.sleep(_PAUSE)
        return time.perf_counter() - begun


def _answered(port: int, path: str, key: str) -> bool:
    """Whether there was an answer; False while nobody listens yet. Raises NotServing where it is no feed."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)) as connection:
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        except ConnectionRefusedError:
            return False
        response = connection.getresponse()
        if response.status != HTTPStatus.OK:
            raise NotServing(f"the server answered {response.status} instead of a feed: {response.read()!r}")
        response.read()
        return True


def free_port() -> int:
    """One that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
