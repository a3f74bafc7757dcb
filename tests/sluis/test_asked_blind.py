"""What a curator who is asked blind sees on the command line: everything but what the machine thinks."""

import json

import pytest

from catalog import articles, audits, tenants
from catalog.audits import Audit
from catalog.records import Origin, State, Tag
from curation.policy import PolicyOptions
from curation.review import Desk
from sluis.wiring import open_house
from tests import make
from tests.make import NOW


@pytest.fixture
def asked(shell):
    """One that the machine let through, and that is asked about."""
    house = open_house()
    with house.database.write() as connection:
        tenants.set_certifying(connection, house.tenant, NOW, "Anne")
        stored = make.store_live(connection, house.tenant, None, title="A lock that opens by itself")
        tags = [Tag("function", "sales", 0.97, tagger="t"), Tag("topic", "economy", 0.9, tagger="t")]
        articles.replace_tags(connection, house.tenant, stored.id, tags)
        articles.move(connection, house.tenant, stored, State.TAGGED, live_from=None)
        Desk(connection, house.tenant, NOW).route_tagged(PolicyOptions())
        audits.draw(connection, house.tenant, Audit(stored.id, stored.revision, "en", NOW))
    return stored.id


def test_neither_the_audience_nor_its_tags_nor_the_decision_of_the_machine_is_shown(shell, asked):
    shown = shell("review", "show", asked)
    assert "asked blind" in shown
    assert "economy" in shown.lower()
    told = json.loads(shell("review", "show", asked, "--json"))
    listed = shell("review", "list")
    assert "? (asked blind)" in listed
    for page in (shown, json.dumps(told), listed):
        assert "sales" not in page.lower()
    assert told["entry"]["article"]["state"] == State.IN_REVIEW
    assert [each for each in told["decisions"] if each["actor"] == Origin.MACHINE] == []


def test_once_answered_all_is_told(shell, asked):
    assert "asked blind" in shell.fails("review", "approve", asked, "--by", "Anne")
    shell("review", "approve", asked, "--by", "Anne", "--audience", "function=legal-compliance")
    shown = shell("review", "show", asked)
    assert "asked blind" not in shown
    assert "sales" in shown.lower()
