"""Typed identifiers. All but the tenant's, which an operator chooses, are random UUIDs: they tell nothing."""

from typing import NewType
from uuid import uuid4

TenantId = NewType("TenantId", str)
SourceId = NewType("SourceId", str)
ItemId = NewType("ItemId", str)
ArticleId = NewType("ArticleId", str)
EmployeeId = NewType("EmployeeId", str)
SlateId = NewType("SlateId", str)
EventId = NewType("EventId", str)
DecisionId = NewType("DecisionId", str)
CallerId = NewType("CallerId", str)
ProviderId = NewType("ProviderId", str)
CertificateId = NewType("CertificateId", str)
WebhookId = NewType("WebhookId", str)
MessageId = NewType("MessageId", str)
GroupId = NewType("GroupId", str)


def new_id() -> str:
    """A fresh random id in canonical UUID form."""
    return str(uuid4())
