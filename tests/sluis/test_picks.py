"""`sluis picks …`: a person's morning on the command line."""

import json

import pytest

from catalog import people, tenants
from catalog.clock import utcnow
from tests import make

EVERY_DAY = "mon,tue,wed,thu,fri,sat,sun"


@pytest.fixture
def seller(shell):
    """Somebody who takes part, with two articles to choose from."""
    shell("init")
    person = make.employee("sales", email="ann@acme.example")
    with shell.database.write() as connection:
        tenants.set_encoder(connection, shell.tenant, make.ENCODER)
        people.upsert(connection, shell.tenant, [person])
        for seed, title in enumerate(("Quotes in a day", "Locks that open by themselves")):
            now = utcnow()
            make.store_live(connection, shell.tenant, make.audience("sales"), seed=seed, title=title, published_at=now)
    return person


def test_picks_are_made_once_and_shown_with_their_reasons(shell, seller):
    assert "gets picks on" in shell("people", "picks", seller.email, "--days", EVERY_DAY)
    assert "No picks of this day" in shell("picks", "show", seller.email)
    assert "1 people have new picks, 0 had theirs" in shell("picks", "make")
    assert "0 people have new picks, 1 had theirs" in shell("picks", "make")
    shown = shell("picks", "show", seller.email, "--language", "nl")
    assert "Quotes in a day" in shown
    assert "Locks that open by themselves" in shown
    told = json.loads(shell("picks", "show", seller.email, "--json"))
    assert [item["position"] for item in told["items"]] == [1, 2]


def test_who_wants_none_gets_none(shell, seller):
    shell("people", "picks", seller.email, "--days", "none")
    assert json.loads(shell("picks", "make", "--json")) == {"made": 0, "without": 0, "standing": 0}
    assert "'someday' is no day of the week" in shell.fails("people", "picks", seller.email, "--days", "mon,someday")
    assert "mistyped@acme.example" in shell.fails("picks", "show", "mistyped@acme.example")
