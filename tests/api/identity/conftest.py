"""The application of the other tests, with an identity provider beside it that one organisation believes."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import pytest

from api.identity import published
from api.identity.keyring import Keyring
from catalog import providers
from tests import make, provider
from tests.make import NOW


@dataclass
class Moment:
    """The clock of the application."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def idp():
    with provider.running() as found:
        yield found


@pytest.fixture
def believe(world, idp):
    """Make this provider known, to the organisation of the tests or another one."""

    def add(tenant=world.tenant, **given):
        made = make.provider(tenant, given.pop("issuer", idp.issuer), **given)
        with world.database.of(tenant).write() as connection:
            providers.add(connection, made)
        return made

    return add


@pytest.fixture
def clock(world, idp):
    moment = Moment()
    keyring = Keyring(partial(published.keys, allow=idp.allow))
    app = world.client.app
    app.state.services = replace(app.state.services, keyring=keyring, clock=moment)
    return moment


@pytest.fixture
def ask(world, clock):
    """Ask with a token for somebody's feed, or for something else."""

    def send(token, path=None, method="GET", headers=None, **more):
        header = {"Authorization": f"Bearer {token}"} | (headers or {})
        return world.client.request(method, path or f"/v1/employees/{world.seller.id}/feed", headers=header, **more)

    return send
