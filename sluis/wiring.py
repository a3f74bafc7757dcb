"""Put the floors together: one `House` per process, its heavy rooms opened only when somebody enters."""

import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from catalog import schema, taxonomy, tenants
from catalog.clock import utcnow
from catalog.database import Database
from catalog.errors import ArtefactMismatch, Invalid, NotFound
from catalog.ids import TenantId
from catalog.taxonomy import Taxonomy
from catalog.vocabulary import Vocabularies
from models.heuristic import HEURISTIC, HeuristicRanker
from models.manifest import RANKER, TAGGERS, Manifest
from models.protocols import Additive, Encoder, Progress
from models.registry import Registry, ServesOthers
from ranking.config import RankingOptions
from sluis.promoted import Promoted
from sluis.settings import Settings, read_settings

if TYPE_CHECKING:
    from curation.librarian import Librarian
    from models.encoder import SentenceEncoder
    from models.ranker import LambdaMart
    from models.remote import Exchange, RemoteEncoder
    from models.taggers import Taggers
    from ranking.dataset import LabelOptions
    from ranking.export_asked import Asked, ExportOptions, Part, Told
    from ranking.feed import FeedService, Observer
    from ranking.pseudonyms import HomeKey

log = logging.getLogger(__name__)

Bar = Callable[[int], AbstractContextManager[Progress]]
"""Shows how far something of so many steps has come."""


@dataclass(frozen=True)
class House:
    """What a command or a server works with."""

    settings: Settings
    database: Database

    @property
    def tenant(self) -> TenantId:
        """Whom this process acts for."""
        return TenantId(self.settings.tenant)

    def is_alone(self, tenant: TenantId) -> bool:
        """Whether this installation, and so every artefact of it, serves this organisation and no other.

        Where the database keeps organisations from being counted (PostgreSQL), the operator's word counts.
        """
        with self.database.of_nobody().read() as connection:
            seen = tenants.census(connection)
        return tenant == self.tenant and (seen == 1 or (seen == 0 and self.settings.sole_tenant))

    def require_alone(self, tenant: TenantId) -> None:
        """Raise ServesOthers where it does not."""
        if not self.is_alone(tenant):
            raise ServesOthers

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """Every organisation's vocabulary."""
        return Vocabularies(taxonomy.load())

    @property
    def taxonomy(self) -> Taxonomy:
        """The vocabulary in use now: the shipped one, with the organisation's own words where it has a database."""
        if not self.database.is_there:
            return self.vocabularies.shipped
        with self.database.read() as connection:
            return self.vocabularies.taxonomy(connection, self.tenant)

    @cached_property
    def registry(self) -> Registry:
        """The artefacts."""
        return Registry(self.settings.artefacts)

    @property
    def ranking(self) -> RankingOptions:
        """How slates are made: for those who serve them, and for those who make them again.

        Raises Invalid where a share is asked for of a kind that there is not.
        """
        known = self.vocabularies.shipped.facets["kind"]
        for kind, _ in self.settings.kind_mix:
            if kind not in known:
                raise Invalid(f"SLUIS_KIND_MIX: there is no kind {kind!r}: use {', '.join(sorted(known))}")
        return self.settings.ranking_options()

    @property
    def labels(self) -> "LabelOptions":
        """What events are worth to whoever learns from them or judges by them."""
        return labels_of(self.settings)

    @cached_property
    def rankers(self) -> "Rankers":
        """Whatever ranks now."""
        return Rankers(self.registry)

    def feeds(self, tenant: TenantId | None = None, observer: "Observer | None" = None) -> "FeedService":
        """A service that makes feeds for a tenant; keep it, because it remembers. `observer` hears what it does."""
        from ranking.feed import FeedService

        return FeedService(tenant or self.tenant, self.rankers, self.ranking, self.rankers.named, observer)

    def librarian(self, tenant: TenantId | None = None) -> "Librarian":
        """Who searches for a tenant; keep it, because it remembers. Loads faiss, so it must not load the encoder."""
        from curation.librarian import Librarian
        from models.remote import RemoteEncoder

        return Librarian(tenant or self.tenant, RemoteEncoder(self.exchange()))

    def encoder(self) -> "SentenceEncoder":
        """The encoder. Loads torch: only for a process that encodes."""
        # by default its threads wait by spinning: with two busy cores that made encoding three times slower
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from models.encoder import load_encoder

        return load_encoder(self.settings.encoder, self.settings.cache)

    def exchange(self) -> "Exchange":
        """The way to the process that encodes and reads for us, whether it runs or not."""
        from models.remote import Address, Exchange

        asked = self.settings
        return Exchange(Address(asked.socket, asked.encoder_url, asked.encoder_token.get_secret_value()))

    def remote_encoder(self) -> "RemoteEncoder | None":
        """The encoder of that process, for one that must not load torch; None where nobody answers."""
        from models.remote import EncoderAway, RemoteEncoder, WrongToken

        encoder = RemoteEncoder(self.exchange())
        try:
            return encoder if encoder.digest else None
        except EncoderAway as away:
            log.log(logging.WARNING if isinstance(away, WrongToken) else logging.INFO, "%s", away)
            return None

    @cached_property
    def promoted_taggers(self) -> "Promoted[Taggers]":
        """The taggers in use, whatever encoder they were fitted for; nothing is fitted here."""
        from models.taggers import Taggers

        return Promoted(self.registry, TAGGERS, lambda made: Taggers.from_files(self.registry.read(made)))

    def taggers(self, encoder: Encoder, progress: Bar) -> "Taggers":
        """The taggers in use; fitted from the taxonomy where there are none yet for this encoder and vocabulary.

        `progress` is only asked for, with the number of texts to encode, when they are fitted: that takes a while.
        """
        words = self.taxonomy
        try:
            current = self.promoted_taggers()
            if current and (current.encoder, current.taxonomy) == (encoder.digest, words.digest):
                return current
        except ArtefactMismatch as error:
            log.warning("the taggers are fitted again: %s", error)
        fitted = _fit(words, encoder, progress)
        made_from = {"encoder": encoder.digest, "taxonomy": words.digest}
        made = self.registry.add(TAGGERS, fitted.to_files(), facts=made_from, metrics={}, now=utcnow())
        self.registry.promote(TAGGERS, made.name)
        return fitted

    def unborrowed_taggers(self, encoder: Encoder, progress: Bar) -> "Taggers":
        """Taggers that have seen no text of a standard, for benchmarks that ask about those texts."""
        words = self.taxonomy
        own = words.unborrowed()
        return self.taggers(encoder, progress) if own is words else _fit(own, encoder, progress)


def _fit(words: Taxonomy, encoder: Encoder, progress: Bar) -> "Taggers":
    from models.tagger_fit import examples, fit

    with progress(len(examples(words))) as tick:
        return fit(words, encoder, tick)


class Rankers:
    """The champion, read again when another one is promoted; the heuristic where there is none."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._champion = Promoted(registry, RANKER, self.load)
        self._by_name: dict[str, Additive] = {}

    def __call__(self) -> Additive:
        """The ranker to use now. Raises ArtefactMismatch where the champion is not what its manifest says."""
        return self._champion() or HeuristicRanker()

    def named(self, name: str) -> Additive:
        """A ranker by the name of its artefact, or the heuristic by its own; read once. Raises ArtefactMismatch."""
        if name == HEURISTIC:
            return HeuristicRanker()
        if name not in self._by_name:
            try:
                self._by_name[name] = self.load(self._registry.get(RANKER, name))
            except NotFound as error:
                raise ArtefactMismatch(str(error)) from error
        return self._by_name[name]

    def of_slates(self, name: str) -> Additive | None:
        """The ranker that slates name so; None where it is gone, or its files are not what was signed."""
        made = [one for one in self._registry.manifests(RANKER) if one.facts.get("name") == name]
        try:
            return self.named(made[0].name if made else name)
        except (ArtefactMismatch, Invalid):
            return None

    def load(self, made: Manifest) -> "LambdaMart":
        """One ranker of the registry, whether it is in use or not."""
        from models.ranker import LambdaMart  # a second or more of import that an untrained house need not wait for

        return LambdaMart.from_files(self._registry.read(made))


class Exports:
    """Parts of an export over the API: a `ranking.export_asked.Exporter`."""

    def __init__(self, key_of: Callable[[TenantId], "HomeKey"]) -> None:
        self._key_of = key_of

    def told(self, connection: Connection, tenant: TenantId, options: "ExportOptions") -> "Told":
        """The tables there are."""
        from ranking import export_part  # brings Arrow: 30 MB that a server which nobody asks for an export can spare

        return export_part.told(connection, tenant, options)

    def make(self, connection: Connection, tenant: TenantId, asked: "Asked", now: datetime) -> "Part":
        """The next part of a table."""
        from ranking import export_part

        return export_part.make(connection, tenant, self._key_of(tenant), asked, now)


def home_key(house: House, tenant: TenantId | None = None) -> "HomeKey":
    """The key under which people leave the house by pseudonym, and by which what was learned elsewhere is known."""
    from ranking.pseudonyms import HomeKey

    return HomeKey.open(house.settings.artefacts.parent, tenant or house.tenant)


def labels_of(settings: Settings) -> "LabelOptions":
    """The grades that the settings ask for, also where there is no database."""
    from ranking.dataset import LabelOptions, regraded

    given = settings.grades
    try:
        return LabelOptions(grades=regraded(given.split(",") if given else []))
    except Invalid as error:
        raise Invalid(f"SLUIS_GRADES: {error}") from error


def open_house(settings: Settings | None = None) -> House:
    """Open the database, and bring it up to date where it is the embedded one, which nobody else administers."""
    settings = settings or read_settings()
    database = Database(settings.database)
    if database.is_sqlite:
        prepare(database, settings)
    else:
        schema.require_current(database)
    return House(settings, database.of(TenantId(settings.tenant)))


def prepare(database: Database, settings: Settings) -> None:
    """Make or migrate the tables, and the tenant."""
    tenant = TenantId(settings.tenant)
    schema.upgrade(database)
    with database.of(tenant).write() as connection:
        tenants.ensure(connection, tenant, settings.tenant, utcnow())
