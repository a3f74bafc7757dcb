"""Slates as a ranker learns from them are those that were logged, bit for bit."""

from dataclasses import replace
from datetime import timedelta

from catalog import slates
from catalog.database import Database
from catalog.ids import TenantId
from catalog.records import Slate
from catalog.slates import Logged
from tests import make


def told(one: Logged) -> tuple[object, ...]:
    """All of it, with the bits of its features: what is not a number is no reason to call two alike."""
    fields = (one.id, one.employee_id, one.created_at, one.functions, one.feature_names)
    return (*fields, one.articles, one.positions, one.propensities, one.features.shape, one.features.tobytes())


def test_what_is_learned_from_is_what_was_logged(database: Database, tenant: TenantId, monkeypatch) -> None:
    monkeypatch.setattr(slates, "_PAGE", 2)
    person = make.employee("sales", "legal")
    with database.write() as connection:
        articles = [make.store_live(connection, tenant, None, seed=seed).id for seed in range(3)]
    offered = list[Slate]()
    for number, size in enumerate((3, 0, 1, 2, 3)):
        names = ("first", "second") if number % 2 else ("second", "third", "fourth")
        slate = make.slate(person.id, articles[:size])
        values = (0.1 + number, float("nan"), -0.0)[: len(names)]
        items = tuple(replace(item, features=tuple(value * item.position for value in values)) for item in slate.items)
        at = make.NOW - timedelta(hours=number)
        offered.append(replace(slate, created_at=at, axes=person.axes, feature_names=names, items=items))
    with database.write() as connection:
        for slate in offered:
            make.store_slate(connection, tenant, person, slate)
    with database.read() as connection:
        found = list(slates.logged(connection, tenant))
        whole = list(slates.every(connection, tenant))
    by_id = {one.id: told(one) for one in found}
    assert len(found) == len(offered)
    assert by_id == {slate.id: told(Logged.of(slate)) for slate in offered}
    assert by_id == {slate.id: told(Logged.of(slate)) for slate in whole}


def test_nothing_of_another_tenant(database: Database, tenant: TenantId) -> None:
    person = make.employee("sales")
    with database.write() as connection:
        article = make.store_live(connection, tenant, None)
        make.store_slate(connection, tenant, person, make.slate(person.id, [article.id]))
        assert len(list(slates.logged(connection, tenant))) == 1
        assert not list(slates.logged(connection, TenantId("somebody else")))
