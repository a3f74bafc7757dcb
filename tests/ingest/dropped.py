"""Files as people leave them in a watched folder."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from tests.make import NOW

WORDS = "The gates of the new lock open on Monday, and whoever works nearby is welcome to come and see it happen. "


def put(folder: Path, name: str, text: str = "", written: datetime = NOW - timedelta(hours=1)) -> Path:
    """A file as it looks when nobody writes to it any more."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text or f"# {name}\n\n{WORDS} This is {name}.", encoding="utf-8")
    os.utime(path, (written.timestamp(), written.timestamp()))
    return path
