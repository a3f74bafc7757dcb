"""Certificates that were made, kept for good: also one that lapsed says what was promised, and until when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from catalog import outbox, tables
from catalog.database import insert, record, values
from catalog.ids import CertificateId, TenantId
from catalog.webhooks import Topic

_c = tables.certificates


@dataclass(frozen=True, slots=True)
class Kept:
    """One certificate as it is kept: `content` is what `models.certificate` writes and reads."""

    id: CertificateId
    made_at: datetime
    made_by: str
    content: str
    lapsed_at: datetime | None = None
    lapse_reason: str | None = None

    @property
    def came_into_force(self) -> bool:
        """Whether anything could ever pass under it: what ended in the moment it was made is the record of a trial."""
        return self.lapsed_at is None or self.lapsed_at > self.made_at


def add(connection: Connection, tenant: TenantId, certificate: Kept) -> None:
    """Keep a new one. Those before it stand as they are: it is the newest that counts."""
    connection.execute(insert(connection, _c).values(tenant_id=tenant, **values(certificate)))


def every(connection: Connection, tenant: TenantId) -> list[Kept]:
    """All of a tenant's, newest first."""
    query = select(_c).where(_c.c.tenant_id == tenant).order_by(_c.c.made_at.desc(), _c.c.id)
    return [record(Kept, row) for row in connection.execute(query)]


def lapse(connection: Connection, tenant: TenantId, certificate: CertificateId, reason: str, now: datetime) -> None:
    """Nothing passes under it from now on. The first reason stands."""
    mine = (_c.c.tenant_id == tenant, _c.c.id == certificate, _c.c.lapsed_at.is_(None))
    if connection.execute(update(_c).where(*mine).values(lapsed_at=now, lapse_reason=reason)).rowcount:
        told = {"certificate_id": certificate, "reason": reason}
        outbox.put(connection, tenant, Topic.CERTIFICATE_LAPSED, told, now)
