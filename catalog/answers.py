"""What requests with an Idempotency-Key were answered, kept for a day.

An answer is remembered in the transaction of what it tells of: either both are there or neither is.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, select, update

from catalog import tables_edge
from catalog.database import insert
from catalog.errors import Invalid
from catalog.keys import Caller

_r = tables_edge.remembered_answers

KEPT: Final = timedelta(hours=24)


class KeyReused(Invalid):
    """An Idempotency-Key came with another request than the first time."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered: the HTTP status, and the body as it was sent."""

    status: int
    body: bytes


def begin(
    connection: Connection, caller: Caller, idempotency_key: str, request_hash: str, now: datetime
) -> Answer | None:
    """The answer that this request got before; None for the first one, which is to be followed by `keep`.

    Whoever sends the same while the first is under way waits for its end here. Raises KeyReused.
    """
    connection.execute(
        delete(_r).where(_r.c.tenant_id == caller.tenant, _r.c.caller_id == caller.id, _r.c.at < now - KEPT)
    )
    row = {
        "tenant_id": caller.tenant,
        "caller_id": caller.id,
        "idempotency_key": idempotency_key,
        "request_hash": request_hash,
        "at": now,
    }
    began = insert(connection, _r).values(row).on_conflict_do_nothing().returning(_r.c.caller_id)
    if connection.execute(began).one_or_none() is not None:
        return None
    known = connection.execute(select(_r).where(*_mine(caller, idempotency_key))).one()
    if known.request_hash != request_hash:
        raise KeyReused(f"the Idempotency-Key {idempotency_key!r} came with another request before: use a new one")
    return Answer(known.status, known.body)


def keep(connection: Connection, caller: Caller, idempotency_key: str, answer: Answer) -> None:
    """Remember what the request that `begin` began was answered."""
    mine = _mine(caller, idempotency_key)
    connection.execute(update(_r).where(*mine).values(status=answer.status, body=answer.body))


def _mine(caller: Caller, idempotency_key: str) -> tuple[ColumnElement[bool], ...]:
    return (_r.c.tenant_id == caller.tenant, _r.c.caller_id == caller.id, _r.c.idempotency_key == idempotency_key)
