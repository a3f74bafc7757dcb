"""How a process that runs all day is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


def drain_on_signal(*told: Callable[[], object]) -> None:
    """Call these at the first SIGTERM or SIGINT; a second one ends the process at once. Called in a running loop."""
    loop = asyncio.get_running_loop()

    def drain() -> None:
        log.info("asked to stop: finishing what is under way")
        for tell in told:
            tell()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)  # the next one ends the process

    for number in _SIGNALS:
        loop.add_signal_handler(number, drain)
