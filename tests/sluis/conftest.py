"""The command line as a person meets it: words in, text and exit code out, on a folder of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from catalog.database import Database
from catalog.ids import TenantId
from evaluation.benchmarks import stock
from evaluation.synthetic import simulate
from models.ranker import LambdaMart
from sluis.main import main
from sluis.wiring import House
from tests.make import NOW


@dataclass
class Shell:
    """One person's terminal."""

    folder: Path
    call: Callable[..., tuple[int, str, str]]

    def __call__(self, *words: str) -> str:
        """Run a command that must end well, and return what it printed."""
        code, printed, complained = self.call(*words)
        assert code == 0, complained
        return printed

    def fails(self, *words: str) -> str:
        """Run a command that must not end well, and return the one line it says."""
        code, _, complained = self.call(*words)
        assert code != 0
        assert len(complained.strip().splitlines()) == 1, complained
        return complained

    @property
    def database(self) -> Database:
        """What the commands wrote to."""
        return Database(f"sqlite:///{self.folder / 'sluis.db'}")

    @property
    def tenant(self) -> TenantId:
        """Whom they acted for."""
        return TenantId("default")


@pytest.fixture
def shell(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("SLUIS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words):
        monkeypatch.setattr("sys.argv", ["sluis", *words])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        printed, complained = capfd.readouterr()
        return code, printed, complained

    return Shell(tmp_path, call)


@pytest.fixture
def loopback():
    """Serve documents by path on a free loopback port; `asked` lists every path that was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            serve.asked.append(self.path)
            self.send_response(200 if self.path in documents else 404)
            self.end_headers()
            self.wfile.write(documents.get(self.path, b""))

        def log_message(self, *_):
            """Silence."""

    documents = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()

    def serve(told):
        documents.update(told)
        return f"http://127.0.0.1:{server.server_port}"

    serve.asked = []
    yield serve
    server.shutdown()
    server.server_close()


def four_days(house: House) -> tuple[LambdaMart, dict[str, str]]:
    """Four days of feeds in a house, and a ranker with its facts that is not in its registry yet."""
    random = np.random.default_rng(1)
    staff = stock.staff(12, NOW, random)
    live = stock.live_articles(24, 8, timedelta(days=14), NOW, random)
    stock.store(house.database, house.tenant, live, staff, NOW, lambda _: None)
    simulate(house.database, house.tenant, house.feeds(), staff, 4, NOW, seed=1)
    made = stock.ranker(20, random)
    return made, {"name": made.name, "unseen_since": (NOW - timedelta(days=4)).isoformat()}
