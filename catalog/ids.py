"""Typed identifiers. All are random UUIDs, so an id says nothing and cannot be guessed or counted."""

from typing import NewType
from uuid import UUID, uuid4

TenantId = NewType("TenantId", str)
SourceId = NewType("SourceId", str)
ItemId = NewType("ItemId", str)
ArticleId = NewType("ArticleId", str)
EmployeeId = NewType("EmployeeId", str)
SlateId = NewType("SlateId", str)
EventId = NewType("EventId", str)
DecisionId = NewType("DecisionId", str)
KeyId = NewType("KeyId", str)


def new_id() -> str:
    """A fresh random id in canonical UUID form."""
    return str(uuid4())


def is_id(text: str) -> bool:
    """Whether `text` is an id in the one spelling that this program writes."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
