"""A server that is killed under load: what it acknowledged is there, once, and what it did not can be sent again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from random import Random
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from catalog import events, keys, people, tenants
from catalog.database import Database
from catalog.ids import TenantId, new_id
from catalog.keys import Scope
from evaluation.benchmarks.start import free_port
from models.heuristic import HeuristicRanker
from ranking.config import RankingOptions
from ranking.feed import FeedService
from tests import make

TENANT = TenantId("default")
START_SECONDS = 60
BATCH = 25


class Client:
    """Sends batch after batch until it is told to stop; a batch that was not answered is sent again."""

    def __init__(self, origin, key, slate):
        self.acknowledged, self.statuses = [], Counter()
        self._origin, self._key, self._slate, self._stop = origin, key, slate, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self):
        self._thread.start()

    def finish(self):
        """No more batches; the one under way is sent until it is answered."""
        self._stop.set()
        self._thread.join(timeout=START_SECONDS)
        assert not self._thread.is_alive()

    def _run(self):
        while not self._stop.is_set():
            batch = [self._event() for _ in range(BATCH)]
            answer = self._send(json.dumps({"events": batch}).encode())
            assert [each["id"] for each in answer["results"]] == [each["id"] for each in batch]
            self.statuses.update(each["status"] for each in answer["results"])
            self.acknowledged += [each["id"] for each in batch]

    def _event(self):
        item = self._slate.items[0]
        named = {"slate_id": self._slate.id, "article_id": item.article_id, "employee_id": self._slate.employee_id}
        return {"id": new_id(), "type": "seen", "at": make.NOW.isoformat()} | named

    def _send(self, body):
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return json.load(urlopen(Request(f"{self._origin}/v1/events", body, headers), timeout=10))
            except HTTPError as error:
                if error.code != 503:
                    raise
            except (URLError, OSError):  # it is down, or died in the midst of it
                assert time.monotonic() < deadline
            time.sleep(0.02)


@contextmanager
def serving(port, environment, log):
    command = [sys.executable, "-m", "sluis.main", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def stocked(database):
    """A person with a slate, and a key."""
    with database.write() as connection:
        tenants.ensure(connection, TENANT, "Acme", make.NOW)
        person = make.employee("sales")
        people.upsert(connection, TENANT, [person])
        make.store_live(connection, TENANT, make.audience("sales"))
        tenants.set_encoder(connection, TENANT, make.ENCODER)
        key = keys.create(connection, TENANT, "test", frozenset({Scope.EVENTS}), make.NOW).text
    return FeedService(TENANT, HeuristicRanker, RankingOptions()).serve(database, person.id, make.NOW, 1), key


def kill_again_and_again(url, folder, kills, seed):
    database = Database(url).of(TENANT)
    slate, key = stocked(database)
    port = free_port()
    environment = os.environ | {"SLUIS_DATA_DIR": str(folder), "SLUIS_DATABASE_URL": url, "SLUIS_RATE_PER_KEY": "0"}
    client, random = Client(f"http://127.0.0.1:{port}", key, slate), Random(seed)
    with (folder / "log").open("wb") as log:
        for kill in range(kills):
            with serving(port, environment, log):
                if not kill:
                    client.start()
                time.sleep(random.uniform(0.05, 0.8))
        with serving(port, environment, log):
            client.finish()
    with database.read() as connection:
        stored = Counter(event.id for event in events.since(connection, TENANT, 0))
    database.close()
    lost = set(client.acknowledged) - set(stored)
    print(f"{kills} kills, {len(client.acknowledged)} acknowledged, {client.statuses}")
    assert len(client.acknowledged) >= kills * BATCH
    assert not lost
    assert set(stored.values()) == {1}
    assert set(stored) == set(client.acknowledged)
    assert client.statuses["refused"] == 0


def test_acknowledged_events_outlive_a_kill(sqlite_url, tmp_path):
    kill_again_and_again(sqlite_url, tmp_path, kills=2, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_twenty_kills_lose_nothing_and_double_nothing(request, database, tmp_path):
    kill_again_and_again(
        request.getfixturevalue(f"{database}_url"), tmp_path, kills=int(os.environ.get("SOAK_KILLS", "20")), seed=2
    )
