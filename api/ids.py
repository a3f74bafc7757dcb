"""Whoever or whatever a path names: by the id that we gave, or by the caller's own, written `ext:…`."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Path
from sqlalchemy import Connection

from catalog import items, people
from catalog.database import Database
from catalog.errors import NotFound
from catalog.ids import ArticleId, EmployeeId, TenantId
from catalog.items import Standing
from catalog.records import LONGEST_EXTERNAL_ID, ItemState
from ingest.handed import ID_CHARACTERS, external

EXTERNAL: Final = "ext:"
_OURS: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

EMPLOYEE: Final = rf"^({_OURS}|ext:[^\x00-\x1f\x7f]{{1,{LONGEST_EXTERNAL_ID}}})$"
ARTICLE: Final = rf"^({_OURS}|ext:[^\x00-\x1f\x7f]{{1,{ID_CHARACTERS}}})$"
"""How the one and the other is named, in paths and bodies alike."""

EmployeeRef = Annotated[
    str,
    Path(
        pattern=EMPLOYEE,
        description="An employee's id as this program gives it out, or `ext:` and the id that your own program gave.",
        examples=["6f1c2c1e-0d5b-4c53-9d0e-0a4f4c1f7f11", "ext:4711"],
    ),
]

ArticleRef = Annotated[
    str,
    Path(
        pattern=ARTICLE,
        description="An article's id as this program gives it out, or `ext:` and the id that it was handed in under, "
        "which may have slashes in it.",
        examples=["0b0f5a52-2f5e-4a3c-9a53-0a4f4c1f7f11", "ext:intranet/2026/117"],
    ),
]

_NO_ARTICLE: Final = {
    ItemState.DUPLICATE: "another article has the same text or address",
    ItemState.WITHDRAWN: "it was withdrawn before it was read",
}


class NotReadYet(NotFound):
    """It was handed in, and waits to be read."""

    code = "not_read_yet"


class NoArticle(NotFound):
    """It was handed in, and no article came of it."""

    code = "no_article"


def article(connection: Connection, tenant: TenantId, ref: str) -> ArticleId:
    """Which article a path names. Raises NotFound, NotReadYet and NoArticle for one that was handed in."""
    if not ref.startswith(EXTERNAL):
        return ArticleId(str(UUID(ref)))
    name = ref.removeprefix(EXTERNAL)
    found = handed_in(connection, tenant, name)
    if found.article_id is None and found.state is ItemState.DUE:
        raise NotReadYet(f"{name} waits to be read: 'sluis ingest' reads it, ask again later")
    if found.article_id is None:
        why = found.problem or _NO_ARTICLE.get(found.state, "send another text")
        raise NoArticle(f"no article came of {name}: {why}")
    return found.article_id


def handed_in(connection: Connection, tenant: TenantId, name: str) -> Standing:
    """What was handed in under this id of the caller's own. Raises NotFound."""
    found = items.handed_in(connection, tenant, external(name))
    if found is None:
        raise NotFound(f"nothing was handed in as {name!r}: check the id, or PUT it first")
    return found


def employee(connection: Connection, tenant: TenantId, ref: str) -> EmployeeId:
    """Who a path names. Raises UnknownEmployee for an external id that nobody has."""
    if ref.startswith(EXTERNAL):
        return people.by_external_id(connection, tenant, ref.removeprefix(EXTERNAL)).id
    return EmployeeId(str(UUID(ref)))


def employee_of(database: Database, tenant: TenantId, ref: str) -> EmployeeId:
    """The same for whoever has no transaction yet: none is begun for an id of ours, which says it all."""
    if not ref.startswith(EXTERNAL):
        return EmployeeId(str(UUID(ref)))
    with database.read() as connection:
        return employee(connection, tenant, ref)
