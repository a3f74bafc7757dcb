"""Which version of a resource this is: the same content has the same version, whenever it is asked for."""

import hashlib
from typing import Any

import orjson


def version(resource: Any) -> str:
    """A weak entity tag of all that is told of it, but for when it was changed."""
    told = resource.model_dump(exclude={"meta"})
    return f'W/"{hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]}"'
