"""Whoever or whatever a path names: by the id that we gave, or by the caller's own, written `ext:…`."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Path
from sqlalchemy import Connection

from catalog import people
from catalog.ids import EmployeeId, TenantId
from catalog.records import LONGEST_EXTERNAL_ID

EXTERNAL: Final = "ext:"
_OURS: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

EmployeeRef = Annotated[
    str,
    Path(
        pattern=rf"^({_OURS}|ext:[^\x00-\x1f\x7f]{{1,{LONGEST_EXTERNAL_ID}}})$",
        description="An employee's id as this program gives it out, or `ext:` and the id that your own program gave.",
        examples=["6f1c2c1e-0d5b-4c53-9d0e-0a4f4c1f7f11", "ext:4711"],
    ),
]


def employee(connection: Connection, tenant: TenantId, ref: str) -> EmployeeId:
    """Who a path names. Raises UnknownEmployee for an external id that nobody has."""
    if ref.startswith(EXTERNAL):
        return people.by_external_id(connection, tenant, ref.removeprefix(EXTERNAL)).id
    return EmployeeId(str(UUID(ref)))
