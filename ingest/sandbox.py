"""Strangers' bytes are read in child processes that can be killed, so that a bomb costs its own source and nobody else.

Each child has a pebble pool of its own. Children that share a pool share one pipe and its locks, and one that dies
while it holds them takes its neighbours along; here a child that misbehaves is thrown away with everything it could
have left in disorder, and the next task gets a new one within milliseconds.

What is not read within its first second of computing is put aside, and starts again in a child that takes only what
the others leave. A bomb in the common line would cost everybody the whole of its limit.

This bounds time and memory. It is no jail: whoever takes over a child by a fault in a parser has the rights of this
program.
"""

import asyncio
import multiprocessing
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any, Final, Self, TypeVar, TypeVarTuple, cast

from pebble import ProcessExpired, ProcessPool

from catalog.errors import Invalid, SluisError, Unavailable
from ingest.config import SandboxLimits
from ingest.confined import Outcome, Task, confine, run_task

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

_PRELOADED: Final = ["ingest.sandbox", "ingest.warm"]
_ATTEMPTS: Final = 3
_GRACE_SECONDS: Final = 30.0
_FROM_OUTSIDE: Final = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP}
_UNTOLD: Final = 255
"""What multiprocessing says where another thread has read the exit code, as each start of a child may do."""



class TooCostly(Invalid):
    """Reading this takes more time or memory than anybody's page is worth, or brings the reader down."""

    code = "too_costly"


class _Broken(Exception):
    """The child is gone, or cannot be had. Where it had `taken` the task, that one may be to blame."""

    def __init__(self, *, taken: bool = False) -> None:
        super().__init__()
        self.taken = taken


class _Slow(TooCostly):
    """It takes more computing than it may here."""


class Sandbox:
    """Runs functions in children. A context: leaving it kills every child, whatever it is doing."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._common = _Line(limits.common())
        self._aside = _Line(limits.aside())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._common.close()
        self._aside.close()

    async def run(self, work: Callable[[*Given], Result], *args: *Given) -> Result:
        """`work(*args)`, done in a child; `work` is a function that a module has under its name.

        Raises TooCostly where it went beyond a limit or brought the child down, and whatever `work` raises. A task
        whose child was killed from outside is tried again, and then too costly as well: who kills a process that takes
        all memory is the kernel, and that looks the same. Unavailable where no child can be had.
        """
        try:
            return await self._common.run(work, *args)
        except _Slow:
            return await self._aside.run(work, *args)


class _Line:
    """Children under the same limits, and the tasks that wait for one."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._limits = limits
        self._pools: set[ProcessPool] = set()
        self._waiting: set[asyncio.Future[Outcome]] = set()
        self._closed = False
        self._places: asyncio.LifoQueue[ProcessPool | None] = asyncio.LifoQueue()
        for _ in range(limits.children):
            self._places.put_nowait(None)  # a child is made when there is work for it

    def close(self) -> None:
        """Kill every child, whatever it is doing."""
        self._closed = True
        for future in list(self._waiting):
            future.cancel()
        pools = [self._pools.pop() for _ in range(len(self._pools))]
        for pool in pools:
            pool.stop()  # type: ignore[no-untyped-call]
        for pool in pools:
            pool.join()

    async def run(self, work: Callable[[*Given], Result], *args: *Given) -> Result:
        """What `Sandbox.run` promises, but that work beyond the processor time of this line is _Slow."""
        task, taken = Task(work, args, self._limits), False
        for _ in range(_ATTEMPTS):
            try:
                outcome = await self._attempt(task)
            except _Broken as broken:
                taken |= broken.taken
                continue
            return cast(Result, _open(outcome))
        if taken:
            raise TooCostly("reading it brings down the process that reads it: choose another source")
        raise Unavailable("no process that reads pages can be started: check the memory and process limits here")

    async def _attempt(self, task: Task) -> Outcome:
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

    async def _outcome(self, pool: ProcessPool, task: Task) -> Outcome:
        limits = self._limits
        try:
            promise = pool.schedule(run_task, args=(task,), timeout=limits.seconds)
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
        pool = ProcessPool(1, self._limits.most_tasks, confine, (self._limits,), _Context())
        self._pools.add(pool)
        try:
            running = pool.active  # which starts it
        except (BrokenProcessPool, OSError) as error:
            self._kill(pool)
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


def _open(outcome: Outcome) -> Any:
    """The result. Raises what the task raised."""
    match outcome.kind, pickle.loads(outcome.packed):  # noqa: S301 (our own child's, as all that pebble receives)
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
    if exit_code in _FROM_OUTSIDE or exit_code == _UNTOLD:
        return _Broken(taken=True)
    if exit_code == -signal.SIGXCPU:
        return _Slow(_costly(f"takes more than {limits.cpu_seconds:g} seconds of computing"))
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
