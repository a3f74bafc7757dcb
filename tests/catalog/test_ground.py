"""The rest of the ground: schema, people, keys, sources, records, taxonomy. What stores runs on both databases."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from catalog import audiences, keys, people, schema, taxonomy, tenants
from catalog.database import Database
from catalog.errors import Busy, Invalid, NotFound, Unauthorised, Unavailable
from catalog.keys import Scope
from catalog.people import UnknownEmployee
from catalog.records import AXES, Audience, Tag, Tenant
from catalog.taxonomy import EVERYONE, NobodysFunction, UnknownConcept
from tests import make
from tests.conftest import TENANT
from tests.make import NOW


def test_migrations_make_the_tables_that_the_code_knows(database):
    with database.read() as connection:
        assert schema.drift(connection) == []
    schema.require_current(database)


def test_an_empty_database_names_the_remedy(tmp_path):
    with pytest.raises(Unavailable, match="sluis init"):
        schema.require_current(Database(f"sqlite:///{tmp_path / 'none.db'}"))


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y"])
def test_an_address_that_is_no_database_is_refused(url):
    with pytest.raises(Invalid, match="sqlite:///PATH"):
        Database(url)


def test_a_failed_block_leaves_nothing_behind(database, tenant):
    with pytest.raises(RuntimeError), database.write() as connection:
        people.upsert(connection, tenant, [make.employee("sales")])
        raise RuntimeError
    with database.read() as connection:
        assert people.every(connection, tenant) == []


def test_threads_that_write_wait_in_line_and_not_for_ever(sqlite_template, tmp_path, monkeypatch):
    path = tmp_path / "one.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with ThreadPoolExecutor(1) as elsewhere:
        with database.write():
            monkeypatch.setattr("catalog.database.BUSY_SECONDS", 0.01)
            with pytest.raises(Busy, match="again later"):
                elsewhere.submit(lambda: database.of(TENANT).write().__enter__()).result()
        monkeypatch.undo()
        elsewhere.submit(_add_one, database, "sales").result()
        _add_one(database, "engineering")
    with database.read() as connection:
        assert len(people.every(connection, TENANT)) == 2
    database.close()


def _add_one(database, function):
    with database.write() as connection:
        tenants.ensure(connection, TENANT, "A", NOW)
        people.upsert(connection, TENANT, [make.employee(function)])


def test_importing_again_updates_in_place(database, tenant):
    first = make.employee("sales", email="a@acme.example")
    with database.write() as connection:
        assert people.upsert(connection, tenant, [first]) == (1, 0)
        changed = make.employee("engineering", email="a@acme.example", name="New Name", opted_in=False)
        assert people.upsert(connection, tenant, [changed]) == (0, 1)
        found = people.by_email(connection, tenant, " A@acme.example ")
    assert (found.id, found.name, found.opted_in) == (first.id, "New Name", False)
    assert found.axes["function"] == {"engineering"}


def test_an_unknown_employee_is_named(database, tenant):
    with database.read() as connection:
        with pytest.raises(UnknownEmployee, match="people list"):
            people.get(connection, tenant, "nobody")
        with pytest.raises(UnknownEmployee, match="people list"):
            people.by_email(connection, tenant, "no@body.example")


def test_the_check_on_outgoing_slates_is_closed_by_default(database, tenant):
    seller, nobody = make.employee("sales"), make.employee()
    with database.write() as connection:
        people.upsert(connection, tenant, [seller, nobody])
        meant = make.store_live(connection, tenant, make.audience("sales"), seed=1).id
        everybody = make.store_live(connection, tenant, make.audience("*"), seed=2).id
        without = make.store_live(connection, tenant, None, seed=3).id
        later = make.store_live(connection, tenant, make.audience("*"), seed=4, live_from=NOW + timedelta(days=1)).id
        asked = [meant, everybody, without, later]
        assert audiences.violations(connection, tenant, seller.id, asked, ("function",), NOW) == [without, later]
        assert audiences.violations(connection, tenant, nobody.id, asked, ("function",), NOW) == [meant, without, later]
        assert audiences.violations(connection, tenant, seller.id, asked, ("function", "unit"), NOW) == asked


def test_a_key_opens_until_it_is_revoked_or_expires(database, tenant):
    with database.write() as connection:
        text = keys.create(connection, tenant, "demo", frozenset({Scope.RECOMMEND}), NOW, NOW + timedelta(days=1)).text
    with database.write() as connection:
        key = keys.authenticate(connection, text, NOW)
        assert (key.tenant, key.scopes) == (tenant, {Scope.RECOMMEND})
        for wrong in ("", "sluis_", text[:-1], text + "x", "sluis_000000000000_secret", f"x{text}y"):
            with pytest.raises(Unauthorised):
                keys.authenticate(connection, wrong, NOW)
        with pytest.raises(Unauthorised):
            keys.authenticate(connection, text, NOW + timedelta(days=1))
        keys.revoke(connection, tenant, key.prefix, NOW)
        with pytest.raises(Unauthorised):
            keys.authenticate(connection, text, NOW)
        secret = text.split("_", 2)[2]  # which may have more of them
        assert len(secret) == 43
        assert secret not in repr(keys.every(connection, tenant))


def test_function_is_always_a_hard_axis(database, tenant):
    with pytest.raises(ValueError, match="function"):
        Tenant("x", ("unit",))
    with database.write() as connection:
        tenants.set_hard_axes(connection, tenant, ("function", "unit"))
        assert tenants.get(connection, tenant).hard_axes == ("function", "unit")
        with pytest.raises(NotFound, match="sluis init"):
            tenants.get(connection, "nobody")


def test_impossible_values_are_refused():
    with pytest.raises(ValueError, match="unknown axis"):
        Audience({"shoe-size": frozenset({"43"})})
    with pytest.raises(ValueError, match="not both"):
        Audience({"function": frozenset({"*", "sales"})})
    with pytest.raises(ValueError, match="0..1"):
        Tag("topic", "labour", 1.5)
    with pytest.raises(ValueError, match="aware"):
        make.article(published_at=NOW.replace(tzinfo=None))


TOPS = 17
WANTED = {"function": (21, 12), "kind": (8, 4), "good_for": (4, 4)}


def test_the_shipped_vocabulary_keeps_what_it_promises():
    facets = taxonomy.load().facets
    assert len([c for c in facets["topic"].values() if c.parent is None]) == TOPS
    assert all(c.codes and c.codes[0].startswith("medtop:") for c in facets["topic"].values())
    assert [c.codes for c in facets["industry"].values() if c.parent is None] == [
        (f"nace:{letter}",) for letter in "ABCDEFGHIJKLMNOPQRSTUV"
    ]
    for facet, (count, examples) in WANTED.items():
        assert len(facets[facet]) == count
        assert all(len(c.examples[lang]) >= examples for c in facets[facet].values() for lang in ("nl", "en"))
    for facet in ("topic", "industry"):
        for concept in facets[facet].values():
            least = 8 if concept.parent is None else 4
            assert all(len(concept.examples[lang]) >= least for lang in ("nl", "en")), concept.id


def test_nobody_has_the_function_everyone():
    shipped = taxonomy.load()
    assert shipped.concept("function", EVERYONE).codes == ()  # so no standard counts anybody as that
    assert shipped.require_values("function", ["sales"]) == {"sales"}
    with pytest.raises(NobodysFunction, match=r"function=\*"):
        shipped.require_values("function", ["sales", EVERYONE])


def test_portraits_are_in_both_languages_of_every_function_and_industry():
    for facet in ("function", "industry"):
        for concept in taxonomy.load().facets[facet].values():
            assert concept.id == EVERYONE or all(concept.portraits[lang] for lang in ("nl", "en")), concept.id


def test_no_headline_is_there_twice():
    seen: dict[str, str] = {}
    for facet, concepts in taxonomy.load().facets.items():
        for concept in concepts.values():
            for headline in (h for lang in ("nl", "en") for h in concept.examples[lang]):
                assert headline not in seen, f"{headline!r}: {facet}:{concept.id} and {seen[headline]}"
                seen[headline] = f"{facet}:{concept.id}"


def test_isco_codes_lead_to_one_function():
    codes = [code for concept in taxonomy.load().facets["function"].values() for code in concept.codes]
    assert len(codes) == len(set(codes))
    assert all(code.startswith("isco:") for code in codes)


def test_an_unknown_concept_is_answered_with_near_ones():
    with pytest.raises(UnknownConcept, match="near to it are sales"):
        taxonomy.load().concept("function", "salez")
    with pytest.raises(UnknownConcept, match="use one of topic, function"):
        taxonomy.load().concept("shoe", "x")


def test_axes_have_room_in_the_database():
    assert max(map(len, AXES)) <= 16
