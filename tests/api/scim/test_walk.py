"""The conformance walk: `scim2_tester` asks a running server for everything that its schemas promise."""

import uuid

import scim2_tester.filling
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server
from starlette.testclient import TestClient

from catalog.keys import Scope

FINE = {Status.SUCCESS, Status.COMPLIANT, Status.SKIPPED}
ON_PURPOSE = {"check_remove_attribute: PATCH modify() did not remove attribute 'active'"}
"""Whether somebody is active is never left open: taken away, it stays as it was."""


def test_whatever_the_schemas_promise_is_kept(world, monkeypatch):
    example = scim2_tester.filling.get_random_example_value

    def addressed(path):
        """A user name of ours is an address where no other is told; the walk would take any word."""
        return f"{uuid.uuid4()}@acme.example" if str(path).endswith("userName") else example(path)

    monkeypatch.setattr(scim2_tester.filling, "get_random_example_value", addressed)
    client = TestClient(world.client.app, base_url="http://acme.example/scim/v2", headers=world.header(Scope.PEOPLE))
    results = check_server(SyncSCIMClient(client))
    wrong = {f"{each.title}: {each.reason}" for each in results if each.status not in FINE}
    assert wrong == ON_PURPOSE
    assert len(results) > 70
