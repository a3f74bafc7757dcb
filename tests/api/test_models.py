"""What was learned, told to whoever may know."""

from dataclasses import replace

from starlette.testclient import TestClient

from api.app import create_app
from catalog.keys import Scope
from models.manifest import RANKER
from models.registry import Registry
from tests.make import NOW


def test_models_are_listed_with_the_one_in_use(world, tmp_path):
    registry = Registry(tmp_path / "artefacts")
    first, second = (
        registry.add(RANKER, {"x.txt": b"x"}, facts={"secret": "fact"}, metrics={"ndcg": number}, now=NOW)
        for number in (0.5, 0.75)
    )
    registry.promote(RANKER, first.name)
    client = TestClient(create_app(replace(world.client.app.state.services, models=registry.every)))
    answer = client.get("/v1/models", headers=world.header(Scope.MODELS))
    told = {each["name"]: (each["kind"], each["in_use"], each["metrics"]) for each in answer.json()["items"]}
    assert told == {first.name: ("ranker", True, {"ndcg": 0.5}), second.name: ("ranker", False, {"ndcg": 0.75})}
    assert "secret" not in answer.text
    assert client.get("/v1/models", headers=world.header(Scope.ADMIN)).status_code == 403


def test_nothing_learned_is_an_empty_list(world):
    assert world.client.get("/v1/models", headers=world.header(Scope.MODELS)).json() == {"items": []}
