"""Artefacts are whole, signed by this installation, and one of each kind is in use."""

from datetime import timedelta
from stat import S_IMODE

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import ArtefactMismatch, Conflict, Invalid, NotFound
from models.manifest import RANKER, TAGGERS, Manifest
from models.registry import Registry
from tests import dying
from tests.make import NOW

FILES = {"model.txt": b"tree", "facts.json": b"{}"}


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "artefacts")


def add(registry, minutes=0, files=FILES, **metrics):
    facts = {"features": ["age", "affinity"], "encoder": "e" * 64}
    return registry.add(RANKER, files, facts=facts, metrics=metrics, now=NOW + timedelta(minutes=minutes))


def test_what_is_added_can_be_read_back(registry):
    made = add(registry, ndcg=0.41)
    again = Registry(registry.root)
    assert again.manifests(RANKER) == [made]
    assert again.get(RANKER, made.name) == made
    assert again.read(made) == FILES
    assert (made.facts["features"], made.metrics["ndcg"]) == (["age", "affinity"], 0.41)


def test_a_name_says_kind_and_moment(registry):
    assert add(registry).name.startswith("ranker-20260302-0900-")


def test_manifests_stand_in_order_of_creation(registry):
    late, early = add(registry, minutes=5), add(registry)
    assert registry.manifests(RANKER) == [early, late]
    assert registry.manifests(TAGGERS) == []


def test_nothing_is_in_use_until_it_is_promoted(registry):
    made = add(registry)
    assert registry.current(RANKER) is None
    assert registry.promote(RANKER, made.name) == made
    assert registry.current(RANKER) == made
    assert registry.current(TAGGERS) is None


def test_rollback_goes_one_back_each_time(registry):
    first, second, third = (add(registry, minutes) for minutes in range(3))
    for made in (first, second, second, third):
        registry.promote(RANKER, made.name)
    assert registry.rollback(RANKER) == second
    assert registry.rollback(RANKER) == first
    with pytest.raises(Conflict, match="no earlier ranker"):
        registry.rollback(RANKER)
    assert registry.current(RANKER) == first


def test_there_is_nothing_to_go_back_to_at_first(registry):
    with pytest.raises(Conflict):
        registry.rollback(RANKER)


@pytest.mark.parametrize("file", ["model.txt", "facts.json", "manifest.json", "manifest.sig"])
def test_one_changed_byte_is_refused(registry, file):
    made = add(registry)
    path = registry.root / RANKER / made.name / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtefactMismatch, match="sluis train"):
        registry.read(made)
    with pytest.raises(ArtefactMismatch, match="sluis train"):
        registry.promote(RANKER, made.name)
    assert registry.current(RANKER) is None


def test_a_missing_file_is_refused(registry):
    made = add(registry)
    (registry.root / RANKER / made.name / "model.txt").unlink()
    with pytest.raises(ArtefactMismatch, match="not complete"):
        registry.read(made)


def test_a_file_that_cannot_be_read_is_said_as_a_mismatch_and_not_as_a_crash(registry):
    made = add(registry)
    registry.promote(RANKER, made.name)
    folder = registry.root / RANKER / made.name
    (file, *_) = made.files
    (folder / file).unlink()
    (folder / file).mkdir()
    with pytest.raises(ArtefactMismatch, match="cannot be read"):
        registry.read(made)
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").mkdir()
    with pytest.raises(ArtefactMismatch, match="cannot be read"):
        registry.current(RANKER)
    (registry.root / RANKER / "CURRENT").unlink()
    (registry.root / RANKER / "CURRENT").mkdir()
    with pytest.raises(ArtefactMismatch, match="cannot be found"):
        registry.current(RANKER)


def test_an_artefact_of_another_installation_is_refused(registry, tmp_path):
    registry.promote(RANKER, add(registry).name)
    (tmp_path / "signing.key").unlink()
    with pytest.raises(ArtefactMismatch, match=r"signing\.key"):
        registry.current(RANKER)
    made = add(registry, minutes=1)  # makes another key
    assert registry.read(made) == FILES
    with pytest.raises(ArtefactMismatch, match="not signed by this installation"):
        registry.current(RANKER)


def test_an_artefact_under_another_name_is_refused(registry):
    made = add(registry)
    folder = registry.root / RANKER
    (folder / made.name).rename(folder / "ranker-better")
    with pytest.raises(ArtefactMismatch, match="holds the artefact"):
        registry.get(RANKER, "ranker-better")


def test_the_key_is_private_and_made_once(registry, tmp_path):
    add(registry)
    key = (tmp_path / "signing.key").read_bytes()
    add(registry)
    assert (tmp_path / "signing.key").read_bytes() == key
    assert S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600


NAMES = ["../../etc", "..", "", ".", "a/b", "a\\b", ".draft-1", "Ranker", "ranker\n", "x" * 101, "a\0b"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_refused(registry, name):
    for ask in (registry.get, registry.promote):
        with pytest.raises(Invalid, match="cannot be the name"):
            ask(RANKER, name)
    for ask in (registry.manifests, registry.current, registry.rollback):
        with pytest.raises(Invalid, match="no kind"):
            ask(name)


@pytest.mark.parametrize("file", ["../model.txt", "", ".hidden", "a/b", "a b"])
def test_a_file_that_lies_elsewhere_is_refused(registry, file):
    with pytest.raises(Invalid, match="cannot be a file"):
        add(registry, files={file: b""})
    assert not registry.root.exists()


def test_an_unknown_name_is_not_found(registry):
    add(registry)
    with pytest.raises(NotFound, match="sluis models list"):
        registry.promote(RANKER, "ranker-20260302-0900-ffff0")


@pytest.mark.parametrize("value", [float("nan"), b"bytes", {1, 2}])
def test_facts_and_metrics_must_be_plain(registry, value):
    with pytest.raises(Invalid, match="plain JSON"):
        add(registry, figure=value)
    assert not (registry.root / RANKER).exists()


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(), PLAIN, max_size=4), st.dictionaries(st.text(), st.floats(-1, 1) | st.text(), max_size=4)
)
def test_a_manifest_survives_its_own_spelling(facts, metrics):
    manifest = Manifest(RANKER, "ranker-1", NOW, {"model.txt": "a" * 64}, facts, metrics)
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


KILLED = """
from datetime import UTC, datetime
from models.registry import Registry
Registry(Path(sys.argv[1])).add("ranker", {"a": b"1", "b": b"2"}, facts={}, metrics={}, now=datetime.now(UTC))
"""


@pytest.mark.parametrize("step", [0, 1, 2, 4, 6, 7])
def test_killed_while_adding_leaves_no_half_artefact(registry, step):
    assert dying.run(KILLED, registry.root, step) != 0
    assert [registry.read(made) for made in registry.manifests(RANKER)] in ([], [{"a": b"1", "b": b"2"}])
    registry.promote(RANKER, add(registry).name)
