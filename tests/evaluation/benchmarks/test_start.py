"""The benchmark of the start, once, on a real server: its first feed is a slate of the trained ranker."""

import os
import sys

import pytest

from catalog import slates
from catalog.database import Database
from catalog.ids import TenantId
from evaluation.benchmarks.start import Installation, NotServing, StartOptions, measure
from models.registry import Registry
from tests import make

TENANT = TenantId("default")
SMALL = StartOptions(articles=12, dimensions=8, trees=3, runs=1)


def installation(folder, *command):
    return Installation(
        database=Database(f"sqlite:///{folder / 'sluis.db'}"),
        registry=Registry(folder / "artefacts"),
        tenant=TENANT,
        command=(sys.executable, *command),
        environment=os.environ | {"SLUIS_DATA_DIR": str(folder)},
    )


def test_a_real_server_is_started_and_asked(tmp_path):
    house = installation(tmp_path, "-m", "sluis.main", "serve", "--port")
    best, median = measure(house, SMALL, make.NOW, lambda _: None)
    assert (best.name, median.name) == ("first feed, best", "first feed, median")
    assert best.ours == median.ours > 0
    with house.database.read() as connection:
        (slate,) = slates.every(connection, TENANT)
    assert slate.ranker.startswith("lambdamart")
    assert not slate.degraded


def test_a_server_that_ends_is_no_figure(tmp_path):
    with pytest.raises(NotServing, match="sluis serve"):
        measure(installation(tmp_path, "-c", "pass"), SMALL, make.NOW, lambda _: None)
