"""A small organisation that has used its feeds for some days: simulated once, copied for each test that changes it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from catalog import people, tenants
from catalog.database import Database
from catalog.ids import TenantId
from catalog.records import Employee
from evaluation.synthetic import World, simulate
from models.heuristic import HeuristicRanker
from ranking.config import RankingOptions
from ranking.feed import FeedService
from tests import make

TENANT = TenantId("acme")
FUNCTIONS = ("sales", "hr")
TOPICS = ("labour", "energy", "law", "software", "design", "logistics")
DAYS = 8


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the simulation left behind. `violations` is what the feed's second check had to take out."""

    path: Path
    world: World
    people: tuple[Employee, ...]
    days: list[int]
    violations: int


@pytest.fixture(scope="session")
def simulated(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    path = tmp_path_factory.mktemp("simulated") / "sluis.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    colleagues = tuple(make.employee(FUNCTIONS[number % 2]) for number in range(10))
    _settle(database, colleagues)
    service = FeedService(TENANT, HeuristicRanker, RankingOptions())
    days: list[int] = []
    world = simulate(database, TENANT, service, colleagues, DAYS, make.NOW, seed=1, progress=days.append)
    database.close()
    return Simulated(path, world, colleagues, days, service.violations)


@pytest.fixture
def afterwards(simulated: Simulated, tmp_path: Path) -> Iterator[Database]:
    """A database of one's own, as the simulation left it."""
    shutil.copy(simulated.path, tmp_path / "copy.db")
    database = Database(f"sqlite:///{tmp_path / 'copy.db'}")
    yield database
    database.close()


def _settle(database: Database, colleagues: tuple[Employee, ...]) -> None:
    """Articles that go live from ten days before the simulation until its end; every third for everybody."""
    random = np.random.default_rng(2)
    with database.write() as connection:
        tenants.ensure(connection, TENANT, "Acme", make.NOW)
        tenants.set_encoder(connection, TENANT, make.ENCODER)
        people.upsert(connection, TENANT, colleagues)
        for number in range(60):
            at = make.NOW - timedelta(days=float(random.uniform(0, DAYS + 10)))
            make.store_live(
                connection,
                TENANT,
                make.audience("*" if number % 3 == 0 else FUNCTIONS[number % 2]),
                seed=number,
                tags={"topic": {TOPICS[number % 6]: 0.9}, "function": {FUNCTIONS[number % 2]: 0.7}},
                published_at=at,
                created_at=at,
                live_from=at,
            )
