"""Strangers' bytes are read in child processes that can be killed, so that a bomb costs its own source and nobody else.

Each child has a pebble pool of its own. Children that share a pool share one pipe and its locks, and one that dies
while it holds them takes its neighbours along; here a child that misbehaves is thrown away with everything it could
have left in disorder, and the next task gets a new one within milliseconds.

This bounds time and memory. It is no jail: whoever takes over a child by a fault in a parser has the rights of this
program.
"""

import asyncio
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
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, Self, TypeVar, TypeVarTuple, cast

from pebble import ProcessExpired, ProcessPool

from catalog.errors import Invalid, SluisError, Unavailable
from ingest.config import SandboxLimits

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

_PRELOADED: Final = ["ingest.sandbox", "ingest.warm"]
_MOST_CHILDREN: Final = 8
_ATTEMPTS: Final = 3
_GRACE_SECONDS: Final = 30.0
_NICENESS: Final = 5
_OPEN_FILES: Final = 64
_FROM_OUTSIDE: Final = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP}


class TooCostly(Invalid):
    """Reading this takes more time or memory than anybody's page is worth, or brings the reader down."""

    code = "too_costly"


class _Broken(Exception):
    """The child is gone, or cannot be had, and the task it was meant for is not to blame."""


class Sandbox:
    """Runs functions in children. A context: leaving it kills every child, whatever it is doing."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._limits = limits
        self._pools: set[ProcessPool] = set()
        self._waiting: set[asyncio.Future[_Outcome]] = set()
        self._closed = False
        self._places: asyncio.LifoQueue[ProcessPool | None] = asyncio.LifoQueue()
        for _ in range(limits.children or min(os.cpu_count() or 1, _MOST_CHILDREN)):
            self._places.put_nowait(None)  # a child is made when there is work for it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        for future in list(self._waiting):
            future.cancel()
        pools = [self._pools.pop() for _ in range(len(self._pools))]
        for pool in pools:
            pool.stop()  # type: ignore[no-untyped-call]
        for pool in pools:
            pool.join()

    async def run(self, work: Callable[[*Given], Result], *args: *Given) -> Result:
        """`work(*args)`, done in a child; `work` is a function that a module has under its name.

        Raises TooCostly where it went beyond a limit or brought the child down, and whatever `work` raises. A task
        whose child was killed from outside is tried again; Unavailable where no child stays alive.
        """
        task = _Task(work, args, self._limits)
        for _ in range(_ATTEMPTS):
            try:
                outcome = await self._attempt(task)
            except _Broken:
                continue
            return cast(Result, outcome.open())
        raise Unavailable("processes that read pages are killed at once: check the memory and process limits here")

    async def _attempt(self, task: "_Task") -> "_Outcome":
        """One try. The child goes back to its place, or is replaced where anything at all went wrong."""
        pool = await self._places.get()
        sound = False
        try:
            if pool is None:
                pool = await asyncio.to_thread(self._hire)
            outcome = await self._outcome(pool, task)
            sound = outcome.kind != "costly"
            return outcome
        finally:
            self._places.put_nowait(pool if sound else None)
            if pool is not None and not sound:
                asyncio.get_running_loop().run_in_executor(None, self._kill, pool)

    async def _outcome(self, pool: ProcessPool, task: "_Task") -> "_Outcome":
        limits = self._limits
        try:
            promise = pool.schedule(_confined, args=(task,), timeout=limits.seconds)
        except RuntimeError as error:  # its child died while it had nothing to do
            raise _Broken from error
        future = asyncio.wrap_future(promise)
        self._waiting.add(future)
        try:
            # pebble's clock starts when a child takes the task; this one is for a task that none takes
            await asyncio.wait([future], timeout=limits.seconds + _GRACE_SECONDS)
            if not future.done():
                raise _Broken
            return future.result()
        except ProcessExpired as error:
            raise _verdict(error.exitcode, limits) from error
        except TimeoutError as error:
            raise TooCostly(_costly(f"takes more than {limits.seconds:g} seconds")) from error
        except BrokenProcessPool as error:
            raise _Broken from error
        finally:
            self._waiting.discard(future)
            future.cancel()

    def _hire(self) -> ProcessPool:
        """A pool whose child runs. The first one of all takes a second, in which the parsers are loaded."""
        multiprocessing.set_forkserver_preload(_PRELOADED)
        pool = ProcessPool(1, self._limits.most_tasks, _confine, (self._limits,), _Context())
        self._pools.add(pool)
        try:
            running = pool.active  # which starts it
        except BrokenProcessPool as error:
            raise _Broken from error
        if not running or self._closed:
            self._kill(pool)
            raise _Broken
        return pool

    def _kill(self, pool: ProcessPool) -> None:
        try:
            self._pools.remove(pool)
        except KeyError:  # whoever takes it off the list is the one who ends it
            return
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()


@dataclass(frozen=True, slots=True)
class _Task:
    work: Callable[..., object]
    args: tuple[object, ...]
    limits: SandboxLimits


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a child answers. Packed by itself, within its limits, and not by pebble, which holds a lock meanwhile."""

    kind: Literal["result", "error", "costly"]
    packed: bytes

    def open(self) -> Any:
        """The result. Raises what the task raised."""
        match self.kind, pickle.loads(self.packed):  # noqa: S301 (our own child's, as all that pebble receives)
            case "result", found:
                return found
            case "costly", what:
                raise TooCostly(_costly(what))
            case _, (kind, args, state, trace):
                error = kind.__new__(kind, *args)  # not kind(*args): many an error asks for more than its args
                error.__dict__.update(state)
                if not isinstance(error, SluisError):
                    error.add_note(f"In a child process:\n{trace}")
                raise error


def _costly(what: str) -> str:
    return f"reading it {what}: choose a smaller feed or page"


def _verdict(exit_code: int, limits: SandboxLimits) -> Exception:
    """Why a child ended while it had a task."""
    if exit_code in _FROM_OUTSIDE:
        return _Broken()
    if exit_code == -signal.SIGXCPU:
        return TooCostly(_costly(f"takes more than {limits.cpu_seconds:g} seconds of computing"))
    name = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
    return TooCostly(f"reading it crashes the program that tries ({name}): choose another source")


class _Process(ForkServerProcess):
    """A child that does not import the main program again, which would take longer than reading most pages does."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 (its name in multiprocessing)
        with _MAIN:
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                return ForkServerProcess._Popen(process_obj)
            finally:
                sys.modules["__main__"] = main


class _Context(ForkServerContext):
    Process = _Process


_MAIN: Final = threading.Lock()


def _confine(limits: SandboxLimits) -> None:
    """What a child does first: it ends when its parent does, gives way to others, and writes and dials nowhere."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    logging.disable()  # what parsers complain of is said by the errors they raise
    gc.freeze()
    os.nice(_NICENESS)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    statm = Path("/proc/self/statm")
    if statm.exists():  # elsewhere the limit on addresses does not exist, or is not kept
        taken = int(statm.read_text().split()[0]) * resource.getpagesize()
        _lower(resource.RLIMIT_AS, taken + limits.memory_bytes)
    socket.socket = _NoSocket  # type: ignore[misc]
    subprocess.Popen = _NoProgram  # type: ignore[misc,assignment]


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


def _confined(task: _Task) -> _Outcome:
    """Do the work and pack what came of it, within the limits of one task."""
    _lower(resource.RLIMIT_CPU, math.ceil(time.process_time() + task.limits.cpu_seconds))
    try:
        return _Outcome("result", pickle.dumps(task.work(*task.args)))
    except Exception as error:  # noqa: BLE001 (it is raised again where the result is waited for)
        return _packed(error, task.limits)
    finally:
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))


def _packed(error: Exception, limits: SandboxLimits) -> _Outcome:
    causes = list(_causes(error))
    if any(isinstance(cause, MemoryError) for cause in causes):
        return _Outcome("costly", pickle.dumps(f"takes more than {limits.memory_bytes / 1e6:g} MB of memory"))
    if any(isinstance(cause, RecursionError) for cause in causes):
        return _Outcome("costly", pickle.dumps("goes too deep"))
    trace = "".join(traceback.format_exception(error))
    try:
        return _Outcome("error", pickle.dumps((type(error), error.args, error.__dict__, trace)))
    except Exception:  # noqa: BLE001 (errors may carry anything)
        return _Outcome("error", pickle.dumps((RuntimeError, (repr(error),), {}, trace)))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__
