"""Requests that nobody would think of, made from the API's own description, and what every answer must keep to."""

import time
from collections.abc import Mapping

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)


def no_mistake_of_ours(_context, response, _case):
    """503 may be, where a part is away; it is documented."""
    assert response.status_code != 500


CHECKS = [no_mistake_of_ours, status_code_conformance, content_type_conformance, response_schema_conformance]
AT_ONCE = 25


def fuzz(app, header: Mapping[str, str], real: Mapping[str, list[str]], cpu_seconds: float, start: int = 0) -> int:
    """Ask every operation in turn until so much time was spent; how often each was asked.

    `real` has ids that exist, by the name of the path's parameter: half of the requests name one of them.
    """
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]
    began, rounds = time.process_time(), 0
    while time.process_time() - began < cpu_seconds or not rounds:
        for operation in operations:
            _ask(operation, header, real, start + rounds)
        rounds += 1
    return rounds * AT_ONCE


def _ask(operation, header, real, number):
    @seed(number)
    @settings(
        max_examples=AT_ONCE,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), data=st.data())
    def send(case, data):
        for name, known in real.items():
            if name in case.path_parameters and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(known))
        case.call_and_validate(headers=dict(header), checks=CHECKS)

    send()
