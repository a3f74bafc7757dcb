"""A ranker on its way home: whole, sealed, and of features that there are."""

import json

import pytest

from catalog.errors import ArtefactMismatch, Conflict
from models import handover
from models.ranker import LambdaMart
from tests.make import NOW
from tests.models.test_trees import FEATURES, learned

KEY = b"k" * 32


@pytest.fixture(scope="module")
def ranker():
    return LambdaMart(FEATURES, learned())


def written(folder, ranker, key=KEY, **facts):
    told = {"name": ranker.name, "features": list(ranker.features)} | facts
    handover.write(folder / "there", ranker, told, {"test.ndcg": 0.5}, "e1", key, NOW)
    return folder / "there"


def read(folder):
    return handover.read(folder, {"e1": KEY}.__getitem__)


def test_what_was_written_is_read_back(tmp_path, ranker):
    made, files, again = read(written(tmp_path, ranker))
    assert files == ranker.to_files()
    assert (again.name, made.facts["export"], made.metrics, made.created_at) == (
        ranker.name,
        "e1",
        {"test.ndcg": 0.5},
        NOW,
    )
    with pytest.raises(Conflict, match="exists already"):
        written(tmp_path, ranker)


@pytest.mark.parametrize(
    "facts",
    [{"name": "lambdamart-0"}, {"features": ["age", "pace", "affinity"]}, {"features": "age"}, {"features": None}],
)
def test_a_manifest_of_another_ranker_is_refused_even_with_a_seal(tmp_path, ranker, facts):
    with pytest.raises(ArtefactMismatch, match="sluis train --data"):
        read(written(tmp_path, ranker, **facts))


def test_only_the_key_of_its_export_opens_it(tmp_path, ranker):
    with pytest.raises(ArtefactMismatch, match="not learned from an export of this organisation"):
        read(written(tmp_path, ranker, key=b"x" * 32))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"facts": {"export": "e2"}}', b" " * 1_000_001]
)
def test_a_manifest_that_is_none_is_refused(tmp_path, ranker, content):
    there = written(tmp_path, ranker)
    (there / handover.MANIFEST).write_bytes(content)
    with pytest.raises(ArtefactMismatch):
        read(there)


def test_further_files_are_none_of_it(tmp_path, ranker):
    there = written(tmp_path, ranker)
    told = json.loads((there / handover.MANIFEST).read_bytes())
    told["files"]["more.txt"] = "0" * 64
    content = json.dumps(told).encode()
    (there / handover.MANIFEST).write_bytes(content)
    (there / handover.SEAL).write_text(handover._seal(KEY, content))
    with pytest.raises(ArtefactMismatch, match="holds no ranker"):
        read(there)
