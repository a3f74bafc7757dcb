"""What the way from a feed's address to stored articles costs, beside the two parsers that nobody can do without."""

import asyncio
import io
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Final

import feedparser
import trafilatura

from catalog import schema, sources, tenants
from catalog.clock import utcnow
from catalog.database import Database
from catalog.ids import TenantId
from evaluation.benchmarks import newsstand
from evaluation.benchmarks.extraction import KnownPage
from evaluation.benchmarks.figures import Figure
from evaluation.benchmarks.newsstand import RSS, Answer, Shelf
from evaluation.benchmarks.processor import family_seconds
from ingest.config import FetchLimits, IngestOptions
from ingest.pipeline import Dispatcher
from ingest.worker import Worker
from models.protocols import Progress

TENANT: Final = TenantId("bench")
PEERS: Final = "bare feedparser + trafilatura"

ROUNDS: Final = 5

_HOST: Final = "127.0.0.1"
_WARM: Final = 8


def measure(folder: Path, pages: Sequence[KnownPage], progress: Progress) -> list[Figure]:
    """Processor time per page: ours from loopback into a new database in `folder`, and the bare parsers'.

    Both keep all cores busy, because a busy core slows its neighbour down. What starts once per process (children,
    imports) is paid before the measuring begins. Both take turns, and the median of ROUNDS counts: the least of few is
    often lucky on one side alone.
    """
    ours, theirs = list[float](), list[float]()
    with (
        newsstand.serve(shelf, [page.body for page in pages], hosts=[_HOST]) as port,
        ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        list(pool.map(_bare, [pages[:_WARM]] * 2 * (os.cpu_count() or 1)))
        for turn in range(ROUNDS):
            ours.append(asyncio.run(_ours(folder / f"path-{turn}.db", port, progress)))
            begun = family_seconds()
            list(pool.map(_bare, _parts(pages)))
            theirs.append(family_seconds() - begun)
    mine, other = (1000 * median(turns) / len(pages) for turns in (ours, theirs))
    return [Figure("whole path", "ms a page", mine, PEERS, other)]


def _parts(pages: Sequence[KnownPage]) -> list[Sequence[KnownPage]]:
    """The pages in small portions, so that no process has nothing left to do while another is busy."""
    return [pages[start : start + _WARM] for start in range(0, len(pages), _WARM)]


async def _ours(path: Path, port: int, progress: Progress) -> float:
    """Processor seconds from the feed's address to the last stored page; a first source has warmed the children up."""
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    with database.write() as connection:
        tenants.ensure(connection, TENANT, "Bench", utcnow())
    options = IngestOptions(
        limits=FetchLimits(allow=frozenset({(_HOST, port)})), lease=timedelta(minutes=30), min_feed_words=1
    )
    async with Worker(database, TENANT, options, utcnow) as worker:
        used = []
        for feed in ("/warm", "/feed"):
            with database.write() as connection:
                sources.add(connection, TENANT, newsstand.source(f"http://{_HOST}:{port}{feed}"))
            begun = family_seconds()
            await Dispatcher(worker, progress).run(asyncio.Event(), stay=False)
            used.append(family_seconds() - begun)
    database.close()
    return used[-1]


def _bare(pages: Sequence[KnownPage]) -> None:
    feedparser.parse(io.BytesIO(_feed(len(pages))))
    for page in pages:
        trafilatura.bare_extraction(page.body, url=page.url, with_metadata=True)


def shelf(bodies: Sequence[bytes]) -> Shelf:
    """A feed that announces every page, and another that announces a few of them to warm up with."""

    def answer(_: str, path: str) -> Answer | None:
        if path in ("/feed", "/warm"):
            return Answer(_feed(len(bodies)) if path == "/feed" else _feed(_WARM), RSS)
        number = path.rpartition("/")[2]
        return Answer(bodies[int(number)]) if number.isdigit() else None

    return answer


def _feed(count: int) -> bytes:
    return newsstand.rss("Pages", [(f"Page {n}", f"/page/{n}") for n in range(count)])
