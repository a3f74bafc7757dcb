"""Where log lines go and what they look like: for people, or as JSON for a program that gathers them.

Ids only: no name, no address of a person, no text of theirs is ever logged.
"""

import logging
import sys
from collections.abc import Callable
from typing import Literal

from pythonjsonlogger.json import JsonFormatter


def begin(form: Literal["text", "json"]) -> None:
    """Log to standard error; as JSON also a line for every request."""
    handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        fields = ("asctime", "levelname", "name", "message")
        renamed = {"asctime": "at", "levelname": "level", "name": "logger"}
        handler.setFormatter(JsonFormatter(list(fields), rename_fields=renamed, datefmt="%Y-%m-%dT%H:%M:%S%z"))
        logging.getLogger("api.access").setLevel(logging.INFO)
    else:
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def name_traces(current: Callable[[], str | None]) -> None:
    """Give each line that is logged while a trace is followed its number, as `trace_id`."""

    def named(record: logging.LogRecord) -> bool:
        number = current()
        if number is not None:
            record.trace_id = number
        return True

    for handler in logging.getLogger().handlers:
        handler.addFilter(named)
