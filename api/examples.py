"""What requests and answers look like, in the API's own description: recorded from a server, in `examples.json`."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import orjson

EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = orjson.loads((files("api") / "examples.json").read_bytes())
"""By method and path: `request`, where there is a body, and `response`."""


def illustrate(description: dict[str, Any]) -> None:
    """Put the examples into an OpenAPI description, each beside its schema."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            example = EXAMPLES.get(f"{method.upper()} {path}", {})
            if "request" in example:
                operation["requestBody"]["content"]["application/json"]["example"] = example["request"]
            if "response" in example:
                success(operation)["example"] = example["response"]


def success(operation: Mapping[str, Any]) -> dict[str, Any]:
    """What an operation answers with when all went well, as it is described: JSON, or lines of it; empty without."""
    [status, *_] = sorted(operation["responses"])
    content: dict[str, Any] = operation["responses"][status].get("content", {})
    found: dict[str, Any] = content.get("application/json", content.get("application/x-ndjson", {}))
    return found
