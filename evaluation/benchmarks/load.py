"""How many feeds a real server gives, and how long each takes, beside the same server saying that it is there.

A *fresh* feed is for somebody who has none yet: ranked, checked and logged. A *standing* one is asked for again. What
`/healthz` takes is the floor: the same process, the same HTTP, and nothing to do.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle

import aiohttp
import numpy as np

from evaluation.benchmarks.figures import Figure
from evaluation.benchmarks.start import Installation, NotServing, StartOptions, free_port, furnish
from models.protocols import Progress

_PATIENCE = 120.0
_FLOOR = "/healthz"


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What the server has, and by how many at once and for how many seconds each it is asked."""

    articles: int = 10_000
    people: int = 600
    clients: tuple[int, ...] = (1, 8, 64)
    fresh_clients: int = 8
    seconds: float = 8.0
    trees: int = 200
    dimensions: int = 384
    seed: int = 1

    @property
    def steps(self) -> int:
        """How often `progress` hears of one step."""
        return self.articles + 2 * len(self.clients) + 1


@dataclass(frozen=True, slots=True)
class _Run:
    """Requests a second, and milliseconds of each."""

    per_second: float
    times: list[float]

    def quantile(self, q: float) -> float:
        return float(np.quantile(self.times, q))


def measure(house: Installation, options: LoadOptions, now: datetime, progress: Progress) -> list[Figure]:
    """Fill the house, start one server process, and ask it."""
    random = np.random.default_rng(options.seed)
    filled = StartOptions(options.articles, options.dimensions, options.trees, options.people, options.seed)
    people, key = furnish(house, filled, now, random, progress)
    port = free_port()
    with house.serving(port):
        return asyncio.run(_ask(port, [f"/v1/employees/{each.id}/feed" for each in people], key, options, progress))


async def _ask(port: int, feeds: list[str], key: str, options: LoadOptions, progress: Progress) -> list[Figure]:
    async with aiohttp.ClientSession(
        f"http://127.0.0.1:{port}",
        headers={"Authorization": f"Bearer {key}"},
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=_PATIENCE),
    ) as session:
        await _ready(session)
        await _load(session, iter(feeds[:1]), 1, options.seconds)  # builds snapshot and index
        fresh = await _load(session, iter(feeds[1:]), options.fresh_clients, _PATIENCE)
        progress(1)
        found = []
        floors = {}
        for clients in options.clients:
            floors[clients] = await _load(session, cycle([_FLOOR]), clients, options.seconds)
            progress(1)
            standing = await _load(session, cycle(feeds), clients, options.seconds)
            progress(1)
            found += _figures(f"standing feed, {clients} at once", standing, floors[clients])
        beside = floors.get(options.fresh_clients, next(iter(floors.values())))
        return _figures(f"fresh feed, {options.fresh_clients} at once", fresh, beside) + found


def _figures(name: str, ours: _Run, floor: _Run) -> list[Figure]:
    peer = f"the same server at {_FLOOR}"
    return [
        Figure(name, "requests/s", ours.per_second, peer, floor.per_second),
        Figure(f"{name}, p50", "ms", ours.quantile(0.5), peer, floor.quantile(0.5)),
        Figure(f"{name}, p99", "ms", ours.quantile(0.99), peer, floor.quantile(0.99)),
    ]


async def _load(session: aiohttp.ClientSession, paths: Iterator[str], clients: int, most: float) -> _Run:
    """Each client asks for the next path as soon as it has its answer, until there is none or the time is over."""
    times: list[float] = []
    begun = time.perf_counter()

    async def client() -> None:
        while time.perf_counter() - begun < most and (path := next(paths, None)) is not None:
            asked = time.perf_counter()
            async with session.get(path) as response:
                body = await response.read()
            times.append(1000 * (time.perf_counter() - asked))
            if response.status != 200:
                raise NotServing(f"the server answered {response.status} instead of a feed: {body[:200]!r}")

    await asyncio.gather(*(client() for _ in range(clients)))
    return _Run(len(times) / (time.perf_counter() - begun), times)


async def _ready(session: aiohttp.ClientSession) -> None:
    deadline = time.perf_counter() + _PATIENCE
    while time.perf_counter() < deadline:
        try:
            async with session.get("/readyz") as response:
                if response.status == 200:
                    return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.05)
    raise NotServing("the server did not come up: run 'sluis serve' by hand to see why")
