"""A typed client for the Sluis recommendation API: `Client` for threads, `AsyncClient` for asyncio."""

from sluis_client.aio import AsyncClient
from sluis_client.client import Client
from sluis_client.core import SluisError
from sluis_client.types import Article, Employee, Event, EventResult, Feed, Item, Reason

__all__ = [
    "Article",
    "AsyncClient",
    "Client",
    "Employee",
    "Event",
    "EventResult",
    "Feed",
    "Item",
    "Reason",
    "SluisError",
]
