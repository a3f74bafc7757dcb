"""The benchmark of serving, on a handful of articles: it times what it says it times."""

from datetime import timedelta

import pytest

from catalog import slates
from catalog.database import Database
from evaluation.benchmarks.serving import TENANT, ServingOptions, measure
from tests import make

SMALL = ServingOptions(articles=30, dimensions=8, people=3, trees=5)


@pytest.mark.parametrize("now", [make.NOW, make.NOW + timedelta(days=5)], ids=["monday", "saturday"])
def test_fresh_slates_are_new_ones_and_standing_ones_are_not(tmp_path, now):
    heard = []
    found = measure(tmp_path, SMALL, now, heard.append)
    assert sum(heard) == SMALL.steps
    kinds = ("fresh slate", "standing slate", "stored picks", "event to a colleague's next feed")
    assert {figure.name for figure in found} == {f"{kind} {quantile}" for kind in kinds for quantile in ("p50", "p99")}
    assert all(figure.ours > 0 and (figure.theirs > 0 or not figure.peer) for figure in found)
    with Database(f"sqlite:///{tmp_path / 'serving.db'}").read() as connection:
        served = list(slates.every(connection, TENANT))
    served = [slate for slate in served if len(slate.items) == SMALL.size]  # picks are fewer
    # to have a history, fresh, and then two feeds for each pair of colleagues
    assert len(served) == 2 * SMALL.people + 2 * (SMALL.people - 1)
    assert {slate.ranker.partition("-")[0] for slate in served} == {"lambdamart"}
    assert all(len(slate.items) == SMALL.size for slate in served)
