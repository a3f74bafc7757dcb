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
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from catalog import keys, people, schema, tenants
from catalog.database import Database
from catalog.ids import TenantId
from catalog.keys import Scope
from evaluation.benchmarks.start import free_port
from tests import make

START_SECONDS = 60
TENANT = TenantId("default")
TOKEN = "t" * 32


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]", Path]]:
    port = free_port()
    environment = os.environ | {
        "SLUIS_DATA_DIR": str(folder),
        "SLUIS_METRICS_TOKEN": TOKEN,
        "SLUIS_LOG_FORMAT": "json",
    }
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


def fetch(url: str, key: str) -> bytes:
    return urlopen(Request(url, headers={"Authorization": f"Bearer {key}"}), timeout=30).read()


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
    assert len([line for line in lines if line.get("route", "").endswith("/feed")]) == 20
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
