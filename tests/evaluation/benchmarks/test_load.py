"""The benchmark of a served API: a real server, asked by several at once."""

import os
import sys

from catalog.database import Database
from catalog.ids import TenantId
from evaluation.benchmarks.load import LoadOptions, measure
from evaluation.benchmarks.start import Installation
from models.registry import Registry
from tests.make import NOW


def test_a_real_server_is_asked_by_several_at_once(tmp_path):
    house = Installation(
        database=Database(f"sqlite:///{tmp_path / 'sluis.db'}"),
        registry=Registry(tmp_path / "artefacts"),
        tenant=TenantId("default"),
        command=(sys.executable, "-m", "sluis.main", "serve", "--port"),
        environment=os.environ | {"SLUIS_DATA_DIR": str(tmp_path), "SLUIS_RATE_PER_KEY": "0"},
    )
    options, steps = LoadOptions(30, 12, clients=(1, 3), fresh_clients=2, seconds=0.3, trees=3, dimensions=8), []
    figures = measure(house, options, NOW, steps.append)
    assert [figure.name for figure in figures[::3]] == [
        "fresh feed, 2 at once",
        "standing feed, 1 at once",
        "standing feed, 3 at once",
    ]
    assert all(figure.ours > 0 and figure.theirs > 0 for figure in figures)
    assert sum(steps) == options.steps
