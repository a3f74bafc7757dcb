"""What the attributes of users and groups are in the database."""

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, literal

from api.scim.filters import Column, Columns, Many
from catalog import groups, provisioned, tables, tables_edge

_p, _s, _g = tables.employees.c, tables_edge.provisioned.c, tables_edge.people_groups.c


def _folded(of: ColumnElement[Any]) -> Column:
    return Column(of, exact=False)


USERS: Final[Columns] = {
    "id": Column(_p.id),
    "external_id": Column(_p.external_id),
    "user_name": Column(provisioned.USER_NAME, exact=False, key=provisioned.USER_KEY),
    "display_name": _folded(provisioned.DISPLAY_NAME),
    "name": {name: _folded(_s[name]) for name in ("formatted", "given_name", "family_name")},
    "preferred_language": _folded(_s.preferred_language),
    "locale": _folded(_s.locale),
    "department": _folded(_s.department),
    "active": Column(_p.active),
    "meta": {"created": Column(_p.created_at), "last_modified": Column(provisioned.CHANGED_AT)},
    "emails": Many(
        {
            "value": _folded(provisioned.EMAIL),
            "type": _folded(provisioned.EMAIL_TYPE),
            "primary": Column(provisioned.EMAIL_PRIMARY),
        },
        lambda holds: and_(provisioned.EMAIL.is_not(None), holds),
    ),
    "groups": Many({"value": Column(_g.id), "display": _folded(_g.display_name)}, groups.is_member),
}

GROUPS: Final[Columns] = {
    "id": Column(_g.id),
    "external_id": Column(_g.external_id),
    "display_name": _folded(_g.display_name),
    "meta": {"created": Column(_g.created_at), "last_modified": Column(_g.changed_at)},
    "members": Many({"value": Column(_p.id), "type": _folded(literal("User"))}, groups.has_member),
}
