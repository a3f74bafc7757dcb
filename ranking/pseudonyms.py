"""Who is who, for those who have the key: a keyed hash of ids, so that people in an export are told apart, not known.

The key stays at home. Without it a pseudonym cannot be computed from an id that somebody guesses; with it, the exports
of one organisation fit each other. Remove the key, and what was exported before can be tied to nobody any more.
"""

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Final, Self

from catalog.errors import Unavailable
from catalog.ids import TenantId
from models.folders import create_file

KEY_FILE: Final = "export.key"
_BYTES: Final = 32


class HomeKey:
    """One installation's key for what leaves the house and comes back."""

    def __init__(self, key: bytes, tenant: TenantId) -> None:
        """Raises Unavailable for a key that is cut off or of another make."""
        if len(key) != _BYTES:
            raise Unavailable(
                f"{KEY_FILE} is damaged: restore it from a backup, or remove it; then a new one is made, with which "
                "earlier exports fit no more"
            )
        self._key = key
        self._tenant = tenant

    @classmethod
    def open(cls, folder: Path, tenant: TenantId) -> Self:
        """The key in `folder`, made where there is none yet."""
        path = folder / KEY_FILE
        try:
            if not path.exists():
                create_file(path, secrets.token_bytes(_BYTES), mode=0o600)
            return cls(path.read_bytes(), tenant)
        except OSError as error:
            raise Unavailable(f"{path} cannot be read or made ({error.strerror}): let this user do so") from error

    @property
    def name(self) -> str:
        """What tells this key from another one, and gives nothing of it away."""
        return self._keyed("name", "").hex()[:16]

    def pseudonym(self, kind: str, identity: str) -> str:
        """What stands for one `kind` of thing, such as a person, outside: 32 hexadecimal digits."""
        return self._keyed(kind, identity).hex()[:32]

    def return_key(self, export: str) -> bytes:
        """What goes along with one export, and shows that a model that comes back was learned by one who had it."""
        return self._keyed("return", export)

    def _keyed(self, use: str, what: str) -> bytes:
        """No part holds a zero byte, so no two uses are spelled alike."""
        message = "\0".join((use, self._tenant, what)).encode()
        return hmac.new(self._key, message, hashlib.sha256).digest()
