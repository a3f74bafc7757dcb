"""The API keeps to its own description, whatever it is asked: no 500, no status and no body that is not documented."""

import os
from dataclasses import replace

import pytest

from api.app import create_app
from catalog.keys import Scope
from ingest.remote import Told
from tests.api.contract import fuzz
from tests.vocabulary import ENCODER, TEXT, taggers

CPU_SECONDS = 90.0
"""Of each of the two databases."""


@pytest.fixture
def ask(world):
    """Asks every operation, with ids that exist and ids that do not, for so many seconds."""
    slate = world.feed(world.seller).json()
    real = {
        "employee_id": [world.seller.id, world.engineer.id],
        "article_id": [article.id for article in world.meant.values()],
        "slate_id": [slate["slate_id"]],
    }
    fitted = taggers()
    elsewhere = {"taggers": lambda: fitted, "encoder": lambda: ENCODER, "read": lambda url: Told("A page", "", TEXT)}
    app = create_app(replace(world.client.app.state.services, **elsewhere))
    return lambda seconds, seed: fuzz(app, world.header(*Scope), real, seconds, seed)


@pytest.mark.long
def test_no_request_gets_an_answer_that_is_not_documented(ask):
    assert ask(CPU_SECONDS, 0)


@pytest.mark.soak
def test_nor_does_it_in_half_an_hour(ask):
    minutes, seed = float(os.environ.get("SOAK_CPU_MINUTES", "30")), int(os.environ.get("SOAK_SEED", "1000"))
    assert ask(30 * minutes, seed)
