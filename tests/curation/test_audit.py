"""The audit of isolation: a page at a time, every violation counted, the first ones told."""

import pytest

from catalog import people, slates
from catalog.ids import TenantId
from curation import audit
from tests import make
from tests.make import NOW

PAGE = 4


@pytest.fixture
def connection(database, monkeypatch):
    monkeypatch.setattr(slates, "_PAGE", PAGE)
    with database.write() as opened:
        yield opened


@pytest.fixture
def served(connection, tenant):
    """Slates of one person, of as many articles as their number, the odd ones with one for somebody else."""
    person = make.employee("sales")
    people.upsert(connection, tenant, [person])
    mine = [make.store_live(connection, tenant, make.audience("sales"), seed=seed).id for seed in range(3)]
    other = make.store_live(connection, tenant, make.audience("hr"), seed=9).id
    made = [make.slate(person.id, mine[: n % 4] + [other] * (n % 2)) for n in range(2 * PAGE + 1)]
    for slate in made:
        slates.save(connection, tenant, slate)
    return made


def test_offers_are_all_slates_whatever_the_page(connection, tenant, served):
    found = list(slates.offers(connection, tenant))
    assert [offer.slate_id for offer in found] == sorted(slate.id for slate in served)
    by_id = {slate.id: slate for slate in served}
    for offer in found:
        slate = by_id[offer.slate_id]
        assert offer.articles == tuple(item.article_id for item in slate.items)
        assert (offer.axes, offer.hard_axes, offer.created_at) == (slate.axes, slate.hard_axes, NOW)


def test_all_are_counted_and_the_first_are_told(connection, tenant, served, monkeypatch):
    monkeypatch.setattr(audit, "MOST", 3)
    heard = []
    found = audit.isolation(connection, tenant, heard.append)
    assert (found.slates, found.items) == (len(served), sum(len(slate.items) for slate in served))
    assert (found.broken, len(found.violations), sum(heard)) == (PAGE, 3, len(served))


def test_of_another_organisation_nothing_is_read(connection, served):
    assert audit.isolation(connection, TenantId("other")).slates == 0
