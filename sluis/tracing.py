"""Whether requests are followed: where the standard variables of OpenTelemetry say where traces are to go.

Nothing of it is loaded otherwise. Its library is an extra of the installation: `sluis[otel]`.
"""

import logging
import os
from typing import TYPE_CHECKING, Final

from catalog.database import Database
from catalog.errors import Invalid
from sluis import logs

if TYPE_CHECKING:
    from sluis.traces import Traces

log = logging.getLogger(__name__)

_EXPORTERS: Final = ("otlp", "console", "none")
_PROTOCOL: Final = "http/protobuf"


def begin(database: Database) -> "Traces | None":
    """Follow this process from now on: its statements, the stages of its feeds, its log lines. None where nobody asks.

    Raises Invalid for what this program cannot send.
    """
    exporter = _asked()
    if exporter is None:
        return None
    try:
        from sluis import traces
    except ImportError:
        log.warning("OTEL_… variables ask for traces, and their library is not there: pip install 'sluis[otel]'")
        return None
    followed = traces.Traces(traces.processor(exporter))
    followed.statements_of(database.engine)
    followed.stages()
    logs.name_traces(followed.current)
    return followed


def _asked() -> str | None:
    """The exporter that the environment asks for."""
    told = os.environ
    if told.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    at = told.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or told.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    exporter = told.get("OTEL_TRACES_EXPORTER", "").strip().lower() or ("otlp" if at else "none")
    if exporter not in _EXPORTERS:
        raise Invalid(f"OTEL_TRACES_EXPORTER={exporter} is not known here: use {', '.join(_EXPORTERS)}")
    by = told.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or told.get("OTEL_EXPORTER_OTLP_PROTOCOL") or _PROTOCOL
    if exporter == "otlp" and by != _PROTOCOL:
        raise Invalid(f"OTEL_EXPORTER_OTLP_PROTOCOL={by} cannot be spoken here: use {_PROTOCOL}")
    return None if exporter == "none" else exporter
