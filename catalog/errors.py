"""What can go wrong, said where it happens. The edges turn a kind into an exit code or an HTTP status.

Each message is one line a user can act on: what happened, then the remedy. `code` is stable and part of the API.
"""

from typing import ClassVar


class SluisError(Exception):
    """Something the user can be told about. Never raised itself."""

    code: ClassVar[str] = "error"


class Invalid(SluisError):
    """The input cannot be accepted as it is."""

    code = "invalid"


class NotFound(SluisError):
    """There is no such thing for this tenant, or it belongs to another: the caller cannot tell which."""

    code = "not_found"


class Conflict(SluisError):
    """The request is sound, but the state of things does not allow it (any more)."""

    code = "conflict"


class Forbidden(SluisError):
    """The caller is known, but may not do this."""

    code = "forbidden"


class Unauthorised(SluisError):
    """The caller is not known."""

    code = "unauthorised"


class Unavailable(SluisError):
    """A part this needs is not there now; trying again later may help."""

    code = "unavailable"


class Busy(Unavailable):
    """As much is being done as may be at once: whoever asks again later is served."""

    code = "busy"


class ArtefactMismatch(Unavailable):
    """A learned artefact does not fit this program, or is not the file that its manifest names."""

    code = "artefact_mismatch"
