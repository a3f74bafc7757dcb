"""The command line as a person meets it: words in, text and exit code out, on a folder of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.database import Database
from catalog.ids import TenantId
from sluis.main import main


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
