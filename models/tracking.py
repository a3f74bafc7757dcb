"""The only door to MLflow: a run per training or evaluation, on a server or in a folder, for who keeps such a record.

What goes into a run is figures, settings, names of features and days, never a person or an article. The client is the
plain one: MLflow's more convenient functions add the account, the folder and the command line to every run.
"""

import io
import logging
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from catalog.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from mlflow import MlflowClient

Entry = TypeVar("Entry")

_AT_ONCE: Final = 100
"""Of a kind in one request: what servers take of parameters. Of metrics they take more."""
_LONGEST: Final = 500
"""Characters of a parameter that servers of any age take."""
_TOLD: Final = 240
_REFUSED: Final = re.compile(r"[^\w\-. :/]")
_MANNERS: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # else MLflow tells its makers that it is used
    "MLFLOW_ALLOW_FILE_STORE": "true",  # who names a folder wants one
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its own 7 let a training begin, or end, four minutes late
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


class TrackingAway(Unavailable):
    """MLflow is not installed, or nothing takes a run at its address."""

    code = "tracking_away"


class Run:
    """One run under way."""

    def __init__(self, client: "MlflowClient", address: str, run: str) -> None:
        self._client = client
        self._address = address
        self._run = run

    def name(self, name: str) -> None:
        """What the run is called from now on."""
        with _said_by(self._address):
            self._client.update_run(self._run, name=name)

    def parameters(self, given: Mapping[str, object]) -> None:
        """Settings and facts, by name; what is nested gets names with dots."""
        from mlflow.entities import Param

        told = [Param(_spelled(name), str(value)[:_LONGEST]) for name, value in _flat(given)]
        with _said_by(self._address):
            for some in _batches(told):
                self._client.log_batch(self._run, params=some)

    def metrics(self, figures: Mapping[str, float], now: datetime) -> None:
        """Figures by name; one that is not finite is none and left out."""
        self.curves({name: [value] for name, value in figures.items()}, now)

    def curves(self, figures: Mapping[str, Sequence[float]], now: datetime) -> None:
        """Figures by name, after each step of what was learned."""
        from mlflow.entities import Metric

        told = [
            Metric(_spelled(name), value, int(now.timestamp() * 1000), step)
            for name, values in figures.items()
            for step, value in enumerate(values)
            if math.isfinite(value)
        ]
        with _said_by(self._address):
            for some in _batches(told):
                self._client.log_batch(self._run, metrics=some)

    def file(self, name: str, content: str) -> None:
        """A text to keep with the run."""
        with _said_by(self._address):
            self._client.log_text(self._run, content, name)

    def end(self, status: str) -> None:
        """FINISHED, FAILED or KILLED, in MLflow's words."""
        with _said_by(self._address), redirect_stdout(io.StringIO()):  # it prints where to look, also into our JSON
            self._client.set_terminated(self._run, status)


@contextmanager
def run(address: str, experiment: str, tags: Mapping[str, str]) -> Iterator[Run]:
    """A run for the block to fill and end; begun before the work, so that the work is not done for nothing.

    `address` is what MLflow calls a tracking URI: https://SERVER, or a folder. Raises TrackingAway where MLflow is not
    installed or nothing answers there, Invalid for an address with a password in it. What the block raises ends the
    run as FAILED or KILLED.
    """
    client = _client(address)
    with _said_by(address):
        known = client.get_experiment_by_name(experiment)
        place = known.experiment_id if known else client.create_experiment(experiment)
        begun = Run(client, address, client.create_run(place, tags=dict(tags)).info.run_id)
    try:
        yield begun
    except BaseException as error:
        with suppress(TrackingAway):  # what went wrong first is what there is to be told
            begun.end("FAILED" if isinstance(error, Exception) else "KILLED")
        raise


def _client(address: str) -> "MlflowClient":
    for name, value in _MANNERS.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ImportError as error:
        raise TrackingAway(
            "MLflow is not installed: pip install 'sluis[mlflow]', or unset SLUIS_MLFLOW_TRACKING_URI"
        ) from error
    if re.match(r"https?://[^/]*@", address):
        raise Invalid(
            "SLUIS_MLFLOW_TRACKING_URI holds a password: give it in MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or a token in MLFLOW_TRACKING_TOKEN"
        )
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of each attempt: what comes of them we say
    with _said_by(address):
        return MlflowClient(tracking_uri=address)


@contextmanager
def _said_by(address: str) -> Iterator[None]:
    """Tell what goes wrong in MLflow, or in what it calls, as ours: of long messages the first line's two ends."""
    try:
        yield
    except Exception as error:  # servers and stores raise what they like
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        told = first if len(first) < _TOLD else f"{first[: _TOLD // 2]} … {first[-_TOLD // 2 :]}"
        where, why = _without_password(address), _without_password(told)
        raise TrackingAway(
            f"MLflow at {where} takes no run ({why}): see SLUIS_MLFLOW_TRACKING_URI, or unset it"
        ) from error


def _without_password(told: str) -> str:
    return re.sub(r"//[^/\s]*@", "//", told)


def _flat(given: Mapping[str, object], within: str = "") -> Iterator[tuple[str, object]]:
    for name, value in given.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{within}{name}.")
        else:
            yield within + name, value


def _spelled(name: str) -> str:
    """As MLflow allows: ndcg@10 is ndcg_at_10 there."""
    return _REFUSED.sub("_", name.replace("@", "_at_"))


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    running = iter(entries)
    while some := list(islice(running, _AT_ONCE)):
        yield some
