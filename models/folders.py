"""Folders that appear whole or not at all, whatever is killed and whoever else does the same at the same time."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

_DRAFT: Final = ".draft-"
_ABANDONED: Final = 3600.0
"""Seconds after which a draft belongs to a process that died: nothing here takes longer than a minute to write."""


@contextmanager
def publish(target: Path, *, sweep: bool = False) -> Iterator[Path]:
    """A draft folder that becomes `target` in one step when the block ends well, and is gone when it does not.

    With `sweep` what killed processes left beside it goes as well: for a folder that is nobody's but ours, in which no
    draft takes long. Raises FileExistsError where `target` has come into being in the meantime: then the first stands.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.parent / f"{_DRAFT}{uuid4().hex}"
    draft.mkdir()
    try:
        if sweep:
            _sweep(draft)
        yield draft
        for path in (*draft.rglob("*"), draft):
            sync(path)
        if target.exists():
            raise FileExistsError(f"{target} exists already")
        try:
            draft.rename(target)
        except OSError as error:  # between the look and the step: a folder that is not empty is never replaced
            raise FileExistsError(f"{target} exists already") from error
        sync(target.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of a file in one step: a reader sees the old bytes or the new ones."""
    with _drafted(path, content, 0o644) as draft:
        draft.replace(path)


def create_file(path: Path, content: bytes, mode: int) -> None:
    """Make a file that is not there yet; where another process made it first, that one stands."""
    with _drafted(path, content, mode) as draft, suppress(FileExistsError):
        os.link(draft, path)


def sync(path: Path) -> None:
    """Bring a file or folder to the disk, so that a power cut after this cannot undo it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _drafted(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f"{_DRAFT}{uuid4().hex}"
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
        sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sweep(draft: Path) -> None:
    """Remove what killed processes left beside `draft`; its own age is read off the same file system's clock."""
    now = draft.stat().st_mtime
    for other in draft.parent.glob(f"{_DRAFT}*"):
        try:
            abandoned = now - other.stat().st_mtime > _ABANDONED
        except FileNotFoundError:  # its owner has just published it
            continue
        if abandoned:
            shutil.rmtree(other, ignore_errors=True)
