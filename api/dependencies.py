"""What a request can ask for: the services the roof wired, and connections in a transaction of the request's own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from fastapi import Depends, Request
from sqlalchemy import Connection

from api.identity import published
from api.identity.keyring import Keyring
from api.metrics import Metrics
from api.rates import Rates
from catalog.database import Database
from catalog.ids import TenantId
from catalog.taxonomy import Taxonomy
from curation.librarian import Librarian
from ingest.remote import Told
from models.certificate import CertificateOptions
from models.protocols import Additive, Encoder
from models.registry import Registry
from models.taggers import Taggers
from ranking.export_asked import Exporter
from ranking.feed import FeedService

V1: Final = "/v1"
"""Under which the API is. Routers say so themselves: logs and figures call a route by what it knows of itself."""


@dataclass(frozen=True, slots=True)
class Services:
    """All that the edge needs from the floors below; made once by the roof.

    `taxonomy` gives an organisation's vocabulary as a transaction sees it: its own words are nobody else's.
    `encoder` and `read` reach for another process and raise EncoderAway where it is not there; `taggers` gives None
    where none were ever fitted. `certificates` is what a certificate must promise to count. `exporter` makes parts of
    the log for whoever learns from it. `registry` has the artefacts of all organisations here, `is_alone` says whether
    that is one, and `ranked_by` gives the ranker that a slate names, if it is still there. Without a `metrics_token`
    nobody is shown the metrics. `most_at_once` is how many requests may be under way. `keyring` reads the keys of
    identity providers, by itself from no private address.
    """

    database: Database
    taxonomy: Callable[[Connection, TenantId], Taxonomy]
    clock: Callable[[], datetime]
    feeds: Callable[[TenantId], FeedService]
    taggers: Callable[[], Taggers | None]
    encoder: Callable[[], Encoder]
    read: Callable[[str], Told]
    certificates: CertificateOptions
    librarians: Callable[[TenantId], Librarian]
    exporter: Exporter
    registry: Registry
    is_alone: Callable[[TenantId], bool] = lambda _: False
    ranked_by: Callable[[str], Additive | None] = lambda _: None
    metrics: Metrics = field(default_factory=Metrics)
    metrics_token: str = ""
    rates: Rates = field(default_factory=lambda: Rates(per_key=0, per_tenant=0))
    most_at_once: int = 100
    keyring: Keyring = field(default_factory=lambda: Keyring(partial(published.keys, allow=frozenset())))


def services(request: Request) -> Services:
    """The services of the running program."""
    found = request.app.state.services
    assert isinstance(found, Services)  # noqa: S101 - put there by `create_app`
    return found


Wired = Annotated[Services, Depends(services)]


def read_tx(request: Request, wired: Wired) -> Iterator[Connection]:
    """A connection that sees one moment of the caller's part of the database."""
    with wired.database.of(request.state.tenant).read() as connection:
        yield connection


def write_tx(request: Request, wired: Wired) -> Iterator[Connection]:
    """A connection whose transaction is committed before the answer is sent, and undone where the handler raises."""
    with wired.database.of(request.state.tenant).write() as connection:
        yield connection


# A route names its key before its connection: nobody waits for the database, or locks it, before we know who they are,
# and the connection is then one of their own organisation.
Reading = Annotated[Connection, Depends(read_tx, scope="function")]
Writing = Annotated[Connection, Depends(write_tx, scope="function")]
