"""Whose turn it is: at most so many visits to one host at a time, however many workers there are.

A lease says that somebody is busy with a row, so the rows under lease say which hosts are busy. Politeness is part of
the question for work, and no worker ever holds a lease while it waits for a host.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Integer, Table, Text, and_, bindparam, func, or_, select, union_all

from catalog import tables

NOWHERE: Final = ""
"""The host of what is not on the web: folders and documents need no turn."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How a worker behaves: `per_host` visits at once, and none to `closed` hosts, which asked for patience."""

    per_host: int
    closed: frozenset[str] = frozenset()


def host_of(url: str | None) -> str:
    """Host and port of a web address, in one spelling; NOWHERE for anything else."""
    parts = urlsplit(url or "")
    return parts.netloc.rpartition("@")[2].lower() if parts.scheme in ("http", "https") else NOWHERE


def free_host(table: Table) -> ColumnElement[bool]:
    """Whether the host of a row of `table` may be visited now: part of a ClaimQuery, with the parameters of `asked`."""
    now = bindparam("now", type_=table.c.lease_until.type)
    leased = union_all(
        *(
            select(at.c.host).where(at.c.tenant_id == bindparam("of"), at.c.lease_until > now)
            for at in (tables.sources, tables.feed_items)
        )
    ).subquery("leased")
    turns = func.count() >= bindparam("per_host", type_=Integer)
    busy = select(leased.c.host).group_by(leased.c.host).having(turns)
    closed = bindparam("closed", expanding=True, type_=Text)
    return or_(table.c.host == NOWHERE, and_(table.c.host.not_in(busy), table.c.host.not_in(closed)))


def asked(manners: Manners) -> dict[str, Any]:
    """What `free_host` must be told."""
    return {"per_host": manners.per_host, "closed": sorted(manners.closed)}
