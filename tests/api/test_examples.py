"""Every operation shows what goes in and what comes out, and the examples keep to the schemas."""

import jsonschema_rs
import pytest

from api.examples import EXAMPLES, success
from tests.api.test_isolation import operations

DIRECTORY = ("/v1/employees", "/v1/employees:batch", "/v1/employees/{employee_id}")
OF_A_PERSON = ("interests", "consent", "data", "syndication")
"""What the pages on events, people and webhooks show in words, and no example yet."""


@pytest.fixture
def described(world):
    """Every operation that should have examples, by name; and the schemas that they point to."""
    app = world.client.app
    found = {f"{method} {path}": operation for method, path, operation in operations(app) if not left_out(path)}
    return found, app.openapi()["components"]


def left_out(path):
    if path.startswith("/v1/employees/{employee_id}/"):
        return path.rpartition("/")[2] in OF_A_PERSON
    return path in DIRECTORY or path.startswith(("/v1/events", "/v1/webhooks", "/v1/keys", "/scim"))


def check(part, components):
    jsonschema_rs.validator_for({**part["schema"], "components": components}).validate(part["example"])


def test_every_operation_has_examples_that_keep_to_its_schemas(described):
    found, components = described
    assert len(found) > 20
    for name, operation in found.items():
        assert "example" in success(operation), name
        check(success(operation), components)
        if "requestBody" in operation:
            asked = operation["requestBody"]["content"]["application/json"]
            assert "example" in asked, name
            check(asked, components)


def test_no_example_is_of_an_operation_that_is_gone(described):
    assert EXAMPLES.keys() <= described[0].keys()


def test_an_example_that_does_not_fit_would_be_found(described):
    found, components = described
    part = success(found["POST /v1/rank"])
    with pytest.raises(jsonschema_rs.ValidationError):
        check(part | {"example": part["example"] | {"items": None}}, components)
