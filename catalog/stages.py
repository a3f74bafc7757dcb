"""Where the time of a request goes: functions that name themselves as a stage of it, for whoever listens.

Nobody does by default, and then it costs a look at a variable. Who does, such as a tracer, is the roof's business:
the floors that do the work know of no such thing.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

Listener = Callable[[str], AbstractContextManager[Any]]
"""Makes something that is entered when a stage of that name begins, and left when it ends."""

_listener: Listener | None = None


def listen(listener: Listener | None) -> None:
    """Tell this one of every stage in this process from now on, in the place of whoever was told before."""
    global _listener
    _listener = listener


def stage(name: str) -> Callable[[Callable[Given, Answer]], Callable[Given, Answer]]:
    """Call each run of the function a stage of this name."""

    def named(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
        @wraps(function)
        def run(*args: Given.args, **given: Given.kwargs) -> Answer:
            if _listener is None:
                return function(*args, **given)
            with _listener(name):
                return function(*args, **given)

        return run

    return named
