"""The picks of each day: which slate somebody got as theirs."""

from collections import defaultdict
from datetime import date

from sqlalchemy import Connection, bindparam, select

from catalog import slates, tables
from catalog.database import insert
from catalog.ids import ArticleId, EmployeeId, SlateId, TenantId
from catalog.records import Slate

_p = tables.picks
_s = tables.slates
_i = tables.slate_items

_OF_DAY = (
    select(_s)
    .join(_p, (_p.c.tenant_id == _s.c.tenant_id) & (_p.c.slate_id == _s.c.id))
    .where(_p.c.tenant_id == bindparam("tenant"), _p.c.employee_id == bindparam("employee"))
    .where(_p.c.day == bindparam("day"))
)
"""Built once: to build it took as long as to read."""


def keep(connection: Connection, tenant: TenantId, employee: EmployeeId, day: date, slate: SlateId) -> bool:
    """Let this slate be the person's picks of the day; False where they have some already, which stand."""
    row = {"tenant_id": tenant, "employee_id": employee, "day": day, "slate_id": slate}
    added = insert(connection, _p).values(row).on_conflict_do_nothing().returning(_p.c.slate_id)
    return connection.execute(added).first() is not None


def get(connection: Connection, tenant: TenantId, employee: EmployeeId, day: date) -> Slate | None:
    """Somebody's picks of a day; None where none were made."""
    rows = connection.execute(_OF_DAY, {"tenant": tenant, "employee": employee, "day": day}).all()
    return next(slates.with_items(connection, tenant, rows), None)


def of_days(
    connection: Connection, tenant: TenantId, first: date, last: date
) -> defaultdict[EmployeeId, list[ArticleId]]:
    """Who has picks of these days, both included, and which articles."""
    same = (_i.c.tenant_id == _p.c.tenant_id) & (_i.c.slate_id == _p.c.slate_id)
    query = select(_p.c.employee_id, _i.c.article_id).select_from(_p.outerjoin(_i, same))
    found: defaultdict[EmployeeId, list[ArticleId]] = defaultdict(list)
    where = (_p.c.tenant_id == tenant, _p.c.day.between(first, last))
    for row in connection.execute(query.where(*where).order_by(_p.c.day, _i.c.position)):
        found[EmployeeId(row.employee_id)] += [] if row.article_id is None else [ArticleId(row.article_id)]
    return found
