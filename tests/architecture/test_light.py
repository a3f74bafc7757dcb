"""The serving process stays light, and torch never meets faiss or LightGBM. Seen from outside, on real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from catalog import keys, people, tenants
from catalog.database import Database
from catalog.ids import TenantId
from catalog.keys import Scope
from evaluation.benchmarks.start import free_port
from models.manifest import TAGGERS
from models.registry import Registry
from tests import make
from tests.answering import answers
from tests.vocabulary import ENCODER, TEXT, taggers

HEAVY = {"torch", "pyarrow", "transformers", "sentence_transformers", "trafilatura", "feedparser", "sklearn"}
OPENMP = {"faiss", "lightgbm"}
START_SECONDS = 60
"""Long enough for a busy machine; how quick it really is, `sluis bench` tells."""


def loaded_by(probe: str) -> set[str]:
    command = [sys.executable, "-c", f"{probe}; import sys; print(*sys.modules)"]
    return set(subprocess.check_output(command, text=True).split())


@pytest.mark.parametrize("module", ["api.app", "sluis.main", "sluis.commands.serve", "sluis.serving", "sluis.reasons"])
def test_importing_the_edge_loads_nothing_heavy(module):
    assert not HEAVY & loaded_by(f"import {module}")


def test_nothing_that_follows_requests_is_loaded_where_nobody_asks():
    loaded = loaded_by("import sluis.serving, sluis.commands.webhooks; sluis.serving.tracing._asked()")
    assert not [name for name in loaded if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))]


def test_the_encoder_does_not_bring_faiss_or_lightgbm():
    assert not OPENMP & loaded_by("import models.encoder, ingest.enrich, models.taggers")


def test_the_ground_knows_no_database_until_it_is_asked():
    assert "sqlalchemy" not in loaded_by("import catalog.taxonomy, catalog.records, catalog.ids, catalog.errors")


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Path]]:
    """A real `sluis serve` on a free port, with the list of all it imports in a file."""
    port = free_port()
    imports = folder / "imports.txt"
    environment = os.environ | {"SLUIS_DATA_DIR": str(folder), "SLUIS_PORT": str(port)}
    command = [sys.executable, "-X", "importtime", "-m", "sluis.main", "serve"]
    with imports.open("wb") as log, subprocess.Popen(command, env=environment, stderr=log) as process:
        try:
            yield f"http://127.0.0.1:{port}", imports
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=START_SECONDS)


def fetch(url: str, key: str = "", body: bytes | None = None) -> bytes:
    deadline = time.monotonic() + START_SECONDS
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    while True:
        try:
            return urlopen(Request(url, body, headers), timeout=10).read()
        except (URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_a_running_server_that_ranked_and_tagged_has_loaded_nothing_heavy(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'sluis.db'}")
    tenant = TenantId("default")
    with serving(tmp_path) as (origin, imports):
        fetch(f"{origin}/readyz")
        person = make.employee("sales")
        with database.write() as connection:
            people.upsert(connection, tenant, [person])
            make.store_live(connection, tenant, make.audience("sales"))
            tenants.set_encoder(connection, tenant, make.ENCODER)
            key = keys.create(connection, tenant, "test", frozenset({Scope.RECOMMEND, Scope.CONTENT}), make.NOW).text
        answer = fetch(f"{origin}/v1/employees/{person.id}/feed", key)
        assert b"Lock gates open again" in answer
        registry = Registry(tmp_path / "artefacts")
        made = registry.add(TAGGERS, taggers().to_files(), facts={}, metrics={}, now=make.NOW)
        registry.promote(TAGGERS, made.name)
        with answers(ENCODER, path=tmp_path / "encoder.sock"):
            answer = fetch(f"{origin}/v1/tags", key, json.dumps({"text": TEXT}).encode())
        assert b"A seller gave the customer" in answer
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in imports.read_text().splitlines()}
    assert "ranking" in loaded
    assert not HEAVY & loaded
