"""What is known of one learned artefact: written once as canonical JSON, so that a signature can cover it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from catalog.clock import require_aware
from catalog.errors import Invalid

TAGGERS: Final = "taggers"
RANKER: Final = "ranker"
KINDS: Final = (TAGGERS, RANKER)

ORGANISATION: Final = "organisation"
"""The fact that says whose log an artefact was learned from."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One artefact.

    `files` gives the SHA-256 of each. `facts` is what the artefact was made from and needs, as plain JSON values:
    encoder and taxonomy digest, feature list, data window. Raises Invalid for a name that
    could lead out of its folder.
    """

    kind: str
    name: str
    created_at: datetime
    files: Mapping[str, str]
    facts: Mapping[str, object]
    metrics: Mapping[str, float | str]

    def __post_init__(self) -> None:
        require_aware("created_at", self.created_at)
        require_name(self.kind, self.name)
        for file in self.files:
            if not _FILE.fullmatch(file):
                raise Invalid(f"{file!r} cannot be a file of an artefact: use letters, digits, dots and dashes")

    def to_bytes(self) -> bytes:
        """The one spelling of this manifest. Raises Invalid where facts or metrics are not plain, finite JSON."""
        content = {
            "kind": self.kind,
            "name": self.name,
            "created_at": self.created_at.isoformat(),
            "files": dict(self.files),
            "facts": dict(self.facts),
            "metrics": dict(self.metrics),
        }
        try:
            return json.dumps(content, sort_keys=True, indent=1, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            raise Invalid(f"{self.name}: facts and metrics must be plain JSON values ({error})") from error

    @classmethod
    def from_bytes(cls, content: bytes) -> "Manifest":
        """Read back what `to_bytes` wrote; only ever called on bytes whose signature fits."""
        fields = json.loads(content)
        return cls(**{**fields, "created_at": datetime.fromisoformat(fields["created_at"])})


def require_name(kind: str, name: str) -> None:
    """Refuse a kind that does not exist, and a name that is not one harmless path segment."""
    if kind not in KINDS:
        raise Invalid(f"there is no kind of artefact {kind!r}: use one of {', '.join(KINDS)}")
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name!r} cannot be the name of an artefact: use small letters, digits and dashes")


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 per file."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
