"""That somebody was shown something, signed: a front end may hand it back, and can make up none of its own.

A token holds slate, article and person, and the first half of an HMAC-SHA256 over them (RFC 2104 allows to cut it so)
under a key of the organisation, which all its servers share through the database.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, delete, select

from catalog import tables_edge
from catalog.database import insert
from catalog.errors import Invalid
from catalog.ids import ArticleId, EmployeeId, SlateId, TenantId

_k = tables_edge.impression_keys

BELIEVED: Final = timedelta(days=30)
"""How long a key is believed after another one took its place."""

_KEY_BYTES: Final = 32
_MAC_BYTES: Final = 16
_ID_BYTES: Final = 16


class BadImpression(Invalid):
    """A token that this organisation did not give out, or that was changed."""

    code = "bad_impression"


@dataclass(frozen=True, slots=True)
class Impression:
    """Which slate showed which article to whom."""

    slate: SlateId
    article: ArticleId
    employee: EmployeeId


class Signer:
    """Signs with the first of `keys`, and believes them all."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys = keys

    def sign(self, shown: Impression) -> str:
        """The token: 86 characters that may stand in an address."""
        body = b"".join(UUID(each).bytes for each in (shown.slate, shown.article, shown.employee))
        return urlsafe_b64encode(body + _mac(self._keys[0], body)).decode().rstrip("=")

    def read(self, token: str) -> Impression:
        """What a token says. Raises BadImpression."""
        try:
            given = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (Error, ValueError):
            given = b""
        body, mac = given[: 3 * _ID_BYTES], given[3 * _ID_BYTES :]
        believed = [hmac.compare_digest(_mac(key, body), mac) for key in self._keys]
        if not any(believed) or urlsafe_b64encode(given).decode().rstrip("=") != token:
            raise BadImpression(
                "this impression is none of ours, or was changed: send back the one that came with the item"
            )
        slate, article, employee = (str(UUID(bytes=body[at : at + _ID_BYTES])) for at in (0, _ID_BYTES, 2 * _ID_BYTES))
        return Impression(SlateId(slate), ArticleId(article), EmployeeId(employee))


def signer(connection: Connection, tenant: TenantId) -> Signer | None:
    """The organisation's signer; None before its first key was made."""
    query = select(_k.c.key).where(_k.c.tenant_id == tenant).order_by(_k.c.made_at.desc())
    keys = [bytes(row.key) for row in connection.execute(query)]
    return Signer(keys) if keys else None


def rotate(connection: Connection, tenant: TenantId, now: datetime) -> None:
    """Sign with a new key from now on. Those that another one replaced more than `BELIEVED` ago are forgotten."""
    since = select(_k.c.made_at).where(_k.c.tenant_id == tenant).order_by(_k.c.made_at)
    made = connection.execute(since).scalars().all()
    replaced = [old for old, after in pairwise(made) if after < now - BELIEVED]
    if replaced:
        connection.execute(delete(_k).where(_k.c.tenant_id == tenant, _k.c.made_at.in_(replaced)))
    row = {"tenant_id": tenant, "made_at": now, "key": secrets.token_bytes(_KEY_BYTES)}
    connection.execute(insert(connection, _k).values(row).on_conflict_do_nothing())


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:_MAC_BYTES]
