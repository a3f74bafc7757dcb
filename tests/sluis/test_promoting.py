"""Rankers that were to rank over the API, judged by a real gate on a real log; and by a worker that is asked to."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from catalog import outbox, promotions, tenants, webhooks
from catalog.clock import utcnow
from catalog.ids import TenantId
from catalog.records import PromotionState
from catalog.webhooks import Topic
from evaluation.gate import GateOptions
from models.manifest import RANKER
from sluis import promoting
from sluis.wiring import open_house
from tests.make import NOW
from tests.sluis.conftest import four_days

PATIENCE = 120.0
LATELY = {"unseen_since": (NOW - timedelta(days=1)).isoformat()}
"""Of one that has learned from all but a day: too few slates are left for the gate, however the days went."""


@pytest.fixture
def lived(shell):
    """Four days of feeds, and a ranker that ranks nothing yet."""
    house = open_house()
    made, facts = four_days(house)
    shell.add = lambda **more: house.registry.add(RANKER, made.to_files(), facts=facts | more, metrics={}, now=NOW)
    shell.registry = house.registry
    return shell


def ask(shell, model):
    with shell.database.write() as connection:
        promotions.ask(connection, shell.tenant, model, "notebook", utcnow())


def said(shell, model):
    with shell.database.read() as connection:
        return promotions.latest(connection, shell.tenant, [model])[model]


def test_one_that_is_as_good_ranks_and_webhooks_hear_of_it(lived, monkeypatch):
    monkeypatch.setattr(promoting, "GateOptions", lambda: GateOptions(slates=5))
    champion, challenger = lived.add(), lived.add()
    lived.registry.promote(RANKER, champion.name)
    with lived.database.write() as connection:
        hook = webhooks.add(connection, lived.tenant, "https://a.example/", frozenset({Topic.MODEL_PROMOTED}), NOW)
    ask(lived, challenger.name)
    (judged,) = json.loads(lived("models", "judge", "--json"))
    assert (judged["model"], judged["state"], judged["asked_by"]) == (challenger.name, "promoted", "notebook")
    assert lived.registry.current(RANKER) == challenger
    found = said(lived, challenger.name)
    assert found.reason.startswith("passed: nDCG@10")
    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)
    assert found.slates >= 5
    with lived.database.read() as connection:
        (told,) = outbox.deliveries(connection, lived.tenant, webhook=hook.id)
    assert json.loads(told.body)["data"] == {"name": challenger.name}
    assert "Nothing waits" in lived("models", "judge")


def test_what_the_gate_refuses_is_told_with_its_figures(lived):
    challenger = lived.add(**LATELY)
    ask(lived, challenger.name)
    assert "of 40 needed" in lived("models", "judge")
    found = said(lived, challenger.name)
    assert (found.state, found.difference) == (PromotionState.REFUSED, None)
    assert 0 < found.slates < 40
    assert lived.registry.current(RANKER) is None


def test_what_is_promoted_at_a_terminal_is_written_down_too(lived):
    challenger = lived.add(**LATELY)
    assert "of 40 needed" in lived.fails("models", "promote", challenger.name)
    found = said(lived, challenger.name)
    assert (found.state, found.asked_by) == (PromotionState.REFUSED, promoting.TERMINAL)


def test_what_cannot_be_judged_says_why_and_waits_no_more(lived):
    damaged, unsplit = lived.add(), lived.add(unseen_since="long ago")
    (lived.registry.root / RANKER / damaged.name / "model.txt").write_text("other trees")
    for name, says in ((damaged.name, "is not the file"), (unsplit.name, "which days"), ("ranker-1", "no ranker")):
        ask(lived, name)
        lived("models", "judge")
        found = said(lived, name)
        assert found.state is PromotionState.FAILED
        assert says in found.reason


def test_an_organisation_that_came_meanwhile_keeps_its_ranker(lived, monkeypatch):
    monkeypatch.setattr(promoting, "GateOptions", lambda: GateOptions(slates=5))
    champion, challenger = lived.add(), lived.add()
    lived.registry.promote(RANKER, champion.name)
    ask(lived, challenger.name)
    with lived.database.write() as connection:
        tenants.ensure(connection, TenantId("other"), "Other", NOW)
    lived("models", "judge")
    assert said(lived, challenger.name).state is PromotionState.FAILED
    assert "other organisations" in said(lived, challenger.name).reason
    assert lived.registry.current(RANKER) == champion


def test_a_worker_has_it_judged(lived):
    challenger = lived.add(**LATELY)
    command = [sys.executable, "-m", "sluis.main", "work", "--no-enrich"]
    with subprocess.Popen(command, env=os.environ, stderr=subprocess.DEVNULL) as worker:
        try:
            ask(lived, challenger.name)
            end = time.monotonic() + PATIENCE
            while said(lived, challenger.name).state is PromotionState.WAITING:
                assert worker.poll() is None
                assert time.monotonic() < end
                time.sleep(0.1)
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE) == 0
    assert said(lived, challenger.name).state is PromotionState.REFUSED


def test_a_database_that_cannot_count_goes_by_the_word_of_its_operator(
    postgres_database, tenant, monkeypatch, tmp_path
):
    monkeypatch.setenv("SLUIS_DATABASE_URL", postgres_database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SLUIS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SLUIS_TENANT", tenant)

    def alone(seen, of=tenant):
        monkeypatch.setattr(tenants, "census", lambda _: seen)
        house = open_house()
        try:
            return house.is_alone(of)
        finally:
            house.database.close()

    assert alone(seen=1)
    assert not alone(seen=0)  # what a login sees that policies bind
    assert not alone(seen=2)
    monkeypatch.setenv("SLUIS_SOLE_TENANT", "true")
    assert alone(seen=0)
    assert not alone(seen=0, of=TenantId("other"))
    assert not alone(seen=2)
