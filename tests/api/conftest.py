"""A running application over a real database, with a few people, articles and keys."""

from dataclasses import dataclass
from functools import partial

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.dependencies import Services
from catalog import keys, people, taxonomy, tenants
from catalog.database import Database
from catalog.ids import TenantId
from catalog.keys import Scope
from catalog.records import Article, Employee
from catalog.vocabulary import Vocabularies
from curation.librarian import Librarian
from models.certificate import CertificateOptions
from models.hashing import HashingEncoder
from models.heuristic import HeuristicRanker
from models.registry import Registry
from ranking.config import RankingOptions
from ranking.feed import FeedService
from ranking.pseudonyms import HomeKey
from sluis.settings import Settings
from sluis.wiring import Exports, House
from tests import make
from tests.make import NOW


@dataclass
class World:
    """What the tests talk about."""

    client: TestClient
    database: Database
    tenant: TenantId
    seller: Employee
    engineer: Employee
    meant: dict[str, Article]

    def header(self, *scopes: Scope) -> dict[str, str]:
        with self.database.write() as connection:
            key = keys.create(connection, self.tenant, "test", frozenset(scopes), NOW).text
        return {"Authorization": f"Bearer {key}"}

    def feed(self, person: Employee, **query):
        path = f"/v1/employees/{person.id}/feed"
        return self.client.get(path, params=query, headers=self.header(Scope.RECOMMEND))


@pytest.fixture
def world(nobodys, tenant, tmp_path):
    database = nobodys.of(tenant)
    seller, engineer = make.employee("sales"), make.employee("engineering")
    with database.write() as connection:
        people.upsert(connection, tenant, [seller, engineer])
        tenants.set_encoder(connection, tenant, make.ENCODER)
        meant = {
            name: make.store_live(connection, tenant, make.audience(name), seed=seed, title=f"For {name}")
            for seed, name in enumerate(("sales", "engineering", "*"))
        }
    services = Services(
        database=nobodys,
        taxonomy=Vocabularies(taxonomy.load()).taxonomy,
        clock=lambda: NOW,
        feeds={tenant: FeedService(tenant, HeuristicRanker, RankingOptions())}.__getitem__,
        taggers=lambda: None,
        encoder=HashingEncoder,
        read={}.__getitem__,
        certificates=CertificateOptions(),
        librarians={tenant: Librarian(tenant, encoder=None)}.__getitem__,
        exporter=Exports(partial(HomeKey, b"k" * 32)),
        registry=Registry(tmp_path / "artefacts"),
        is_alone=House(Settings(tenant=tenant), database).is_alone,
    )
    client = TestClient(create_app(services), raise_server_exceptions=False)
    return World(client, database, tenant, seller, engineer, meant)
