"""What is in use of one kind of artefact, kept in memory and read again when another one is promoted."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from models.manifest import Manifest
from models.registry import Registry

Loaded = TypeVar("Loaded")


class Promoted(Generic[Loaded]):
    """Callable from any thread."""

    def __init__(self, registry: Registry, kind: str, load: Callable[[Manifest], Loaded]) -> None:
        self._registry = registry
        self._kind = kind
        self._load = load
        self._name = ""
        self._loaded: Loaded | None = None
        self._lock = Lock()

    def __call__(self) -> Loaded | None:
        """What is in use now; None where nothing ever was. Raises ArtefactMismatch where it is not as it was made."""
        current = self._registry.current(self._kind)
        if current is None:
            return None
        with self._lock:
            if self._name != current.name:
                self._loaded, self._name = self._load(current), current.name
            return self._loaded
