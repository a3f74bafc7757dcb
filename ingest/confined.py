"""The child's side of the sandbox: give up all that reading does not need, do one task at a time, pack what came of it.

Each task runs within its limits, and so does the packing: a result can be a bomb, too.
"""

import gc
import logging
import math
import multiprocessing
import os
import pickle
import resource
import signal
import socket
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final, Literal

from ingest.config import SandboxLimits

_OPEN_FILES: Final = 64


@dataclass(frozen=True, slots=True)
class Task:
    """What a child is asked to do; `work` is a function that a module has under its name."""

    work: Callable[..., object]
    args: tuple[object, ...]
    limits: SandboxLimits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a child answers. Packed by itself, within its limits, and not by pebble, which holds a lock meanwhile.

    A `result` is what was returned; an `error` its type, arguments, attributes and trace; `costly` says what went
    beyond a limit.
    """

    kind: Literal["result", "error", "costly"]
    packed: bytes


def confine(limits: SandboxLimits) -> None:
    """What a child does first: it ends when its parent does, gives way to others, and writes and dials nowhere."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    logging.disable()  # what parsers complain of is said by the errors they raise
    gc.freeze()
    os.nice(limits.niceness)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    statm = Path("/proc/self/statm")
    if statm.exists():  # elsewhere the limit on addresses does not exist, or is not kept
        taken = int(statm.read_text().split()[0]) * resource.getpagesize()
        _lower(resource.RLIMIT_AS, taken + limits.memory_bytes)
    socket.socket = _NoSocket  # type: ignore[misc]
    subprocess.Popen = _NoProgram  # type: ignore[misc,assignment]


def run_task(task: Task) -> Outcome:
    """Do the work and pack what came of it, within the limits of one task."""
    _lower(resource.RLIMIT_CPU, math.ceil(time.process_time() + task.limits.cpu_seconds))
    try:
        return Outcome("result", pickle.dumps(task.work(*task.args)))
    except Exception as error:  # noqa: BLE001 (it is raised again where the result is waited for)
        return _packed(error, task.limits)
    finally:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)


def _lower(kind: int, to: int) -> None:
    """Set the soft limit, which can be raised again up to the hard one."""
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (to if hard == resource.RLIM_INFINITY else min(to, hard), hard))


class _NoSocket(socket.socket):
    """What a parser gets that wants to dial. An audit hook would see more, and slow all parsing down by an eighth."""

    def __init__(self, *_: object, **__: object) -> None:
        raise PermissionError("a socket is not for a process that reads strangers' bytes")


class _NoProgram(subprocess.Popen[bytes]):
    """What a parser gets that wants to start a program."""

    def __init__(self, *_: object, **__: object) -> None:
        self.returncode = 0  # for its destructor
        raise PermissionError("a subprocess is not for a process that reads strangers' bytes")


def _packed(error: Exception, limits: SandboxLimits) -> Outcome:
    causes = list(_causes(error))
    if any(isinstance(cause, MemoryError) for cause in causes):
        return Outcome("costly", pickle.dumps(f"takes more than {limits.memory_bytes / 1e6:g} MB of memory"))
    if any(isinstance(cause, RecursionError) for cause in causes):
        return Outcome("costly", pickle.dumps("goes too deep"))
    trace = "".join(traceback.format_exception(error))
    try:
        return Outcome("error", pickle.dumps((type(error), error.args, error.__dict__, trace)))
    except Exception:  # noqa: BLE001 (errors may carry anything)
        return Outcome("error", pickle.dumps((RuntimeError, (repr(error),), {}, trace)))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
