"""`sluis serve` from outside: several processes, figures that add up, and an end that leaves nobody unanswered."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from catalog import keys, people, schema, tenants
from catalog.clock import utcnow
from catalog.database import Database
from catalog.ids import TenantId, new_id
from catalog.keys import Scope
from evaluation.benchmarks.start import free_port
from tests import make

START_SECONDS = 60
TENANT = TenantId("default")
TOKEN = "t" * 32


@contextmanager
def serving(folder: Path, *options: str, **settings: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]", Path]]:
    port = free_port()
    environment = (
        os.environ
        | {
            "SLUIS_DATA_DIR": str(folder),
            "SLUIS_METRICS_TOKEN": TOKEN,
            "SLUIS_LOG_FORMAT": "json",
        }
        | settings
    )
    command = [sys.executable, "-m", "sluis.main", "serve", "--port", str(port), *options]
    log = folder / "log"
    with log.open("wb") as err:
        process = subprocess.Popen(command, env=environment, stderr=err, start_new_session=True)
    try:
        origin = f"http://127.0.0.1:{port}"
        ready(origin, process)
        yield origin, process, log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=START_SECONDS)
        finally:
            with suppress(ProcessLookupError):  # workers whose parent is gone
                os.killpg(process.pid, signal.SIGKILL)


def ready(origin: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urlopen(f"{origin}/readyz", timeout=10).read()
            return
        except (URLError, ConnectionError):
            assert process.poll() is None, "the server ended"
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def fetch(url: str, key: str, told: dict[str, object] | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = json.dumps(told).encode() if told is not None else None
    return urlopen(Request(url, body, headers), timeout=30).read()


@pytest.fixture
def stocked(tmp_path):
    """A data folder with a person, an article for them, and a key."""
    database = Database(f"sqlite:///{tmp_path / 'sluis.db'}")
    schema.upgrade(database)
    person = make.employee("sales")
    with database.write() as connection:
        tenants.ensure(connection, TENANT, "Acme", make.NOW)
        people.upsert(connection, TENANT, [person])
        make.store_live(connection, TENANT, make.audience("sales"))
        tenants.set_encoder(connection, TENANT, make.ENCODER)
        key = keys.create(connection, TENANT, "test", frozenset({Scope.RECOMMEND}), make.NOW).text
    database.close()
    return tmp_path, person, key


def test_several_workers_answer_alike_and_their_figures_add_up(stocked):
    folder, person, key = stocked
    with serving(folder, "--workers", "2") as (origin, _, log):
        url = f"{origin}/v1/employees/{person.id}/feed"
        slates = {json.loads(fetch(url, key))["slate_id"] for _ in range(20)}
        assert len(slates) == 1  # what one made stands for the other
        page = fetch(f"{origin}/metrics", TOKEN).decode()
    counted = [line for line in page.splitlines() if line.startswith("sluis_request_seconds_count") and "feed" in line]
    assert sum(float(line.rpartition(" ")[2]) for line in counted) == 20
    assert "sluis_isolation_violations_total 0.0" in page
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert len([line for line in lines if line.get("route") == "/v1/employees/{employee_id}/feed"]) == 20
    assert person.email not in log.read_text()


def test_who_is_being_answered_gets_the_answer_when_the_server_is_told_to_stop(stocked):
    folder, person, key = stocked
    answers = []

    def ask(url: str) -> None:
        try:
            answers.append(json.loads(fetch(url, key))["slate_id"])
        except (URLError, ConnectionError) as error:
            answers.append(error)

    with serving(folder) as (origin, process, _):
        fetch(f"{origin}/v1/employees/{person.id}/feed", key)
        blocker = Database(f"sqlite:///{folder / 'sluis.db'}")
        asking = threading.Thread(target=ask, args=[f"{origin}/v1/employees/{person.id}/feed?written_in=nl"])
        with blocker.write():  # another slate has to wait for this to be written down
            asking.start()
            time.sleep(1)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert process.poll() is None
            assert answers == []
        asking.join(timeout=30)
        blocker.close()
        assert [type(answer) for answer in answers] == [str]
        assert process.wait(timeout=30) in (0, -signal.SIGTERM)


REPLICA_SECONDS = 2.0
"""After what one replica acknowledged, another one knows of it."""


@pytest.fixture
def shared(postgres_url):
    """A PostgreSQL database with five colleagues, as many articles for them, and a key that may do everything."""
    database, colleagues = Database(postgres_url).of(TENANT), [make.employee("sales") for _ in range(5)]
    with database.write() as connection:
        tenants.ensure(connection, TENANT, "Acme", make.NOW)
        people.upsert(connection, TENANT, colleagues)
        for seed in range(5):
            moments = dict.fromkeys(("published_at", "created_at", "live_from"), utcnow() - timedelta(hours=seed + 1))
            make.store_live(connection, TENANT, make.audience("sales"), seed=seed, **moments)
        tenants.set_encoder(connection, TENANT, make.ENCODER)
        key = keys.create(connection, TENANT, "test", frozenset(Scope), make.NOW).text
    database.close()
    return postgres_url, colleagues, key


def test_what_one_replica_acknowledged_counts_in_what_another_ranks(shared, tmp_path):
    url, (reader, late, *others), key = shared
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()

    def feed(origin, person):
        answer = json.loads(fetch(f"{origin}/v1/employees/{person.id}/feed", key))
        return answer["slate_id"], {item["article"]["id"]: item["score"] for item in answer["items"]}

    with (
        serving(folders[0], SLUIS_DATABASE_URL=url) as (one, _, _),
        serving(folders[1], SLUIS_DATABASE_URL=url) as (other, _, _),
    ):
        told, (_, before) = [], feed(other, reader)  # so that the other one has a state and a slate that stands
        liked = min(before, key=before.__getitem__)
        for person in (reader, *others):
            slate, _ = feed(one, person)
            named = {"slate_id": slate, "article_id": liked, "employee_id": person.id}
            told += [{"id": new_id(), "type": kind, "at": utcnow().isoformat()} | named for kind in ("open", "share")]
        accepted = json.loads(fetch(f"{one}/v1/events", key, {"events": told}))
        assert {each["status"] for each in accepted["results"]} == {"accepted"}
        heard = time.monotonic()
        assert set(feed(other, reader)[1]) == set(before) - {liked}  # who shared something is not offered it again
        scores = feed(other, late)[1]
        assert set(scores) == set(before)
        assert scores[liked] > before[liked]  # it is worth more to a colleague who has done nothing
        assert time.monotonic() - heard < REPLICA_SECONDS

        decided = {"action": "withdraw", "by": "Ann", "reason": "it was wrong"}
        fetch(f"{one}/v1/articles/{liked}/decisions", key, decided)
        heard = time.monotonic()
        assert set(feed(other, late)[1]) == set(before) - {liked}
        assert time.monotonic() - heard < REPLICA_SECONDS
